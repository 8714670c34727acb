namespace Managed.Sampling;

/// <summary>How the next token is chosen from the logits. What is left as it is changes nothing; Temperature 0 is greedy.</summary>
/// <remarks>Steps work in this order: see <see cref="SamplingChain"/>.</remarks>
public sealed record SamplingOptions
{
    /// <summary>The most probable token, always; of equal ones the lowest id.</summary>
    public static SamplingOptions Greedy { get; } = new() { Temperature = 0 };

    /// <summary>Scores are divided by it; 0: the best token is taken.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Lets the temperature vary by so much with the entropy; 0: it is fixed.</summary>
    public double DynamicTemperatureRange { get; init; }

    /// <summary>How the temperature grows with the entropy.</summary>
    public double DynamicTemperatureExponent { get; init; } = 1;

    /// <summary>Keeps so many best tokens; 0: all.</summary>
    public int TopK { get; init; }

    /// <summary>Keeps the best tokens that together have this mass; 1: all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Keeps tokens at least this share as probable as the best; 0: all.</summary>
    public double MinP { get; init; }

    /// <summary>Keeps the tokens of most typical surprise that together have this mass; 1: all.</summary>
    public double TypicalP { get; init; } = 1;

    /// <summary>Keeps the best tokens that together have this share of the entropy; 0: all.</summary>
    public double TopH { get; init; }

    /// <summary>Keeps scores within so many standard deviations of the best; 0: all.</summary>
    public double TopNSigma { get; init; }

    /// <summary>Drops tokens less probable than this; 0: none.</summary>
    public double EpsilonCutoff { get; init; }

    /// <summary>Drops tokens less probable than a limit that follows the entropy; 0: none.</summary>
    public double EtaCutoff { get; init; }

    /// <summary>How often all likely tokens but the last are excluded (XTC); 0: never.</summary>
    public double XtcProbability { get; init; }

    /// <summary>From which probability a token counts as likely for XTC.</summary>
    public double XtcThreshold { get; init; } = 0.1;

    /// <summary>The surprise in bits that Mirostat keeps to; 0: no Mirostat.</summary>
    public double MirostatTau { get; init; }

    /// <summary>How fast Mirostat learns.</summary>
    public double MirostatEta { get; init; } = 0.1;

    /// <summary>Divides (or multiplies, if negative) the scores of tokens in the text; 1: none.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Taken off the score of every token generated before.</summary>
    public double PresencePenalty { get; init; }

    /// <summary>Taken off the score of a token once for each time it has been generated.</summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>Counts penalties over the last so many tokens, the prompt's too, as llama.cpp does (−1: all); null: as above.</summary>
    public int? PenaltyWindow { get; init; }

    /// <summary>No n-gram of this size occurs twice; 0: they may.</summary>
    public int NoRepeatNgram { get; init; }

    /// <summary>DRY: strength of the penalty on continuing a repetition; 0: none.</summary>
    public double DryMultiplier { get; init; }

    /// <summary>DRY: growth of the penalty with the length of the repetition.</summary>
    public double DryBase { get; init; } = 1.75;

    /// <summary>DRY: the longest repetition that costs nothing more than the multiplier.</summary>
    public int DryAllowedLength { get; init; } = 2;

    /// <summary>DRY: how many of the last tokens count; −1: all.</summary>
    public int DryWindow { get; init; } = -1;

    /// <summary>DRY: tokens across which nothing counts as a repetition.</summary>
    public IReadOnlyList<int> DryBreakers { get; init; } = [];

    /// <summary>Added to the score of the last token of each sequence, where the text ends with the tokens before it.</summary>
    public IReadOnlyList<SequenceBias> LogitBias { get; init; } = [];

    /// <summary>Sequences that must not be completed. An end token alone is ignored here.</summary>
    public IReadOnlyList<IReadOnlyList<int>> BadWords { get; init; } = [];

    /// <summary>Tokens that never come.</summary>
    public IReadOnlyList<int> SuppressTokens { get; init; } = [];

    /// <summary>No end token comes before so many tokens.</summary>
    public int MinNewTokens { get; init; }

    /// <summary>Strength of guidance by the unconditional logits; 1: none.</summary>
    public double GuidanceScale { get; init; } = 1;

    /// <summary>Start of the random numbers; null: another one each time. The same seed gives the same tokens.</summary>
    public long? Seed { get; init; }

    /// <summary>Which of several samples with the same seed: another number draws other tokens.</summary>
    public int Sample { get; init; }

    /// <summary>Reports log-probabilities of the chosen token and of so many best ones; null: none at all.</summary>
    public int? LogProbabilities { get; init; }

    /// <summary>Refuses values outside their ranges.</summary>
    /// <exception cref="ArgumentException">Names the option, what was found and what was expected.</exception>
    public void Validate(int vocabulary)
    {
        const double Any = double.MaxValue, Positive = double.Epsilon;
        Number(nameof(Temperature), Temperature, 0, Any, "0 (greedy) or a positive number");
        Number(nameof(DynamicTemperatureRange), DynamicTemperatureRange, 0, Any, "0 (off) or a positive number");
        Number(nameof(DynamicTemperatureExponent), DynamicTemperatureExponent, Positive, Any, "a positive number");
        Number(nameof(TopK), TopK, 0, Any, "0 (off) or a positive number");
        Number(nameof(TopP), TopP, Positive, 1, "a number above 0, at most 1 (off)");
        Number(nameof(MinP), MinP, 0, 1, "a number from 0 (off) to 1");
        Number(nameof(TypicalP), TypicalP, Positive, 1, "a number above 0, at most 1 (off)");
        Number(nameof(TopH), TopH, 0, 1, "a number from 0 (off) to 1");
        Number(nameof(TopNSigma), TopNSigma, 0, Any, "0 (off) or a positive number");
        Number(nameof(EpsilonCutoff), EpsilonCutoff, 0, 1, "a number from 0 (off) to 1");
        Number(nameof(EtaCutoff), EtaCutoff, 0, 1, "a number from 0 (off) to 1");
        Number(nameof(XtcProbability), XtcProbability, 0, 1, "a number from 0 (off) to 1");
        Number(nameof(XtcThreshold), XtcThreshold, Positive, 1, "a number above 0, at most 1");
        Number(nameof(MirostatTau), MirostatTau, 0, Any, "0 (off) or a positive number");
        Number(nameof(MirostatEta), MirostatEta, Positive, Any, "a positive number");
        Number(nameof(RepetitionPenalty), RepetitionPenalty, Positive, Any, "a positive number; 1 is off");
        Number(nameof(PresencePenalty), PresencePenalty, -Any, Any, "a finite number");
        Number(nameof(FrequencyPenalty), FrequencyPenalty, -Any, Any, "a finite number");
        Number(nameof(PenaltyWindow), PenaltyWindow ?? 0, -1, Any, "−1 (all) or more");
        Number(nameof(NoRepeatNgram), NoRepeatNgram, 0, Any, "0 (off) or a positive number");
        Number(nameof(DryMultiplier), DryMultiplier, 0, Any, "0 (off) or a positive number");
        Number(nameof(DryBase), DryBase, 1, Any, "a number of at least 1");
        Number(nameof(DryAllowedLength), DryAllowedLength, 1, Any, "a number of at least 1");
        Number(nameof(DryWindow), DryWindow, -1, Any, "−1 (all) or more");
        Number(nameof(MinNewTokens), MinNewTokens, 0, Any, "0 or more");
        Number(nameof(GuidanceScale), GuidanceScale, -Any, Any, "a finite number; 1 is off");
        Number(nameof(Sample), Sample, 0, Any, "0 or more");
        Number(nameof(LogProbabilities), LogProbabilities ?? 0, 0, vocabulary, $"0 to {vocabulary}, the size of the vocabulary");
        foreach (SequenceBias bias in LogitBias)
        {
            if (double.IsNaN(bias.Bias) || double.IsPositiveInfinity(bias.Bias))
                throw Refused(nameof(LogitBias), $"{bias.Bias}", "a finite number, or −∞ to forbid the token");
            Sequence(nameof(LogitBias), bias.Sequence, vocabulary);
        }
        foreach (IReadOnlyList<int> word in BadWords)
            Sequence(nameof(BadWords), word, vocabulary);
        foreach (int id in SuppressTokens)
            Token(nameof(SuppressTokens), id, vocabulary);
        foreach (int id in DryBreakers)
            Token(nameof(DryBreakers), id, vocabulary);
    }

    private static void Number(string option, double found, double least, double most, string expected)
    {
        if (!(found >= least && found <= most))
            throw Refused(option, FormattableString.Invariant($"{found}"), expected);
    }

    private static void Sequence(string option, IReadOnlyList<int> ids, int vocabulary)
    {
        if (ids.Count == 0)
            throw Refused(option, "an empty sequence", "at least one token id in each");
        foreach (int id in ids)
            Token(option, id, vocabulary);
    }

    private static void Token(string option, int id, int vocabulary)
    {
        if ((uint)id >= (uint)vocabulary)
            throw Refused(option, $"token id {id}", $"ids from 0 to {vocabulary - 1}");
    }

    private static ArgumentException Refused(string option, string found, string expected) =>
        new($"{option}: found {found}; expected {expected}.");
}
