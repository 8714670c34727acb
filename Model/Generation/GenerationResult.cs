using Managed.Sampling;

namespace Managed;

/// <summary>What a generation gave.</summary>
public sealed record GenerationResult
{
    /// <summary>The new ids, an end token included.</summary>
    public required int[] Ids { get; init; }

    /// <summary>The new text, without special tokens and stop strings. Put behind the prompt's text it continues it.</summary>
    public required string Text { get; init; }

    /// <summary>Tokens of the prompt.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Tokens of the prompt that the cache held already.</summary>
    public int CachedTokens { get; init; }

    /// <summary>Why it ended.</summary>
    public required StopReason Reason { get; init; }

    /// <summary>Why it failed, where <see cref="Reason"/> says so; only in a batch, a single generation throws it.</summary>
    public Exception? Failure { get; init; }

    /// <summary>Start of the random numbers: the one that was asked for, or the one that was made up; null where nothing was drawn.</summary>
    public long? Seed { get; init; }

    /// <summary>Natural logarithm of each new token's probability in the model's own distribution; empty where not asked for.</summary>
    public double[] LogProbabilities { get; init; } = [];

    /// <summary>For each new token, the most likely tokens of its position, best first; empty where not asked for.</summary>
    public TokenLogProbability[][] BestTokens { get; init; } = [];

    /// <summary>Whether the text is whole by its constraint; null: there is none. False: it was cut, or could not go on.</summary>
    public bool? ConstraintSatisfied { get; init; }

    /// <summary>What beam search found, best first, as many as were asked for; the first is the answer itself.</summary>
    public IReadOnlyList<BeamText> Beams { get; init; } = [];

    /// <summary>What the draft model achieved; null: there was none.</summary>
    public DraftReport? Draft { get; init; }

    /// <summary>What the guard did; null: there was none.</summary>
    public GuardReceipt? Receipt { get; init; }

    /// <summary>Seconds from the prompt to the first token.</summary>
    public double PrefillSeconds { get; init; }

    /// <summary>Seconds of all tokens after the first.</summary>
    public double DecodeSeconds { get; init; }

    /// <summary>The precision it was computed in.</summary>
    public required Kernels.Precision Precision { get; init; }
}

/// <summary>One text that beam search found.</summary>
/// <param name="Ids">Its new ids, an end token included.</param>
/// <param name="Text">Its new text.</param>
/// <param name="Score">LogProbability / (number of ids)^penalty.</param>
/// <param name="LogProbability">Σ log p of its ids.</param>
public sealed record BeamText(int[] Ids, string Text, double Score, double LogProbability);

/// <summary>How well a draft model foresaw the tokens.</summary>
/// <param name="Proposed">Tokens that it proposed.</param>
/// <param name="Accepted">Those of them that stood.</param>
/// <param name="Steps">Steps of the large model after the prompt.</param>
public sealed record DraftReport(int Proposed, int Accepted, int Steps)
{
    /// <summary>Share of the proposed tokens that stood; 0 where none were proposed.</summary>
    public double AcceptanceRate => Proposed == 0 ? 0 : (double)Accepted / Proposed;
}
