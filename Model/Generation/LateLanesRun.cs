using Managed.Cache;
using Managed.Constraints;
using Managed.Kernels;
using Managed.Kernels.Guidance;
using Managed.Sampling;

namespace Managed;

/// <summary>
/// A guarded row whose lanes are looked at every few tokens: tokens are proposed from the row's own scores, the lanes take all of them in
/// one step, and as many stand as the scores of all lanes give. The scheme is that of speculative decoding, with the row as its own draft.
/// </summary>
internal sealed class LateLanesRun : SoloRun, IDraftedTokens
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
    private int places; // whose logits this step has

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

    public override void Step()
    {
        if (Fill())
            return;
        if (!HasRoom())
        {
            Row.End(StopReason.ContextFull);
            return;
        }
        if (Row.Constraint is not null && Row.Constraint.Allowed(Row.State).IsEmpty)
        {
            Row.End(StopReason.Constraint);
            return;
        }
        if (!Propose() || !Look())
            return;
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

    // A chunk of each prompt, all but its last token; false: all are there.
    private bool Fill()
    {
        bool any = false;
        foreach (RowLane lane in lanes)
        {
            if (lane.PendingCount <= 1 || (lane != lanes[0] && !lane.IsNeeded))
                continue;
            any = true;
            Forward(lane, lane.Pending(lane.Sequence.LongestStep(Math.Min(lane.PendingCount - 1, GenerationBatch.PromptChunk))), LogitsWanted.None);
            if (Failure(lane) is { } failure)
            {
                Row.Refuse(failure);
                return true;
            }
        }
        return any;
    }

    private Rows Forward(RowLane lane, ReadOnlyMemory<int> tokens, LogitsWanted wanted)
    {
        LanguageModel by = lane.Other ?? model;
        by.Transformer.Precision = Precision;
        return by.Transformer.Forward([new StepInput(lane.Sequence, tokens)], wanted, by.Hooks);
    }

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

    // Chooses tokens from the row's own scores; false: the row is refused.
    private bool Propose()
    {
        int most = MostPlaces();
        states[0] = Row.State;
        for (places = 1; ; places++)
        {
            Rows rows = Forward(lanes[0], Row.NewestWithProposed(Own.Length, places - 1), LogitsWanted.Last);
            if (Failure(lanes[0]) is { } failure)
            {
                if (places == 1)
                {
                    Row.Refuse(failure);
                    return false;
                }
                places--; // it may be that the token before does not stand
                return true;
            }
            model.Transformer.View(rows).Row(0).CopyTo(logits[0].AsSpan((places - 1) * vocabulary, vocabulary));
            if (places == most)
                return true;
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
                return true; // nothing comes behind it: with the lanes it is chosen at once
            Row.Propose(place, id);
            if (Row.Constraint is not null)
            {
                states[place + 1] = Row.Constraint.After(states[place], id);
                if (Allowed(place + 1).IsEmpty)
                    return true;
            }
        }
    }

    // The lanes take the newest and the proposed tokens; false: the row is refused.
    private bool Look()
    {
        for (int i = 1; i < lanes.Length; i++)
        {
            RowLane lane = lanes[i];
            if (!lane.IsNeeded)
                continue;
            int newest = lane.Prompt.Length + Row.NewCount - 1; // its position in the lane
            while (lane.Sequence.Length < newest + places)
            {
                int length = lane.Sequence.Length;
                ReadOnlyMemory<int> tokens = length < lane.Prompt.Length ? lane.Prompt.AsMemory(length) : Row.NewestWithProposed(Row.PromptLength + length - lane.Prompt.Length, Count);
                int share = lane.Sequence.LongestStep(tokens.Length);
                Rows rows = Forward(lane, tokens[..share], LogitsWanted.All);
                if (Failure(lane) is { } failure)
                {
                    int failed = lane.Sequence.Edits!.FailedPosition - newest;
                    if (failed <= 0)
                    {
                        Row.Refuse(failure);
                        return false;
                    }
                    places = failed; // it may be that the token before does not stand
                    lane.Sequence.Truncate(newest + places);
                }
                Span2D given = (lane.Other ?? model).Transformer.View(rows);
                for (int row = 0; row < rows.Count; row++)
                {
                    int place = length + share - rows.Count + row - newest; // a longrope text may have been computed anew from its beginning
                    if (place >= 0 && place < places)
                        given.Row(row)[..vocabulary].CopyTo(logits[i].AsSpan(place * vocabulary, vocabulary));
                }
            }
        }
        return true;
    }

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
