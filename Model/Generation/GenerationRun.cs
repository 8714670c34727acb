using Managed.Cache;
using Managed.Kernels;
using Managed.Kernels.Guidance;
using Managed.Sampling;

namespace Managed;

/// <summary>One request on its way, in whatever manner it is generated.</summary>
internal abstract class GenerationRun(GenerationRow row, Precision precision, int cachedTokens) : IDisposable
{
    public GenerationRow Row { get; } = row;

    public Precision Precision { get; } = precision;

    public bool IsDone => Row.IsDone;

    /// <summary>What there is; null until the run is complete.</summary>
    public GenerationResult? Result { get; private set; }

    /// <summary>Closes a run that has ended: text that was held back goes out, sequences of its own are freed.</summary>
    public void Complete()
    {
        Close();
        Result = Finish(Row.Finish(Precision, cachedTokens));
        Dispose();
    }

    /// <summary>Frees the sequences that belong to the run.</summary>
    public abstract void Dispose();

    /// <summary>Makes up the row of what has come so far, where it is not made token by token.</summary>
    protected virtual void Close()
    {
    }

    /// <summary>Adds what this manner of generation has to report.</summary>
    protected virtual GenerationResult Finish(GenerationResult result) => result;
}

/// <summary>A run that makes its steps by itself, rather than in one step with others.</summary>
internal abstract class SoloRun(GenerationRow row, Precision precision, int cachedTokens) : GenerationRun(row, precision, cachedTokens)
{
    /// <summary>Goes on by a step.</summary>
    public abstract void Step();
}

/// <summary>A sequence and the text that goes into it: a prompt of its own, then the row's new tokens.</summary>
internal sealed class RowLane(GenerationRow row, Sequence sequence, int[] prompt, bool owned, int until = int.MaxValue)
{
    private float[] kept = []; // logits of another checkpoint

    public Sequence Sequence { get; } = sequence;

    public int[] Prompt { get; } = prompt;

    /// <summary>Whether the sequence goes with the run.</summary>
    public bool IsOwned { get; } = owned;

    /// <summary>The sequence's place in the step that is being made; −1: it takes no part.</summary>
    public int Place { get; set; } = -1;

    /// <summary>Another checkpoint that the sequence belongs to; null: the batch's model.</summary>
    public LanguageModel? Other { get; init; }

    /// <summary>Takes its newest logits from another checkpoint, whose step is made beside the batch's.</summary>
    public void Keep(ReadOnlySpan<float> logits)
    {
        if (kept.Length != logits.Length)
            kept = new float[logits.Length];
        logits.CopyTo(kept);
    }

    /// <summary>The logits behind its newest token.</summary>
    public ReadOnlySpan<float> LogitsIn(in StepLogits logits) => Other is null ? logits.Row(Place) : kept;

    /// <summary>Whether the row still asks for its logits.</summary>
    public bool IsNeeded => row.NewCount < until;

    /// <summary>Tokens that are not in the sequence yet.</summary>
    public int PendingCount => Prompt.Length + row.NewCount - Sequence.Length;

    /// <summary>The first of the tokens that are not in the sequence yet; never new ones behind the prompt's.</summary>
    public ReadOnlyMemory<int> Pending(int most)
    {
        ReadOnlyMemory<int> pending = Sequence.Length < Prompt.Length
            ? Prompt.AsMemory(Sequence.Length)
            : row.From(row.PromptLength + Sequence.Length - Prompt.Length);
        return pending[..Math.Min(pending.Length, most)];
    }

    /// <summary>The same sequence with another prompt.</summary>
    public RowLane With(int[] other) => new(row, Sequence, other, IsOwned, until) { Other = Other };
}

/// <summary>A row that gains a token a step, together with others; with guidance or a guard's lanes, from several sequences.</summary>
internal sealed class PlainRun(GenerationRow row, Precision precision, int cachedTokens, params RowLane[] lanes)
    : GenerationRun(row, precision, cachedTokens)
{
    private readonly GuardedRow? guarded = row.Options.Guard is { } guard ? new GuardedRow(guard, row, lanes) : null;
    private int choice; // its number among those of the step; −1: it is not among them
    private bool isListed; // it is made of a list

    /// <summary>The lanes that take part now.</summary>
    public RowLane[] Lanes => guarded?.Lanes ?? lanes;

    /// <summary>How many of a lane's tokens may go through the model now.</summary>
    public int Share(RowLane lane, int budget)
    {
        if (!lane.IsNeeded)
            return 0;
        int pending = lane.PendingCount;
        if (pending <= 1)
            return Array.TrueForAll(Lanes, other => !other.IsNeeded || other.PendingCount <= 1) ? pending : 0; // lanes take their last token in one step
        return Math.Min(budget, Lanes.Length == 1 ? pending : pending - 1);
    }

    /// <summary>Whether the step that was made holds the logits of all lanes.</summary>
    public bool IsReady => Array.TrueForAll(Lanes, lane => !lane.IsNeeded || (lane.Place >= 0 && lane.PendingCount == 0));

    /// <summary>
    /// Puts its choice among those that are made where the logits lie: the next token is the one with the greatest logit, or the greatest
    /// score after the guard's stages, or one drawn of those that lead. Where more than that decides, <see cref="Choose"/> is to be called.
    /// </summary>
    /// <param name="choices">The step's choices.</param>
    /// <param name="lists">Whether lists are made there.</param>
    public void Describe(LogitChoices choices, bool lists)
    {
        Sampler sampler = Row.Sampler;
        choice = -1;
        isListed = !sampler.TakesBest;
        if ((guarded is null ? Lanes.Length > 1 : !guarded.CanDescribe(isElsewhere: lists)) || (!lists && (isListed || Row.Constraint is not null)))
            return;
        if (isListed && !sampler.WantsList())
            return;
        ReadOnlySpan<ulong> allowed = default;
        if (Row.Constraint is not null && (allowed = Row.Constraint.Allowed(Row.State)).IsEmpty)
            return; // the text is at its end
        choice = choices.Count;
        choices.Begin(Lanes[0].Place, sampler.Plan.Listed, sampler.Plan.Sharpness);
        guarded?.Describe(choices);
        if (!allowed.IsEmpty)
            choices.Allow(allowed);
        if (isListed)
            sampler.SetAside(choices, Row.Ids, Row.PromptLength);
    }

    /// <summary>Takes the token that was chosen; false where there is none, and <see cref="Choose"/> finds it or says why.</summary>
    public bool TryTake(ReadOnlySpan<int> chosen, LogitChoices choices)
    {
        int id = choice < 0 ? -1 : chosen[choice];
        if (id >= 0 && isListed)
            id = Row.Sampler.ChooseLeading(choices.ListOf(choice), Row.Ids, Row.PromptLength);
        if (id >= 0)
            Row.Take(id, double.NaN);
        return id >= 0;
    }

    /// <summary>Chooses the next token from the step's logits.</summary>
    public void Choose(in StepLogits logits)
    {
        if (guarded is null)
            Row.Choose(logits.Row(Lanes[0].Place), Lanes.Length > 1 ? logits.Row(Lanes[1].Place) : default);
        else if (!guarded.Intervene(logits))
            Row.Choose(guarded.Scores(logits), guarded.Guidance(logits));
    }

    /// <summary>Refuses the row where its guard has failed in the step that was made.</summary>
    public void CheckGuard()
    {
        if (!IsDone && Row.Options.Guard is { } guard && guarded!.Failure() is { } failure)
            Row.Refuse(failure);
    }

    protected override void Close()
    {
        GuardChecks.RefuseIdle(Row, lanes[0].Sequence);
    }

    protected override GenerationResult Finish(GenerationResult result) => Row.Options.Guard is { } guard
        ? result with { Receipt = ReceiptWriter.Write(guard, lanes[0].Sequence, guarded!.Decisions, Row.Failure, guarded.Decided) }
        : result;

    public override void Dispose()
    {
        foreach (RowLane lane in lanes)
            if (lane.IsOwned)
                lane.Sequence.Dispose();
    }
}
