namespace Managed.Guards.Published;

/// <summary>
/// Self-CD, self-contrastive decoding (Shi et al., "Navigating the OverKill in Large Language Models", arXiv 2401.17633): one model
/// under two system messages, in lock step: y ← y − α·(y − y′), that is y + α·(y′ − y).
/// </summary>
/// <remarks>
/// y are the row's logits under the conversation's own system message, y′ those of the lane under <see cref="System"/>. In the paper
/// y stresses safety and y′ does not, and α &gt; 0 takes needless refusals away. To make a model refuse more, let the lane stress
/// safety: α = 1 is the lane alone, more goes beyond it.
/// </remarks>
public sealed record SelfContrastive
{
    /// <summary>The system message of y′; empty: none at all.</summary>
    public required string System { get; init; }

    /// <summary>α.</summary>
    public required float Strength { get; init; }

    /// <summary>Tokens that the row finds less likely than this share of the likeliest never come, which keeps text fluent under a large α; 0: off, as published.</summary>
    public float Cut { get; init; }

    /// <summary>The guard. Generate through the conversation (<see cref="GuardExtensions"/>), from which the lane gets its prompt.</summary>
    /// <exception cref="GuardException">The strength is not finite, or the cut is out of range.</exception>
    public GuardProgram Build()
    {
        if (!float.IsFinite(Strength) || Cut is not (>= 0 and <= 1))
            throw new GuardException($"self_contrastive: found α = {Strength} and cut = {Cut}; expected a finite α and a cut from 0 to 1.");
        return Guard.Define(g => g.Lane("other_system", system: System).Mix("other_system", Strength, cut: Cut), "self_contrastive") with
        {
            What = "leads the answer towards or away from what the model would say under another system message",
        };
    }
}
