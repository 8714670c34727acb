namespace Managed.Sampling;

/// <summary>A bias on the last token of a sequence, given that the text ends with the tokens before it.</summary>
/// <param name="Sequence">One token or more.</param>
/// <param name="Bias">What is added to the last token's logit; −∞ forbids it.</param>
public sealed record SequenceBias(IReadOnlyList<int> Sequence, double Bias)
{
    internal int[] Tokens { get; } = [.. Sequence];

    internal int Last => Tokens[^1];

    /// <summary>Whether the text ends with the sequence without its last token.</summary>
    internal bool Follows(ReadOnlySpan<int> ids) => ids.EndsWith(Tokens.AsSpan(0, Tokens.Length - 1));
}
