namespace Managed.Sampling;

/// <summary>A chosen token.</summary>
/// <param name="Id">Its id.</param>
/// <param name="LogProbability">ln p of the model's own distribution; NaN where none was asked for.</param>
/// <param name="SampledLogProbability">ln p of the distribution it was drawn from; NaN where none was asked for.</param>
internal readonly record struct SampledToken(int Id, double LogProbability, double SampledLogProbability);

/// <summary>A token and its log-probability.</summary>
public readonly record struct TokenLogProbability(int Id, double LogProbability);

/// <summary>Chooses one row's tokens: logits through a chain of steps, then a draw. Allocates nothing per token.</summary>
internal sealed partial class Sampler
{
    private readonly ILogitStep[] steps;
    private readonly IDrawObserver[] observers;
    private readonly Candidates candidates;
    private readonly bool greedy;
    private readonly CounterRandom random;
    private readonly int[] bestIds;
    private readonly TokenLogProbability[] best;
    private readonly bool reports;
    private readonly double temperature; // where nothing else decides a draw; else 0

    /// <summary>A sampler by options.</summary>
    /// <param name="options">What is asked for.</param>
    /// <param name="candidates">Scratch space of the vocabulary's size; rows that are sampled one after the other may share it.</param>
    /// <param name="endTokens">The tokens that end a text.</param>
    /// <param name="row">Rows with the same seed draw different numbers.</param>
    public Sampler(SamplingOptions options, Candidates candidates, IEnumerable<int> endTokens, int row = 0)
        : this(Checked(options, candidates), SamplingChain.Build(options, endTokens), candidates, row)
    {
    }

    /// <summary>A sampler with steps of one's own; of the options only seed, greediness and log-probabilities count.</summary>
    public Sampler(SamplingOptions options, ILogitStep[] steps, Candidates candidates, int row = 0)
    {
        this.steps = steps;
        this.candidates = candidates;
        observers = [.. steps.OfType<IDrawObserver>()];
        greedy = options.Temperature == 0;
        Seed = options.Seed ?? Random.Shared.NextInt64();
        random = new CounterRandom((ulong)Seed, (uint)row);
        reports = options.LogProbabilities is not null;
        Plan = reports ? default : LeadingPlan.Of(steps, greedy);
        temperature = (greedy || reports ? null : steps) switch
        {
            [] => 1,
            [Temperature { Value: > 0 } only] => only.Value,
            _ => 0,
        };
        bestIds = new int[options.LogProbabilities ?? 0];
        best = new TokenLogProbability[bestIds.Length];
    }

    /// <summary>The seed in use: the one that was asked for, or the one that was made up.</summary>
    public long Seed { get; }

    public bool IsGreedy => greedy;

    /// <summary>Whether the greatest of the model's logits is all that a choice needs.</summary>
    public bool TakesBest => greedy && steps.Length == 0 && !reports;

    /// <summary>The best tokens of the model's own distribution at the last choice, as many as were asked for.</summary>
    public ReadOnlySpan<TokenLogProbability> Best => best;

    /// <summary>Chooses the next token.</summary>
    /// <param name="logits">One for each token of the vocabulary.</param>
    /// <param name="ids">Prompt and generated tokens.</param>
    /// <param name="promptLength">How many of them are the prompt's.</param>
    /// <param name="allowed">A bit for each token that may come; empty: all.</param>
    /// <param name="unconditional">The logits without the condition, where guidance is asked for.</param>
    /// <exception cref="GenerationException">A logit is NaN or +∞, or no token is left.</exception>
    public SampledToken Next(
        ReadOnlySpan<float> logits, ReadOnlySpan<int> ids, int promptLength, ReadOnlySpan<ulong> allowed = default, ReadOnlySpan<float> unconditional = default)
    {
        int id = Choose(logits, ids, promptLength, allowed, unconditional);
        return reports
            ? new SampledToken(id, Report(id, logits), greedy ? 0 : candidates.Score(id) - candidates.LogTotal)
            : new SampledToken(id, double.NaN, double.NaN);
    }

    /// <summary>Chooses the next token and reports nothing.</summary>
    /// <inheritdoc cref="Next"/>
    public int Choose(
        ReadOnlySpan<float> logits, ReadOnlySpan<int> ids, int promptLength, ReadOnlySpan<ulong> allowed = default, ReadOnlySpan<float> unconditional = default)
    {
        if (greedy && steps.Length == 0 && allowed.IsEmpty)
            return LogitFunctions.IndexOfHighest(logits);
        if (temperature > 0 && allowed.IsEmpty && candidates.TryDraw(logits, temperature, random.Uniform(ids.Length, RandomPurpose.Token)) is >= 0 and int drawn)
            return drawn;
        Process(logits, ids, promptLength, allowed, unconditional);
        return Pick(ids);
    }

    private int Pick(ReadOnlySpan<int> ids)
    {
        int id = greedy ? Highest() : candidates.Draw(random.Uniform(ids.Length, RandomPurpose.Token));
        foreach (IDrawObserver observer in observers)
            observer.Drawn(candidates.Probability(id));
        return id;
    }

    /// <summary>ln p of a token in the model's own distribution, and the best ones to <see cref="Best"/>; NaN where none was asked for.</summary>
    public double Report(int id, ReadOnlySpan<float> logits)
    {
        if (!reports)
            return double.NaN;
        double total = LogitFunctions.LogSumExp(logits);
        LogitFunctions.Best(logits, bestIds);
        for (int rank = 0; rank < best.Length; rank++)
            best[rank] = new TokenLogProbability(bestIds[rank], logits[bestIds[rank]] - total);
        return logits[id] - total;
    }

    /// <summary>The distribution that the next token would be drawn from; all on one token where the choice is greedy.</summary>
    /// <param name="probabilities">The result. // [vocabulary]</param>
    /// <param name="logits">One for each token of the vocabulary.</param>
    /// <param name="ids">Prompt and generated tokens.</param>
    /// <param name="promptLength">How many of them are the prompt's.</param>
    /// <param name="allowed">A bit for each token that may come; empty: all.</param>
    public void Distribution(
        Span<double> probabilities, ReadOnlySpan<float> logits, ReadOnlySpan<int> ids, int promptLength, ReadOnlySpan<ulong> allowed = default)
    {
        Process(logits, ids, promptLength, allowed, default);
        probabilities.Clear();
        if (greedy)
            probabilities[Highest()] = 1;
        else
            foreach (int id in candidates.Ids)
                probabilities[id] = candidates.Probability(id);
    }

    /// <summary>Puts the chain's scores in place of log-probabilities, −∞ where a token may not come: what beam search adds up.</summary>
    public void Rescore(Span<float> logProbabilities, ReadOnlySpan<int> ids, int promptLength, ReadOnlySpan<ulong> allowed = default)
    {
        Process(logProbabilities, ids, promptLength, allowed, default);
        for (int id = 0; id < logProbabilities.Length; id++)
            logProbabilities[id] = (float)candidates.Score(id);
    }

    /// <summary>Whether the chain changes scores at all.</summary>
    public bool HasSteps => steps.Length > 0;

    /// <summary>Whether a step learns from the tokens drawn, so that a token's distribution depends on more than the text.</summary>
    public bool Learns => observers.Length > 0;

    /// <summary>This row's random number for a purpose at a position of its text.</summary>
    public double Uniform(int position, RandomPurpose purpose) => random.Uniform(position, purpose);

    private void Process(
        ReadOnlySpan<float> logits, ReadOnlySpan<int> ids, int promptLength, ReadOnlySpan<ulong> allowed, ReadOnlySpan<float> unconditional)
    {
        candidates.Load(logits);
        if (!allowed.IsEmpty)
            candidates.KeepOnly(allowed);
        Run(ids, promptLength, unconditional);
    }

    private void Run(ReadOnlySpan<int> ids, int promptLength, ReadOnlySpan<float> unconditional)
    {
        Run(steps, new SamplingContext(ids, promptLength) { Unconditional = unconditional, Random = random });
    }

    private void Run(ReadOnlySpan<ILogitStep> some, in SamplingContext context)
    {
        foreach (ILogitStep step in some)
            step.Apply(candidates, context);
    }

    // A pass over the scores, without the exponentials that a ranking by probability would take.
    private int Highest()
    {
        int best = -1;
        foreach (int id in candidates.Ids)
            if (best < 0 || candidates.Score(id) > candidates.Score(best) || (candidates.Score(id) == candidates.Score(best) && id < best))
                best = id;
        return best >= 0 ? best : throw Candidates.NothingLeft();
    }

    private static SamplingOptions Checked(SamplingOptions options, Candidates candidates)
    {
        options.Validate(candidates.Vocabulary);
        return options;
    }
}
