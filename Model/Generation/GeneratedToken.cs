using Managed.Sampling;

namespace Managed;

/// <summary>One token that was generated, as a stream hands it out.</summary>
/// <param name="Id">The token's id; −1 where only text is handed out that was held back until the end.</param>
/// <param name="Text">The text that has become certain with it: empty while a character or a possible stop string is incomplete.</param>
/// <param name="Position">Its position in the conversation, counted from the beginning.</param>
/// <param name="LogProbability">Natural logarithm of its probability in the model's own distribution; NaN where log-probabilities were not asked for.</param>
public readonly record struct GeneratedToken(int Id, string Text, int Position, double LogProbability)
{
    /// <summary>The most likely tokens at this position, best first, as many as were asked for.</summary>
    public ReadOnlyMemory<TokenLogProbability> Best { get; init; }
}
