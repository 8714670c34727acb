namespace Managed.Guards.Published;

/// <summary>
/// The direction of refusal r of Arditi et al., "Refusal in Language Models Is Mediated by a Single Direction" (arXiv 2406.11717):
/// the mean state of prompts that are refused less the mean state of those that are answered, at the input of one block.
/// </summary>
/// <remarks>
/// Layers count as in the authors' code: layer l is x_l, the stream before block l (`hook_resid_pre`), one below the numbering by
/// outputs that <see cref="SteeringVectors"/> has.
/// </remarks>
public static class RefusalDirection
{
    /// <summary>x_l += c·r: with c above 0 the model refuses more.</summary>
    /// <param name="direction">r, in the length that it was extracted with.</param>
    /// <param name="layer">l, the block whose input is moved.</param>
    /// <param name="strength">c; the paper has 1 for a direction that is not normalised.</param>
    /// <param name="positions">Which tokens; null: every one, as published.</param>
    /// <exception cref="GuardException">A layer below 0.</exception>
    public static GuardProgram Add(float[] direction, int layer, float strength = 1, GuardPositions? positions = null) =>
        Guard.Define(g => g.At(Input(layer)).On(positions ?? GuardPositions.All).Add(direction, strength), "refusal_direction_add") with
        {
            What = "adds the direction of refusal at the input of one block",
        };

    /// <summary>
    /// x −= s·(x·r̂)·r̂ at x_l, a_l and f_l of every block: the model can no longer write along r. It takes refusal away, so it is no
    /// guard: it serves research, and as the lane that guided decoding leads away from.
    /// </summary>
    /// <param name="direction">r; its length does not matter.</param>
    /// <param name="strength">s; 1: all of it.</param>
    /// <param name="fidelity">Reference: r is divided by its length + 1e-8, as in the released code, so that of a short direction something stays.</param>
    public static GuardProgram Ablate(float[] direction, float strength = 1, GuardFidelity fidelity = GuardFidelity.Sane) =>
        Guard.Define(g => WriteAblation(g, direction, strength * (fidelity == GuardFidelity.Sane ? 1 : Shortened(direction))), "refusal_direction_ablate") with
        {
            What = "takes the direction of refusal out of everything that is written to the stream",
        };

    /// <summary>Moves x_l along r until x_l·r̂ lies in [low, high]: it cannot fall below what a refusal needs, and is left alone where it does not.</summary>
    /// <param name="direction">r; its length does not matter.</param>
    /// <param name="layer">l, the block whose input is moved.</param>
    /// <param name="low">The least projection.</param>
    /// <param name="high">The largest.</param>
    /// <param name="positions">Which tokens; null: every one.</param>
    /// <exception cref="GuardException">A layer below 0.</exception>
    public static GuardProgram Clamp(
        float[] direction, int layer, float low, float high = float.PositiveInfinity, GuardPositions? positions = null) =>
        Guard.Define(g => g.At(Input(layer)).On(positions ?? GuardPositions.All).Clamp(direction, low, high), "refusal_direction_clamp") with
        {
            What = "keeps the projection on the direction of refusal within bounds at the input of one block",
        };

    /// <summary>The steps of <see cref="Ablate"/>, for a program or a lane.</summary>
    internal static void WriteAblation(GuardBuilder g, float[] direction, float strength = 1)
    {
        foreach (string point in new[] { "resid_pre", "attn_out", "mlp_out" })
            g.At(point).ProjectOut(direction, strength);
    }

    // (‖r‖ / (‖r‖ + 1e-8))²: r̂ stands twice in the projection.
    private static float Shortened(float[] direction)
    {
        double length = Math.Sqrt(direction.Sum(value => (double)value * value)), share = length / (length + 1e-8);
        return (float)(share * share);
    }

    private static string Input(int layer) => layer >= 0 ? GuardPoints.ResidPre(layer)
        : throw new GuardException($"layer: found {layer}; expected 0 or more, a block's number.");
}
