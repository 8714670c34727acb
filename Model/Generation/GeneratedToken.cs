using Managed.Sampling;

namespace Managed;

/// <summary>One token that was generated, as a stream hands it out.</summary>
/// <param name="Id">The token's id.</param>
/// <param name="Text">The text that has become certain with it: empty while a character or a possible stop string is incomplete.</param>
/// <param name="Position">Its position in the conversation, counted from the beginning.</param>
/// <param name="LogProbability">Natural logarithm of the probability it was drawn with; NaN where log-probabilities were not asked for.</param>
public readonly record struct GeneratedToken(int Id, string Text, int Position, double LogProbability);

/// <summary>What a generation gave.</summary>
public sealed record GenerationResult
{
    /// <summary>The new ids, an end token included.</summary>
    public required int[] Ids { get; init; }

    /// <summary>The new text, without special tokens and stop strings.</summary>
    public required string Text { get; init; }

    /// <summary>Tokens of the prompt.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Why it ended.</summary>
    public required StopReason Reason { get; init; }

    /// <summary>Natural logarithm of each new token's probability; empty where not asked for.</summary>
    public double[] LogProbabilities { get; init; } = [];

    /// <summary>Seconds from the prompt to the first token.</summary>
    public double PrefillSeconds { get; init; }

    /// <summary>Seconds of all tokens after the first.</summary>
    public double DecodeSeconds { get; init; }

    /// <summary>The precision it was computed in.</summary>
    public required Kernels.Precision Precision { get; init; }
}
