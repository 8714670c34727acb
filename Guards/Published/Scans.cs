namespace Managed.Guards.Published;

/// <summary>
/// SCANS, safety-conscious activation steering (Cao et al., "SCANS: Mitigating the Exaggerated Safety for LLMs via Safety-Conscious
/// Activation Steering", arXiv 2408.11491). A pass over the prompt and " Sure" classifies: c = mean over l of cos(τ_l, ref_l), with
/// τ_l = x_{l+1}[e] − x_{l+1}[s]. Then x_{l+1}[t] += σ·α·v_l for the middle third of the blocks and every t from e on, σ = +1 (towards
/// refusal) where c is at least the threshold and −1 (away from it) elsewhere.
/// </summary>
/// <remarks>
/// The released code computes the prompt three times and moves every position where it does not find the end of the instruction.
/// Here the part before e is computed once, and a prompt without an end of the instruction is refused.
/// </remarks>
public sealed record Scans
{
    /// <summary>The text behind the prompt in the pass that classifies.</summary>
    public const string Sure = " Sure";

    /// <summary>v_l and ref_l.</summary>
    public required ScansDirections Directions { get; init; }

    /// <summary>α; 3.5 for Llama 2 7B, 4 for Vicuna. Directions have length 1, so that it is to be chosen for each model.</summary>
    public float Strength { get; init; } = 3.5f;

    /// <summary>The least c of a harmful request; to be calibrated on one's own data. The paper has 0.65 to 0.75, by data set.</summary>
    public float Threshold { get; init; } = 0.75f;

    /// <summary>Position of e, the last token of the marker that ends the instruction, counted from the prompt's end; see <see cref="FindInstructionEnd"/>.</summary>
    public int InstructionEnd { get; init; } = -1;

    /// <summary>The text whose last token is s.</summary>
    public string Probe { get; init; } = Sure;

    /// <summary>
    /// Which blocks of models that are not of 32: the released code's default has blocks 10 to 19 whatever the size, and of a model of
    /// 40 only 10 to 18 classify, since its range leaves out the last that it names. Sane: thirds of the model, and all from a third on classify.
    /// </summary>
    public GuardFidelity Fidelity { get; init; } = GuardFidelity.Sane;

    /// <summary>Blocks whose outputs are moved: from a third to two thirds of the model, 10 to 19 of 32.</summary>
    /// <param name="layerCount">Blocks of the model.</param>
    /// <param name="fidelity">Reference: 10 to 19, of a model that has as many.</param>
    public static (int First, int End) EditedLayers(int layerCount, GuardFidelity fidelity = GuardFidelity.Sane) => fidelity == GuardFidelity.Sane
        ? (layerCount / 3, Math.Max((layerCount / 3) + 1, 2 * (layerCount / 3)))
        : (Math.Min(10, layerCount - 1), Math.Min(20, layerCount));

    /// <summary>Blocks that classify: from a third of the model on, 10 to 31 of 32.</summary>
    /// <param name="layerCount">Blocks of the model.</param>
    /// <param name="fidelity">Reference: from 10 on, but of a model of 40 (13B) 10 to 18.</param>
    public static (int First, int End) ClassifyingLayers(int layerCount, GuardFidelity fidelity = GuardFidelity.Sane) => fidelity == GuardFidelity.Sane
        ? (layerCount / 3, layerCount)
        : (Math.Min(10, layerCount - 1), layerCount == 40 ? 19 : layerCount);

    /// <summary>The guard.</summary>
    /// <param name="layerCount">Blocks of the model.</param>
    /// <exception cref="GuardException">A setting is out of range, or a direction is missing.</exception>
    public GuardProgram Build(int layerCount)
    {
        if (InstructionEnd >= 0 || Probe.Length == 0)
            throw new GuardException($"scans: found the instruction's end {InstructionEnd} and the text \"{Probe}\"; expected a position below 0, counted from the prompt's end, and a text.");
        GuardPositions end = InstructionEnd == -1 ? GuardPositions.LastPromptToken : GuardPositions.Range(InstructionEnd, InstructionEnd + 1);
        (int firstRead, int endRead) = ClassifyingLayers(layerCount, Fidelity);
        (int firstEdit, int endEdit) = EditedLayers(layerCount, Fidelity);
        return Guard.Define(g =>
        {
            g.Decide(d =>
            {
                for (int layer = firstRead; layer < endRead; layer++)
                {
                    // cos(x[e] − x[s], ref) = cos(x[s] − x[e], −ref); the register keeps what the last token of the text wrote.
                    d.At(GuardPoints.ResidPost(layer)).On(end).Record($"end.{layer}");
                    d.At(GuardPoints.ResidPost(layer)).On(GuardPositions.Generated).ReadCosine(Negated(Directions.Transition[layer]), $"end.{layer}", Register(layer));
                }
            }, Probe);
            GuardValue similarity = g.Decided(Register(firstRead));
            for (int layer = firstRead + 1; layer < endRead; layer++)
                similarity += g.Decided(Register(layer));
            similarity /= (float)(endRead - firstRead);
            for (int layer = firstEdit; layer < endEdit; layer++)
            {
                g.At(GuardPoints.ResidPost(layer)).On(GuardPositions.From(InstructionEnd)).When(similarity >= Threshold).Add(Directions.Steering[layer], Strength);
                g.At(GuardPoints.ResidPost(layer)).On(GuardPositions.From(InstructionEnd)).When(similarity < Threshold).Add(Directions.Steering[layer], -Strength);
            }
        }, "scans") with
        {
            What = "classifies the prompt by how \" Sure\" moves the stream, then steers the middle of the model towards or away from refusal",
        };
    }

    /// <summary>Where the instruction ends, counted from the prompt's end: the last token of the last marker.</summary>
    /// <param name="prompt">The prompt's tokens.</param>
    /// <param name="marker">The tokens that end an instruction: those of "[/INST]".</param>
    /// <exception cref="GuardException">The marker is empty or not in the prompt.</exception>
    public static int FindInstructionEnd(ReadOnlySpan<int> prompt, ReadOnlySpan<int> marker)
    {
        int found = marker.IsEmpty ? -1 : prompt.LastIndexOf(marker);
        return found >= 0 ? found + marker.Length - 1 - prompt.Length
            : throw new GuardException($"scans: found no end of the instruction ({marker.Length} tokens) in a prompt of {prompt.Length} tokens; expected the marker that ends a user's turn.");
    }

    private static string Register(int layer) => $"similarity.{layer}";

    private static float[] Negated(float[] vector) => Array.ConvertAll(vector, value => -value);
}
