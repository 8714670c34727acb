using Managed.Cache;
using Managed.Constraints;
using Managed.Kernels;
using Managed.Kernels.Guidance;
using Managed.Sampling;

namespace Managed;

/// <summary>
/// A guarded row whose lanes are looked at every few tokens: tokens are proposed from the row's own scores, the lanes take all of them in
/// one step, and as many stand as the scores of all lanes give. The scheme is that of speculative decoding, with the row as its own draft.
/// Its passes through the model are made together with other such rows', by <see cref="LateLanesStep"/>.
/// </summary>
internal sealed class LateLanesRun : GenerationRun, IDraftedTokens
{
    private readonly LanguageModel model;
    private readonly CompiledGuard guard;
    private readonly RowLane[] lanes; // the row itself first
    private readonly LateLanes late;
    private readonly int vocabulary;
    private readonly float[][] logits; // [lanes][places, vocabulary]
    private readonly float[] scores;
    private readonly double[] drafted, target, final; // [places, vocabulary], [vocabulary], [vocabulary]; empty where nothing is drawn by ratio
    private readonly ConstraintState[] states; // before each place
    private readonly LazyRanking scratch;
    private readonly List<int> proposed = [], accepted = []; // of each look
    private int places; // whose logits this look has
    private int most; // places that there is room for

    public LateLanesRun(GenerationRow row, Precision precision, int cachedTokens, LanguageModel model, RowLane[] lanes)
        : base(row, precision, cachedTokens)
    {
        this.model = model;
        this.lanes = lanes;
        guard = row.Options.Guard!;
        late = guard.Late!;
        vocabulary = model.VocabularySize;
        logits = [.. lanes.Select(_ => new float[late.Tokens * vocabulary])];
        scores = new float[vocabulary];
        int width = late.Acceptance == SpeculativeAcceptance.Ratio && !row.Sampler.IsGreedy ? vocabulary : 0;
        (drafted, target, final) = (new double[late.Tokens * width], new double[width], new double[width]);
        scratch = new LazyRanking(width);
        states = new ConstraintState[late.Tokens];
        int looks = Math.Min(row.Options.MaxTokens, 4096);
        proposed.EnsureCapacity(looks);
        accepted.EnsureCapacity(looks);
    }

    private Sequence Own => lanes[0].Sequence;

    private bool ByRatio => final.Length > 0;

    /// <summary>Tokens proposed in this step: the last place's token is chosen with the lanes.</summary>
    public int Count => places - 1;

    /// <summary>The row's own lane, and the guard's.</summary>
    public ReadOnlySpan<RowLane> Lanes => lanes;

    /// <summary>Tokens of a lane's prompt that are to go through the model before the row is ready for a look: all but the last.</summary>
    public int Unfilled(RowLane lane) => lane == lanes[0] || lane.IsNeeded ? Math.Max(0, lane.PendingCount - 1) : 0;

    /// <summary>Begins a look, where the row does not end.</summary>
    public void Begin()
    {
        if (!HasRoom())
            Row.End(StopReason.ContextFull);
        else if (Row.Constraint is not null && Row.Constraint.Allowed(Row.State).IsEmpty)
            Row.End(StopReason.Constraint);
        most = MostPlaces();
        states[0] = Row.State;
        places = 1;
    }

    /// <summary>What the row's own lane takes next: the newest token, then the one proposed behind it.</summary>
    public ReadOnlyMemory<int> Newest => Row.NewestWithProposed(Own.Length, places - 1);

    /// <summary>Takes the scores behind it and proposes the next token; false: nothing further is proposed.</summary>
    /// <param name="scored">The row's own logits.</param>
    public bool Propose(ReadOnlySpan<float> scored)
    {
        if (Failure(lanes[0]) is { } failure)
        {
            if (places == 1)
                Row.Refuse(failure);
            else
                places--; // it may be that the token before does not stand
            return false;
        }
        scored[..vocabulary].CopyTo(logits[0].AsSpan((places - 1) * vocabulary, vocabulary));
        if (places == most)
            return false;
        int place = places - 1, id;
        ReadOnlySpan<float> own = Scores(Row.NewCount, place, withLanes: false);
        if (ByRatio)
        {
            Span<double> distribution = drafted.AsSpan(place * vocabulary, vocabulary);
            Row.Sampler.Distribution(distribution, own, Row.WithProposed(place), Row.PromptLength, Allowed(place));
            id = InverseCdf.Draw(distribution, Row.Sampler.Uniform(Row.Count + place, RandomPurpose.DraftToken), scratch);
        }
        else
        {
            id = Row.Sampler.Choose(own, Row.WithProposed(place), Row.PromptLength, Allowed(place));
        }
        if (Row.Ends(id))
            return false; // nothing comes behind it: with the lanes it is chosen at once
        Row.Propose(place, id);
        if (Row.Constraint is not null)
        {
            states[place + 1] = Row.Constraint.After(states[place], id);
            if (Allowed(place + 1).IsEmpty)
                return false;
        }
        places++;
        return true;
    }

    /// <summary>What a guard's lane still has to take of the newest and the proposed tokens; empty: nothing.</summary>
    public ReadOnlyMemory<int> Unseen(RowLane lane)
    {
        int length = lane.Sequence.Length;
        if (!lane.IsNeeded || length >= NewestIn(lane) + places)
            return default;
        ReadOnlyMemory<int> tokens = length < lane.Prompt.Length ? lane.Prompt.AsMemory(length) : Row.NewestWithProposed(Row.PromptLength + length - lane.Prompt.Length, Count);
        return tokens[..lane.Sequence.LongestStep(tokens.Length)];
    }

    /// <summary>Takes the scores that a lane gives.</summary>
    /// <param name="number">The lane.</param>
    /// <param name="given">Logits of a step.</param>
    /// <param name="first">Where those behind the lane's newest tokens begin.</param>
    /// <param name="count">How many they are, the newest token's last.</param>
    public void Look(int number, Span2D given, int first, int count)
    {
        RowLane lane = lanes[number];
        int newest = NewestIn(lane), length = lane.Sequence.Length;
        if (length > newest + places)
            lane.Sequence.Truncate(newest + places); // a lane before has failed further ahead: what comes there is not looked at
        if (Failure(lane) is { } failure)
        {
            int failed = lane.Sequence.Edits!.FailedPosition - newest;
            if (failed <= 0)
            {
                Row.Refuse(failure);
                return;
            }
            places = failed; // it may be that the token before does not stand
            lane.Sequence.Truncate(newest + places);
        }
        for (int row = 0; row < count; row++)
        {
            int place = length - count + row - newest; // a longrope text may have been computed anew from its beginning
            if (place >= 0 && place < places)
                given.Row(first + row)[..vocabulary].CopyTo(logits[number].AsSpan(place * vocabulary, vocabulary));
        }
    }

    /// <summary>Takes as many of the proposed tokens as stand, and one behind them.</summary>
    public void Take()
    {
        (int stand, int next) = ByRatio ? SpeculativeDecoding.Walk(final, this, scratch, added: 1e-6) : Compare();
        proposed.Add(Count);
        accepted.Add(stand);
        int before = Row.NewCount;
        for (int place = 0; place <= stand && !Row.IsDone; place++)
        {
            int id = place < stand ? Row.WithProposed(1)[^1] : next;
            Row.Take(id, Row.Options.Sampling.LogProbabilities is null ? double.NaN : Row.Sampler.Report(id, Scores(before, place)));
        }
        foreach (RowLane lane in lanes) // a text that ends within what stands has fewer tokens
            lane.Sequence.Truncate(Math.Min(lane.Sequence.Length, lane.Prompt.Length + Row.NewCount - 1));
    }

    /// <summary>Refuses the row where its guard failed in a lane.</summary>
    public void CheckGuard(RowLane lane)
    {
        if (!IsDone && Failure(lane) is { } failure)
            Row.Refuse(failure);
    }

    public int Token(int place) => Row.WithProposed(Count)[Row.Count + place];

    public ReadOnlySpan<double> Draft(int place) => drafted.AsSpan(place * vocabulary, vocabulary);

    public ReadOnlySpan<double> Target(int place)
    {
        Row.Sampler.Distribution(target, Scores(Row.NewCount, place), Row.WithProposed(place), Row.PromptLength, Allowed(place));
        return target;
    }

    public double AcceptanceUniform(int place) => Row.Sampler.Uniform(Row.Count + place, RandomPurpose.DraftAcceptance);

    public double TokenUniform(int place) => Row.Sampler.Uniform(Row.Count + place, RandomPurpose.Token);

    public override void Dispose()
    {
        foreach (RowLane lane in lanes)
            if (lane.IsOwned)
                lane.Sequence.Dispose();
    }

    protected override void Close() => GuardChecks.RefuseIdle(Row, Own);

    protected override GenerationResult Finish(GenerationResult result) => result with
    {
        Receipt = ReceiptWriter.Write(guard, Own, [], Row.Failure) with { Speculation = new SpeculationReceipt(late.Tokens, [.. proposed], [.. accepted]) },
    };

    private GuardException? Failure(RowLane lane)
    {
        if (lane.Sequence.Edits is not { HasFailed: true } edits)
            return null;
        int number = Array.IndexOf(lanes, lane);
        return number == 0 ? ReceiptWriter.Failure(guard.Name, guard.Pass!, edits)
            : ReceiptWriter.Failure($"{guard.Name}, lane {guard.Lanes[number - 1].Name}", guard.Lanes[number - 1].Pass!, edits);
    }

    private bool HasRoom()
    {
        foreach (RowLane lane in lanes)
            if ((lane == lanes[0] || lane.IsNeeded) && lane.Prompt.Length + Row.NewCount > (lane.Other ?? model).Transformer.LongestText)
                return false;
        return true;
    }

    // As many places as the rest of the answer, all caches and the lanes' last tokens have room for.
    private int MostPlaces()
    {
        int most = Math.Min(late.Tokens, Row.Options.MaxTokens - Row.NewCount);
        for (int i = 0; i < lanes.Length; i++)
        {
            if (i > 0 && !lanes[i].IsNeeded)
                continue;
            Transformer by = (lanes[i].Other ?? model).Transformer;
            int length = lanes[i].Prompt.Length + Row.NewCount;
            most = Math.Min(most, by.LongestText - length + 1);
            if (i > 0)
                most = Math.Min(most, guard.Lanes[i - 1].Until - Row.NewCount);
            while (most > 1 && by.Rotation(length + most - 1) != by.Rotation(length))
                most--; // a token is turned as it would be in a step of its own
        }
        return most;
    }

    // Where its newest token stands in a lane.
    private int NewestIn(RowLane lane) => lane.Prompt.Length + Row.NewCount - 1;

    // A proposed token stands where the scores of all lanes give it too.
    private (int Accepted, int Next) Compare()
    {
        for (int place = 0; ; place++)
        {
            int best = Row.Sampler.Choose(Scores(Row.NewCount, place), Row.WithProposed(place), Row.PromptLength, Allowed(place));
            if (place == Count || best != Token(place))
                return (place, best);
        }
    }

    // What a place's token is chosen from; without the lanes, the stages that look at none.
    private ReadOnlySpan<float> Scores(int newTokens, int place, bool withLanes = true)
    {
        ReadOnlySpan<float> own = Logits(0, place);
        bool mixed = false;
        foreach (ref readonly LogitStage stage in guard.Stages.AsSpan())
        {
            if (newTokens + place >= stage.Tokens || (stage.Lane > 0 && !withLanes))
                continue;
            if (!mixed)
                own.CopyTo(scores);
            mixed = true;
            LogitStages.Apply(stage, scores, stage.Lane == 0 ? own : Logits(stage.Lane, place), guard.StageIds);
        }
        return mixed ? scores : own;
    }

    private ReadOnlySpan<float> Logits(int lane, int place) => logits[lane].AsSpan(place * vocabulary, vocabulary);

    private ReadOnlySpan<ulong> Allowed(int place) => Row.Constraint is null ? default : Row.Constraint.Allowed(states[place]);
}
