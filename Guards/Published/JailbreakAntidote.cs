namespace Managed.Guards.Published;

/// <summary>
/// Jailbreak Antidote (Shen et al., "Jailbreak Antidote: Runtime Safety-Utility Balance via Sparse Representation Adjustment in Large
/// Language Models", arXiv 2410.02298): x_l[T] ← x_l[T] + α·(d_l ⊙ m_l), with d_l a principal direction that points to refusal and m_l
/// the mask of its k % largest elements.
/// </summary>
/// <remarks>No code was published. The equations are those of summaries of the paper; α and k are to be chosen per model.</remarks>
public sealed record JailbreakAntidote
{
    /// <summary>d_l behind each of some blocks, pointing to refusal.</summary>
    public required SteeringVectors Directions { get; init; }

    /// <summary>α.</summary>
    public required float Strength { get; init; }

    /// <summary>k: the share of the elements that are kept, above 0 and at most 1.</summary>
    public double Share { get; init; } = 0.05;

    /// <summary>Which tokens; T, the last prompt token, alone.</summary>
    public GuardPositions Positions { get; init; } = GuardPositions.LastPromptToken;

    /// <summary>Elements that are kept of each direction.</summary>
    public int Kept => Math.Max(1, (int)Math.Round(Share * Directions.Width));

    /// <summary>The guard.</summary>
    /// <exception cref="GuardException">The share is out of range, or there is no direction.</exception>
    public GuardProgram Build()
    {
        if (Share is not (> 0 and <= 1))
            throw new GuardException($"jailbreak_antidote, share: found {Share}; expected above 0 and at most 1.");
        if (Directions.Layers.Count == 0)
            throw new GuardException("jailbreak_antidote: found no direction; expected one behind at least one block.");
        return Guard.Define(g =>
        {
            foreach (int layer in Directions.Layers)
                g.At(GuardPoints.ResidPost(layer)).On(Positions).AddSparse(Directions[layer], Kept, Strength);
        }, "jailbreak_antidote") with
        {
            What = $"adds the {Kept} largest elements of a direction of refusal",
        };
    }
}
