using Managed.Architectures;

namespace Managed.Families;

/// <summary>OLMo 2: norms only on what the sublayers give, and on queries and keys as a whole.</summary>
internal class Olmo2 : Family
{
    public override IReadOnlyList<string> ModelTypes => ["olmo2"];

    // llama.cpp reads OLMo 3 under the same name: a file with a window is one.
    public override IReadOnlyList<string> GgufArchitectures => ["olmo2"];

    protected override ClassDefaults Defaults { get; } = new(50304, 4096, 11008, 32, 32, 2048) { Epsilon = 1e-5 };

    protected override bool[] Windows(FamilyPlan plan) =>
        plan.IsGguf ? WindowsBy(plan, null, LayerTypes.AllButEvery(4)) : base.Windows(plan);

    protected override RopeSpec Rope(FamilySource source, Dimensions dimensions, string layerType)
    {
        RopeReader ropes = Ropes(source, dimensions);
        if (layerType == LayerTypes.Full || ropes.IsPerLayerType)
            return ropes.Read(layerType);
        // Layers with a window keep the plain embedding when the others are scaled.
        double theta = ropes.Read().Theta;
        return ropes.Plain(source.IsGguf ? source.Config.Number("rope.freq_base_swa", theta) : theta);
    }

    protected override LayerSpec Layer(FamilyPlan plan, int layer) => base.Layer(plan, layer) with
    {
        AttentionNorm = null,
        MlpNorm = null,
        AttentionPostNorm = plan.Norm,
        MlpPostNorm = plan.Norm,
    };

    protected override AttentionSpec Attention(FamilyPlan plan, int layer) =>
        base.Attention(plan, layer) with { HeadNorm = new HeadNormSpec(plan.Norm, HeadNormExtent.Whole) };

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture)
    {
        bool bias = source.Config.Flag("attention_bias", false);
        return Prefixed(source, llama) with { QueryKeyValueBias = bias, AttentionOutputBias = bias };
    }
}
