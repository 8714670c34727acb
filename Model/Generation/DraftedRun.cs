using Managed.Cache;
using Managed.Constraints;
using Managed.Kernels;
using Managed.Sampling;

namespace Managed;

/// <summary>
/// Speculative decoding (Leviathan et al. 2022): a small model proposes a few tokens, the large one computes all their
/// logits in one step, and as many stand as it would have chosen itself. A guard acts on the large model alone.
/// </summary>
internal sealed class DraftedRun : SoloRun, IDraftedTokens
{
    private readonly LanguageModel model, draft;
    private readonly Sequence sequence, draftSequence;
    private readonly bool owned;
    private readonly int vocabulary;
    private readonly double[] drafted, target, final; // [proposed, vocabulary], [vocabulary], [vocabulary]; empty where nothing is drawn
    private readonly ConstraintState[] states; // before each place
    private readonly LazyRanking scratch;
    private Rows answers; // the large model's logits, from the newest token on
    private int proposedTotal, acceptedTotal, steps;

    public DraftedRun(GenerationRow row, Precision precision, int cachedTokens, LanguageModel model, Sequence sequence, Sequence draftSequence, bool owned)
        : base(row, precision, cachedTokens)
    {
        this.model = model;
        this.sequence = sequence;
        this.draftSequence = draftSequence;
        this.owned = owned;
        draft = row.Options.Draft!;
        vocabulary = model.VocabularySize;
        int places = row.Options.DraftTokens, width = row.Sampler.IsGreedy ? 0 : vocabulary;
        (drafted, target, final) = (new double[places * width], new double[width], new double[width]);
        scratch = new LazyRanking(width);
        states = new ConstraintState[places + 1];
    }

    /// <summary>Tokens proposed in this step.</summary>
    public int Count { get; private set; }

    public override void Step()
    {
        model.Transformer.Precision = draft.Transformer.Precision = Precision;
        if (Row.Count - sequence.Length > 1)
        {
            Fill(model, sequence);
            return;
        }
        if (sequence.Length >= model.Transformer.LongestText)
        {
            Row.End(StopReason.ContextFull);
            return;
        }
        if (Row.Constraint is not null && Row.Constraint.Allowed(Row.State).IsEmpty)
        {
            Row.End(StopReason.Constraint);
            return;
        }
        Propose();
        while (Count > 0 && Row.Constraint is not null && Allowed(Count).IsEmpty)
            Count--; // nothing could follow the whole draft; the token after the rest of it is then the large model's own choice
        Rows rows = model.Transformer.Forward([new StepInput(sequence, Row.NewestWithProposed(sequence.Length, Count))], LogitsWanted.All, model.Hooks);
        if (IsRefused())
            return;
        answers = rows.Slice(rows.Count - Count - 1, Count + 1); // a longrope text may have been computed anew from its beginning
        (int accepted, int next) = Row.Sampler.IsGreedy ? Compare() : SpeculativeDecoding.Walk(final, this, scratch);
        Take(accepted, next);
        (proposedTotal, acceptedTotal, steps) = (proposedTotal + Count, acceptedTotal + accepted, steps + 1);
        // a text that ends within what stands has fewer tokens
        sequence.Truncate(Math.Min(sequence.Length, Row.Count - 1));
        draftSequence.Truncate(Math.Min(draftSequence.Length, Row.Count - 1));
    }

    public int Token(int place) => Row.WithProposed(Count)[Row.Count + place];

    public ReadOnlySpan<double> Draft(int place) => drafted.AsSpan(place * vocabulary, vocabulary);

    public ReadOnlySpan<double> Target(int place)
    {
        Row.Sampler.Distribution(target, Logits(place), Row.WithProposed(place), Row.PromptLength, Allowed(place));
        return target;
    }

    public double AcceptanceUniform(int place) => Row.Sampler.Uniform(Row.Count + place, RandomPurpose.DraftAcceptance);

    public double TokenUniform(int place) => Row.Sampler.Uniform(Row.Count + place, RandomPurpose.Token);

    public override void Dispose()
    {
        if (!owned)
            return;
        sequence.Dispose();
        draftSequence.Dispose();
    }

    protected override void Close() => GuardChecks.RefuseIdle(Row, sequence);

    protected override GenerationResult Finish(GenerationResult result) =>
        GuardChecks.WithReceipt(result, Row, sequence) with { Draft = new DraftReport(proposedTotal, acceptedTotal, steps) };

    // All but the last of the tokens that a sequence lacks, a chunk at a time.
    private void Fill(LanguageModel by, Sequence into)
    {
        int pending = into.LongestStep(Math.Min(Row.Count - into.Length - 1, GenerationBatch.PromptChunk));
        by.Transformer.Forward([new StepInput(into, Row.From(into.Length)[..pending])], LogitsWanted.None, by.Hooks);
        IsRefused();
    }

    private bool IsRefused() => GuardChecks.Refuse(Row, sequence);

    // As many tokens as the rest of the answer and both caches have room for.
    private void Propose()
    {
        int most = Math.Min(Row.Options.DraftTokens, Row.Options.MaxTokens - Row.NewCount - 1);
        most = Math.Min(most, model.Transformer.LongestText - sequence.Length - 1);
        most = Math.Min(most, draft.Transformer.LongestText - Row.Count + 1);
        most = Math.Min(most, sequence.LongestStep(most + 1) - 1); // where a guard must see a token's end before the next begins
        while (most > 0 && model.Transformer.Rotation(Row.Count + most) != model.Transformer.Rotation(Row.Count))
            most--; // a token is turned as it would be in a step of its own
        states[0] = Row.State;
        for (Count = 0; Count < most;)
        {
            while (Count == 0 && Row.Count - draftSequence.Length > GenerationBatch.PromptChunk)
                Fill(draft, draftSequence);
            ReadOnlySpan<ulong> allowed = Allowed(Count);
            if (Row.Constraint is not null && allowed.IsEmpty)
                return;
            Rows rows = draft.Transformer.Forward(
                [new StepInput(draftSequence, Row.NewestWithProposed(draftSequence.Length, Count))], LogitsWanted.Last, draft.Hooks);
            ReadOnlySpan<float> logits = draft.Transformer.View(rows).Row(0);
            int id;
            if (Row.Sampler.IsGreedy)
            {
                id = Row.Sampler.Choose(logits, Row.WithProposed(Count), Row.PromptLength, allowed);
            }
            else
            {
                Span<double> distribution = drafted.AsSpan(Count * vocabulary, vocabulary);
                Row.Sampler.Distribution(distribution, logits, Row.WithProposed(Count), Row.PromptLength, allowed);
                id = InverseCdf.Draw(distribution, Row.Sampler.Uniform(Row.Count + Count, RandomPurpose.DraftToken), scratch);
            }
            Row.Propose(Count, id);
            if (Row.Constraint is not null)
                states[Count + 1] = Row.Constraint.After(states[Count], id);
            Count++;
            if (Row.Ends(id))
                return;
        }
    }

    // Greedy: a proposed token stands where it is the large model's own best.
    private (int Accepted, int Next) Compare()
    {
        for (int place = 0; ; place++)
        {
            int best = Row.Sampler.Choose(Logits(place), Row.WithProposed(place), Row.PromptLength, Allowed(place));
            if (place == Count || best != Token(place))
                return (place, best);
        }
    }

    // The proposed tokens lie where taking them puts them again.
    private void Take(int accepted, int next)
    {
        for (int place = 0; place <= accepted && !Row.IsDone; place++)
        {
            int id = place < accepted ? Row.WithProposed(1)[^1] : next;
            Row.Take(id, Row.Sampler.Report(id, Logits(place)));
        }
    }

    private ReadOnlySpan<float> Logits(int place) => model.Transformer.View(answers).Row(place);

    private ReadOnlySpan<ulong> Allowed(int place) => Row.Constraint is null ? default : Row.Constraint.Allowed(states[place]);
}
