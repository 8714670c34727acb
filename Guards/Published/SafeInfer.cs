namespace Managed.Guards.Published;

/// <summary>
/// SafeInfer (Banerjee et al., "SafeInfer: Context Adaptive Decoding Time Safety Alignment for Large Language Models", arXiv 2406.12274).
/// Safety amplification adds a function vector behind an early block, x_{l+1}[t] += γ·SV; safety-guided decoding filters the result:
/// s(v) = log p(v) − λ/(1 − λ) · max(0, log p_anti(v) − log p(v)). Either works without the other.
/// </summary>
/// <remarks>
/// The filter is the union operator of language model arithmetic (Dekoninck et al., arXiv 2311.14479) in closed form:
/// (log p − λ·max(log p, log p_anti)) / (1 − λ). It punishes what the anti-expert likes better and never lifts a token. SV, a sum of mean head outputs,
/// is a constant: the heads may lie behind the block that is moved.
/// </remarks>
public sealed record SafeInfer
{
    /// <summary>SV, of the stream's width; null: no amplification.</summary>
    public float[]? Vector { get; init; }

    /// <summary>l, the block whose output is moved; null: a quarter of the blocks, rounded (8 of 32: the paper's "layer 9", counted from 1).</summary>
    public int? Layer { get; init; }

    /// <summary>γ; null: 0.5, the paper's, and 1.5, the released code's, for <see cref="GuardFidelity.Reference"/>.</summary>
    public float? Strength { get; init; }

    /// <summary>Which tokens are moved: the last prompt token and every token of the answer.</summary>
    public GuardPositions Positions { get; init; } = GuardPositions.FromLastPromptToken;

    /// <summary>What the filter leads away from; null: no filter.</summary>
    public AntiExpert? AntiExpert { get; init; }

    /// <summary>λ, from 0 to less than 1: 0 changes nothing, near 1 no token passes that the anti-expert likes better.</summary>
    public float Lambda { get; init; } = 0.99f;

    /// <summary>
    /// Tokens after which the anti-expert is looked at (speculative evaluation); 1: each one. Between two looks tokens come from the amplified model
    /// alone, and stand where the filter agrees: an anti-expert with weights of its own then reads them once for several tokens.
    /// </summary>
    public int LookEvery { get; init; } = 1;

    /// <summary>
    /// The released code: γ is 1.5, the anti-expert's log-probabilities are rounded to bfloat16 (the model that the code loads is of that type, the
    /// other is not), and a token that was chosen before the anti-expert was looked at stands by the ratio of its probabilities. Sane: γ is 0.5,
    /// float32 on both sides, and such a token stands where it is what the filter chooses. The code moves only the first row of a batch; that is not offered.
    /// </summary>
    public GuardFidelity Fidelity { get; init; } = GuardFidelity.Sane;

    /// <summary>γ as it is used.</summary>
    public float UsedStrength => Strength ?? (Fidelity == GuardFidelity.Reference ? 1.5f : 0.5f);

    /// <summary>The guard for a model. Rows of its head that no token has are left out of both distributions.</summary>
    /// <param name="model">The model.</param>
    /// <exception cref="GuardException">Neither vector nor anti-expert is given, the block does not exist, or λ is out of range.</exception>
    public GuardProgram Build(LanguageModel model) => Build(model.LayerCount, SurplusTokens.Of(model));

    /// <summary>The guard for models of some size, whose head has a row for each token and no more.</summary>
    /// <param name="layerCount">Blocks of the model.</param>
    /// <exception cref="GuardException">Neither vector nor anti-expert is given, the block does not exist, or λ is out of range.</exception>
    public GuardProgram Build(int layerCount) => Build(layerCount, []);

    private GuardProgram Build(int layerCount, int[] surplus)
    {
        if (Vector is null && AntiExpert is null)
            throw new GuardException("safeinfer: found neither a vector nor an anti-expert; expected one of them or both.");
        if (Lambda is not (>= 0 and < 1))
            throw new GuardException($"safeinfer, lambda: found {Lambda}; expected 0 ≤ lambda < 1: from 1 on the signs turn over.");
        int layer = Layer ?? QuarterOf(layerCount);
        if (layer < 0 || layer >= layerCount)
            throw new GuardException($"safeinfer, layer: found {layer}; expected 0 to {layerCount - 1}.");
        if (LookEvery < 1 || (LookEvery > 1 && AntiExpert is null))
            throw new GuardException($"safeinfer, look every: found {LookEvery} tokens {(AntiExpert is null ? "and no anti-expert" : "")}; expected 1, or more with an anti-expert.");
        bool released = Fidelity == GuardFidelity.Reference;
        return Guard.Define(g =>
        {
            if (Vector is not null)
                g.At(GuardPoints.ResidPost(layer)).On(Positions).Add(Vector, UsedStrength);
            if (AntiExpert is null)
                return;
            AntiExpert.Write(g, "anti_expert");
            if (surplus.Length > 0)
                g.Mask(surplus);
            g.Union("anti_expert", Lambda, rounded: released);
            if (LookEvery > 1)
                g.LookLate(LookEvery, released ? SpeculativeAcceptance.Ratio : SpeculativeAcceptance.SameToken);
        }, "safeinfer") with
        {
            What = Vector is null ? "guided decoding: the union filter away from an anti-expert"
                : AntiExpert is null ? "safety amplification: a function vector behind an early block"
                : "safety amplification and guided decoding: a function vector, and the union filter away from an anti-expert",
        };
    }

    /// <summary>The block that is moved where none is named.</summary>
    /// <param name="layerCount">Blocks of the model.</param>
    public static int QuarterOf(int layerCount) => Math.Min((int)Math.Round(layerCount / 4.0, MidpointRounding.AwayFromZero), layerCount - 1);
}
