namespace Managed;

/// <summary>
/// Speculative evaluation of a guard's lanes: they are looked at only every few tokens. Until then tokens come from the row alone;
/// then the lanes take all of these in one step, and as many stand as the whole formula would have given.
/// </summary>
/// <param name="Tokens">Tokens after which the lanes are looked at, 2 or more.</param>
/// <param name="Acceptance">When a token stands.</param>
internal sealed record LateLanes(int Tokens, SpeculativeAcceptance Acceptance)
{
    /// <summary>Tokens between two looks at most.</summary>
    public const int Most = 64;
}

/// <summary>When a token stands that was chosen before a guard's lanes were looked at.</summary>
public enum SpeculativeAcceptance
{
    /// <summary>Where the whole formula chooses it too, with the same random number: the tokens are those of lanes that are looked at each time.</summary>
    SameToken,

    /// <summary>
    /// With probability min(1, q/(p + 1e-6)), p and q its probabilities without and with the lanes; in place of one that does not stand, a draw from
    /// max(0, q − p)/Σ: drawn tokens have the distribution of the whole formula, and are others. As in the library of language model arithmetic.
    /// </summary>
    Ratio,
}
