using Managed.Kernels;
using Managed.Sampling;

namespace Managed.Guards.Published;

/// <summary>Settings of <see cref="InferenceGuard"/>; the paper's tables 1 and 3 where it gives any.</summary>
public sealed record InferenceGuardOptions
{
    /// <summary>The paper's tables: 128 candidates of 32 tokens, a quarter of them kept, and unsafe ones among these where there are too few safe ones.</summary>
    public static InferenceGuardOptions Reference { get; } = new() { Samples = 128, Fidelity = GuardFidelity.Reference };

    /// <summary>d: tokens of a block.</summary>
    public int BlockTokens { get; init; } = 32;

    /// <summary>N: candidates of a round. The paper has 128; 16 are affordable on a laptop.</summary>
    public int Samples { get; init; } = 16;

    /// <summary>K: candidates that go on to the next round; null: N/4.</summary>
    public int? Kept { get; init; }

    /// <summary>D: tokens of an answer.</summary>
    public int MaxTokens { get; init; } = 128;

    /// <summary>M: how often a round without a safe candidate is tried again.</summary>
    public int Retries { get; init; } = 2;

    /// <summary>n₂: what a retry takes off the logit of a token that stood at the same place of a failed candidate. Not published; 5.</summary>
    public double RetryPenalty { get; init; } = 5;

    /// <summary>d of the safety state: cost that an answer may add up.</summary>
    public double Budget { get; init; } = 10;

    /// <summary>γ, for each token.</summary>
    public double Discount { get; init; } = 0.999;

    /// <summary>n: the cost of an unsafe candidate.</summary>
    public double UnsafeCost { get; init; } = 1e4;

    /// <summary>How tokens are drawn; candidates with the same seed draw different numbers.</summary>
    public SamplingOptions Sampling { get; init; } = new() { Temperature = 1, Seed = 0 };

    /// <summary>What is answered where no candidate is safe.</summary>
    public string Refusal { get; init; } = "I am sorry, I can not help with that.";

    /// <summary>Reference: unsafe candidates fill the places of the kept where there are too few safe ones.</summary>
    public GuardFidelity Fidelity { get; init; } = GuardFidelity.Sane;

    /// <summary>How quantised weights meet activations; null: fast.</summary>
    public Precision? Precision { get; init; }

    /// <summary>K as it is used.</summary>
    internal int KeptCount => Kept ?? Math.Max(1, Samples / 4);

    /// <exception cref="GuardException">Names the option, what was found and what was expected.</exception>
    internal void Validate()
    {
        Check(BlockTokens >= 1, nameof(BlockTokens), BlockTokens, "1 or more");
        Check(Samples >= 1, nameof(Samples), Samples, "1 or more");
        Check(KeptCount >= 1 && KeptCount <= Samples, nameof(Kept), KeptCount, $"1 to {Samples}, the number of samples");
        Check(MaxTokens >= 1, nameof(MaxTokens), MaxTokens, "1 or more");
        Check(Retries >= 0, nameof(Retries), Retries, "0 or more");
        Check(double.IsFinite(RetryPenalty) && RetryPenalty >= 0, nameof(RetryPenalty), RetryPenalty, "a finite number from 0 on");
        Check(double.IsFinite(Budget) && Budget > 0, nameof(Budget), Budget, "a finite number above 0");
        Check(Discount is > 0 and <= 1, nameof(Discount), Discount, "above 0 and at most 1");
        Check(double.IsFinite(UnsafeCost), nameof(UnsafeCost), UnsafeCost, "a finite number above every task cost");
    }

    private static void Check(bool holds, string option, object found, string expected) => GuardSetting.Check("InferenceGuard", holds, option, found, expected);
}

/// <summary>What <see cref="InferenceGuard"/> answered and how it came to it.</summary>
public sealed record InferenceGuardResult
{
    /// <summary>The answer's tokens; those of the refusal where it refused.</summary>
    public required int[] Ids { get; init; }

    /// <summary>The answer, or the refusal.</summary>
    public required string Text { get; init; }

    /// <summary>Whether the refusal was given, because no candidate was safe.</summary>
    public bool Refused { get; init; }

    /// <summary>Why it refused; null: it did not.</summary>
    public string? Reason { get; init; }

    /// <summary>Rounds of sampling, retries included.</summary>
    public int Rounds { get; init; }

    /// <summary>Rounds that were tried again.</summary>
    public int RetriedRounds { get; init; }

    /// <summary>Tokens drawn over all candidates.</summary>
    public int SampledTokens { get; init; }

    /// <summary>Answers that scorers were asked about.</summary>
    public int ScoredAnswers { get; init; }

    /// <summary>z at the answer's end.</summary>
    public double Budget { get; init; }

    /// <summary>The lowest z at any block's end.</summary>
    public double LowestBudget { get; init; }

    /// <summary>The answer's reward.</summary>
    public double Reward { get; init; }
}
