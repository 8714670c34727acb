using System.Runtime.InteropServices;

namespace Managed.Kernels.Guidance;

/// <summary>A row's choice of the next token: of its logits, after its stages, the greatest; or the list of the greatest, to draw from.</summary>
/// <param name="Row">Where its logits stand in the step's.</param>
/// <param name="FirstStage">The first of its stages in <see cref="LogitChoices.Stages"/>.</param>
/// <param name="StageCount">How many it has.</param>
/// <param name="Listed">Tokens that the list has at least; 0: the greatest alone is wanted.</param>
/// <param name="Sharpness">1 / temperature, where the list comes with a sum over all tokens; 0: it does not.</param>
internal readonly record struct LogitChoice(int Row, int FirstStage, int StageCount, int Listed, double Sharpness);

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
    private ListPlace[] lists = [];
    private int count, stageCount, idCount, listedCount;

    // A choice's list: tokens that lead up to `aside`, those that were set aside up to `end`.
    private record struct ListPlace(int Begin, int Aside, int End, double Sum);

    /// <summary>The choices.</summary>
    public ReadOnlySpan<LogitChoice> All => choices.AsSpan(0, count);

    /// <summary>Their stages, choice by choice.</summary>
    public ReadOnlySpan<LogitStage> Stages => stages.AsSpan(0, stageCount);

    /// <summary>The tokens that stages name.</summary>
    public ReadOnlySpan<int> Ids => ids.AsSpan(0, idCount);

    public int Count => count;

    /// <summary>Whether any choice wants a list.</summary>
    public bool HasLists { get; private set; }

    /// <summary>Tokens whose scores are told, of all choices.</summary>
    public int Told { get; private set; }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        known.Clear();
        count = stageCount = idCount = listedCount = Told = 0;
        HasLists = false;
    }

    /// <summary>Begins a choice between a row's logits.</summary>
    /// <param name="row">The row.</param>
    /// <param name="listed">Tokens that are wanted, to draw from; 0: the greatest alone.</param>
    /// <param name="sharpness">1 / temperature, where the sum over all tokens is wanted, too.</param>
    public void Begin(int row, int listed = 0, double sharpness = 0)
    {
        HasLists |= listed > 0;
        if (count == choices.Length)
            Array.Resize(ref choices, 2 * count);
        choices[count++] = new LogitChoice(row, stageCount, 0, listed, sharpness);
    }

    /// <summary>Puts a stage behind the newest choice's others.</summary>
    /// <param name="stage">What it does.</param>
    /// <param name="lane">The row of its lane's logits.</param>
    /// <param name="tokens">The list that its tokens are a part of, ascending within the part.</param>
    public void Add(LogitStage stage, int lane, int[] tokens)
    {
        if (!known.TryGetValue(tokens, out int first))
            known[tokens] = first = Append(tokens);
        stage.Lane = lane;
        stage.FirstId += first;
        Add(stage);
    }

    /// <summary>Leaves the newest choice the tokens whose bit is set; words that are missing count as zero.</summary>
    public void Allow(ReadOnlySpan<ulong> words)
    {
        ReadOnlySpan<int> halves = MemoryMarshal.Cast<ulong, int>(words);
        Add(new LogitStage { Kind = LogitStageKind.Bits, FirstId = Append(halves), IdCount = halves.Length });
    }

    /// <summary>Takes tokens out of the newest choice, which wants a list, and puts their scores behind it.</summary>
    /// <param name="tokens">Ascending, none of them twice.</param>
    public void SetAside(ReadOnlySpan<int> tokens)
    {
        if (tokens.IsEmpty)
            return;
        Add(new LogitStage { Kind = LogitStageKind.Aside, FirstId = Append(tokens), IdCount = tokens.Length, FirstTold = Told });
        Told += tokens.Length;
    }

    private void Add(in LogitStage stage)
    {
        if (stageCount == stages.Length)
            Array.Resize(ref stages, Math.Max(4, 2 * stageCount));
        stages[stageCount++] = stage;
        choices[count - 1] = choices[count - 1] with { StageCount = choices[count - 1].StageCount + 1 };
    }

    private int Append(ReadOnlySpan<int> tokens)
    {
        int first = idCount;
        idCount += tokens.Length;
        if (idCount > ids.Length)
            Array.Resize(ref ids, Math.Max(idCount, 2 * ids.Length));
        tokens.CopyTo(ids.AsSpan(first));
        return first;
    }

    /// <summary>
    /// A choice's list, once it was made: the tokens that lead and whatever equals the last of them, in no promised order, and those that were set aside.
    /// </summary>
    public TokenList ListOf(int choice)
    {
        ListPlace place = lists[choice];
        return new TokenList(listedIds.AsSpan(place.Begin..place.End), listedScores.AsSpan(place.Begin..place.End), place.Aside - place.Begin, place.Sum);
    }

    /// <summary>Begins a choice's list; its tokens follow.</summary>
    /// <param name="choice">The choice.</param>
    /// <param name="sum">Of its tokens that were not set aside, Σ e^((score − highest)·sharpness); 0 where they are all listed, or the sum is not wanted.</param>
    public void BeginList(int choice, double sum)
    {
        if (lists.Length < count)
            Array.Resize(ref lists, count);
        lists[choice] = new ListPlace(listedCount, listedCount, listedCount, sum);
    }

    /// <summary>Puts a token that leads on a choice's list, the one begun last.</summary>
    public void List(int choice, int id, float score)
    {
        Append(id, score);
        lists[choice].Aside = lists[choice].End = listedCount;
    }

    /// <summary>Puts the tokens that a choice has set aside on its list, behind those that lead.</summary>
    /// <param name="choice">The choice whose list was begun last.</param>
    /// <param name="told">Scores of all choices' tokens.</param>
    public void ListAside(int choice, ReadOnlySpan<float> told)
    {
        foreach (ref readonly LogitStage stage in Stages.Slice(choices[choice].FirstStage, choices[choice].StageCount))
            for (int i = 0; i < stage.IdCount && stage.Kind == LogitStageKind.Aside; i++)
                if (told[stage.FirstTold + i] > float.NegativeInfinity)
                    Append(ids[stage.FirstId + i], told[stage.FirstTold + i]);
        lists[choice].End = listedCount;
    }

    private void Append(int id, float score)
    {
        if (listedCount == listedIds.Length)
        {
            Array.Resize(ref listedIds, Math.Max(256, 2 * listedCount));
            Array.Resize(ref listedScores, listedIds.Length);
        }
        (listedIds[listedCount], listedScores[listedCount]) = (id, score);
        listedCount++;
    }
}

/// <summary>Tokens and their scores: those that lead, no other's score being greater than the least of theirs, then those that were set aside.</summary>
/// <param name="ids">The tokens.</param>
/// <param name="scores">Their scores; none is −∞.</param>
/// <param name="leading">How many of them lead.</param>
/// <param name="sum">Of all tokens that were not set aside, Σ e^((score − highest)·sharpness); 0 where they are all listed, or the sum was not wanted.</param>
internal readonly ref struct TokenList(ReadOnlySpan<int> ids, ReadOnlySpan<float> scores, int leading, double sum)
{
    public ReadOnlySpan<int> Ids { get; } = ids;

    public ReadOnlySpan<float> Scores { get; } = scores;

    public int Leading { get; } = leading;

    public double Sum { get; } = sum;
}
