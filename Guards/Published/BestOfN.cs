using Managed.Kernels;
using Managed.Sampling;

namespace Managed.Guards.Published;

/// <summary>
/// Best of N: whole answers are drawn, scored, and the best is given. The baseline of most papers on guards; with a budget it is what
/// InferenceGuard's authors call best-of-N with augmented safety, with a factor on the cost their Lagrangian baseline.
/// </summary>
public sealed class BestOfN
{
    private readonly LanguageModel model;
    private readonly IBlockScorer scorer;
    private readonly BestOfNOptions options;

    /// <param name="model">The model that answers.</param>
    /// <param name="scorer">What judges whole answers.</param>
    /// <param name="options">Settings; null: the defaults.</param>
    /// <exception cref="GuardException">A setting out of range.</exception>
    public BestOfN(LanguageModel model, IBlockScorer scorer, BestOfNOptions? options = null)
    {
        this.model = model;
        this.scorer = scorer;
        this.options = options ?? new BestOfNOptions();
        this.options.Validate();
    }

    /// <summary>Answers a prompt.</summary>
    /// <param name="prompt">The prompt's tokens.</param>
    /// <param name="cancellation">Looked at before the answers are scored.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public BestOfNResult Answer(ReadOnlyMemory<int> prompt, CancellationToken cancellation = default)
    {
        var sampler = new BlockSampler(model, new InferenceGuardOptions { Sampling = options.Sampling, Precision = options.Precision }, wantsStates: false);
        PartialAnswer[] answers = Draw(sampler, prompt);
        cancellation.ThrowIfCancellationRequested();
        IReadOnlyList<BlockScore> scores = scorer.Score(answers);
        if (scores.Count != answers.Length)
            throw new GuardException($"The scorer gave {scores.Count} scores for {answers.Length} answers; expected one for each.");
        double[] values = [.. scores.Select(score => options.CostFactor == 0 ? score.Reward : score.Reward - (options.CostFactor * score.SafetyCost))];
        int[] safe = [.. Enumerable.Range(0, answers.Length).Where(i => !double.IsNaN(values[i]) && double.IsFinite(scores[i].SafetyCost)
            && (options.Budget is not { } budget || budget - scores[i].SafetyCost > 0))];
        if (safe.Length == 0)
            return new BestOfNResult
            {
                Ids = model.HasTokenizer ? model.Encode(options.Refusal, addSpecialTokens: false) : [],
                Text = options.Refusal,
                Refused = true,
                Chosen = -1,
                Scores = scores,
                SampledTokens = sampler.Drawn,
            };
        int best = safe[BlockChoice.Best([.. safe.Select(i => -values[i])], 1)[0]];
        return new BestOfNResult { Ids = [.. answers[best].Ids], Text = answers[best].Text ?? "", Chosen = best, Scores = scores, SampledTokens = sampler.Drawn };
    }

    // All answers share the prompt's pages.
    private PartialAnswer[] Draw(BlockSampler sampler, ReadOnlyMemory<int> prompt)
    {
        using SampledText begun = sampler.Begin(prompt);
        SampledText[] texts = [.. Enumerable.Range(0, options.Samples).Select(_ => begun.Fork())];
        try
        {
            sampler.Continue(texts, options.MaxTokens, prompt.Length, firstRow: 0, away: null, penalty: 0, isLast: true);
            int[] asked = prompt.ToArray();
            return Array.ConvertAll(texts, text =>
            {
                int[] ids = [.. text.Ids.Skip(prompt.Length)];
                return new PartialAnswer(asked, ids, model.HasTokenizer ? model.Decode(ids) : null, 0, text.IsFinished);
            });
        }
        finally
        {
            Array.ForEach(texts, text => text.Dispose());
        }
    }
}

/// <summary>Settings of <see cref="BestOfN"/>.</summary>
public sealed record BestOfNOptions
{
    /// <summary>N. The papers have 100 to 500; 16 are affordable on a laptop.</summary>
    public int Samples { get; init; } = 16;

    /// <summary>Tokens of an answer at most.</summary>
    public int MaxTokens { get; init; } = 128;

    /// <summary>λ: an answer counts reward − λ·cost. The Lagrangian baselines have 5 and 10; 0: the reward alone.</summary>
    public double CostFactor { get; init; }

    /// <summary>Answers whose cost reaches this are out, and where all are the answer is a refusal; null: none is out for its cost.</summary>
    public double? Budget { get; init; }

    /// <summary>How tokens are drawn; each answer draws numbers of its own.</summary>
    public SamplingOptions Sampling { get; init; } = new() { Temperature = 1, Seed = 0 };

    /// <summary>What is answered where no answer may be given.</summary>
    public string Refusal { get; init; } = "I am sorry, I can not help with that.";

    /// <summary>How quantised weights meet activations; null: fast.</summary>
    public Precision? Precision { get; init; }

    /// <exception cref="GuardException">Names the option, what was found and what was expected.</exception>
    internal void Validate()
    {
        Check(Samples >= 1, nameof(Samples), Samples, "1 or more");
        Check(MaxTokens >= 1, nameof(MaxTokens), MaxTokens, "1 or more");
        Check(double.IsFinite(CostFactor) && CostFactor >= 0, nameof(CostFactor), CostFactor, "a finite number from 0 on");
        Check(Budget is null || double.IsFinite(Budget.Value), nameof(Budget), Budget ?? 0, "a finite number, or none");
    }

    private static void Check(bool holds, string option, object found, string expected) => GuardSetting.Check("best of N", holds, option, found, expected);
}

/// <summary>What <see cref="BestOfN"/> answered.</summary>
public sealed record BestOfNResult
{
    /// <summary>The answer's tokens; those of the refusal where it refused.</summary>
    public required int[] Ids { get; init; }

    /// <summary>The answer, or the refusal.</summary>
    public required string Text { get; init; }

    /// <summary>Whether the refusal was given, because no answer might be.</summary>
    public bool Refused { get; init; }

    /// <summary>The answer's number among those drawn; −1: none.</summary>
    public required int Chosen { get; init; }

    /// <summary>What the scorer said of each.</summary>
    public required IReadOnlyList<BlockScore> Scores { get; init; }

    /// <summary>Tokens drawn over all answers.</summary>
    public int SampledTokens { get; init; }
}
