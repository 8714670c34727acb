namespace Managed.Kernels.Guidance;

/// <summary>A row's choice of the next token: of its logits, after its stages, the greatest.</summary>
/// <param name="Row">Where its logits stand in the step's.</param>
/// <param name="FirstStage">The first of its stages in <see cref="LogitChoices.Stages"/>.</param>
/// <param name="StageCount">How many it has.</param>
internal readonly record struct LogitChoice(int Row, int FirstStage, int StageCount);

/// <summary>
/// The choices of a step as flat tables, to be made wherever the logits lie. A stage's lane is a row of the step's logits here. Kept from
/// step to step, so that nothing is allocated.
/// </summary>
internal sealed class LogitChoices
{
    private readonly Dictionary<int[], int> known = []; // where a guard's tokens begin in ids
    private LogitChoice[] choices = new LogitChoice[1];
    private LogitStage[] stages = [];
    private int[] ids = [];
    private int count, stageCount, idCount;

    /// <summary>The choices.</summary>
    public ReadOnlySpan<LogitChoice> All => choices.AsSpan(0, count);

    /// <summary>Their stages, choice by choice.</summary>
    public ReadOnlySpan<LogitStage> Stages => stages.AsSpan(0, stageCount);

    /// <summary>The tokens that stages name.</summary>
    public ReadOnlySpan<int> Ids => ids.AsSpan(0, idCount);

    public int Count => count;

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        known.Clear();
        count = stageCount = idCount = 0;
    }

    /// <summary>Begins a choice between a row's logits.</summary>
    public void Begin(int row)
    {
        if (count == choices.Length)
            Array.Resize(ref choices, 2 * count);
        choices[count++] = new LogitChoice(row, stageCount, 0);
    }

    /// <summary>Puts a stage behind the newest choice's others.</summary>
    /// <param name="stage">What it does.</param>
    /// <param name="lane">The row of its lane's logits.</param>
    /// <param name="tokens">The list that its tokens are a part of, ascending within the part.</param>
    public void Add(LogitStage stage, int lane, int[] tokens)
    {
        if (!known.TryGetValue(tokens, out int first))
        {
            known[tokens] = first = idCount;
            if (idCount + tokens.Length > ids.Length)
                Array.Resize(ref ids, Math.Max(idCount + tokens.Length, 2 * ids.Length));
            tokens.CopyTo(ids, idCount);
            idCount += tokens.Length;
        }
        if (stageCount == stages.Length)
            Array.Resize(ref stages, Math.Max(4, 2 * stageCount));
        stage.Lane = lane;
        stage.FirstId += first;
        stages[stageCount++] = stage;
        choices[count - 1] = choices[count - 1] with { StageCount = choices[count - 1].StageCount + 1 };
    }
}
