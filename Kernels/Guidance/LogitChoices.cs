namespace Managed.Kernels.Guidance;

/// <summary>A row's choice of the next token: of its logits, after its stages, the greatest; or the list of the greatest, to draw from.</summary>
/// <param name="Row">Where its logits stand in the step's.</param>
/// <param name="FirstStage">The first of its stages in <see cref="LogitChoices.Stages"/>.</param>
/// <param name="StageCount">How many it has.</param>
/// <param name="Listed">Tokens that the list has at least; 0: the greatest alone is wanted.</param>
internal readonly record struct LogitChoice(int Row, int FirstStage, int StageCount, int Listed);

/// <summary>
/// The choices of a step as flat tables, to be made wherever the logits lie. A stage's lane is a row of the step's logits here. Kept from
/// step to step, so that nothing is allocated.
/// </summary>
internal sealed class LogitChoices
{
    /// <summary>Most tokens that a list may be asked for.</summary>
    public const int MostListed = 64;

    private readonly Dictionary<int[], int> known = []; // where a guard's tokens begin in ids
    private LogitChoice[] choices = new LogitChoice[1];
    private LogitStage[] stages = [];
    private int[] ids = [];
    private int[] listedIds = [];
    private float[] listedScores = [];
    private Range[] lists = [];
    private int count, stageCount, idCount, listedCount;

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
        count = stageCount = idCount = listedCount = 0;
        HasLists = false;
    }

    /// <summary>Whether any choice wants a list.</summary>
    public bool HasLists { get; private set; }

    /// <summary>Begins a choice between a row's logits.</summary>
    /// <param name="row">The row.</param>
    /// <param name="listed">Tokens that are wanted, to draw from; 0: the greatest alone.</param>
    public void Begin(int row, int listed = 0)
    {
        HasLists |= listed > 0;
        if (count == choices.Length)
            Array.Resize(ref choices, 2 * count);
        choices[count++] = new LogitChoice(row, stageCount, 0, listed);
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

    /// <summary>
    /// A choice's list, once it was made: the tokens that lead and whatever equals the last of them, in no promised order.
    /// </summary>
    public TokenList ListOf(int choice) => new(listedIds.AsSpan(lists[choice]), listedScores.AsSpan(lists[choice]));

    /// <summary>Begins a choice's list; its tokens follow.</summary>
    public void BeginList(int choice)
    {
        if (lists.Length < count)
            Array.Resize(ref lists, count);
        lists[choice] = listedCount..listedCount;
    }

    /// <summary>Puts a token on a choice's list, the one begun last.</summary>
    public void List(int choice, int id, float score)
    {
        if (listedCount == listedIds.Length)
        {
            Array.Resize(ref listedIds, Math.Max(256, 2 * listedCount));
            Array.Resize(ref listedScores, listedIds.Length);
        }
        (listedIds[listedCount], listedScores[listedCount]) = (id, score);
        lists[choice] = lists[choice].Start..++listedCount;
    }
}

/// <summary>Tokens and their scores.</summary>
internal readonly ref struct TokenList(ReadOnlySpan<int> ids, ReadOnlySpan<float> scores)
{
    public ReadOnlySpan<int> Ids { get; } = ids;

    public ReadOnlySpan<float> Scores { get; } = scores;
}
