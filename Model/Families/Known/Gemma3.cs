using Managed.Architectures;

namespace Managed.Families;

/// <summary>Gemma 3, and the text part of its multimodal checkpoints: normed queries and keys, five of six layers with a window and a θ of their own.</summary>
internal sealed class Gemma3 : Gemma2
{
    public override IReadOnlyList<string> ModelTypes => ["gemma3_text", "gemma3"];

    public override IReadOnlyList<string> GgufArchitectures => ["gemma3"];

    protected override ClassDefaults Defaults { get; } = new(262208, 2304, 9216, 26, 8, 131072)
    {
        KeyHeads = 4,
        HeadDimension = 256,
        Activation = "gelu_pytorch_tanh",
        Theta = 1e6,
        Tied = true,
    };

    protected override int LargestModelLayers => 62;

    protected override double? LogitCap => null;

    protected override double? ScoreCap => null;

    protected override bool[] Windows(FamilyPlan plan)
    {
        int period = plan.IsGguf ? 6 : plan.Config.Count("sliding_window_pattern|_sliding_window_pattern", 6, 1);
        return WindowsBy(plan, 4096, LayerTypes.AllButEvery(period));
    }

    // Global layers have the configured scaling, local ones a plain embedding with a θ of their own.
    protected override RopeSpec Rope(FamilySource source, Dimensions dimensions, string layerType)
    {
        RopeReader ropes = Ropes(source, dimensions);
        if (layerType == LayerTypes.Full || ropes.IsPerLayerType)
            return ropes.Read(layerType);
        string key = source.Key("rope_local_base_freq", "rope.freq_base_swa");
        double theta = source.Config.Number(key, 10000);
        source.Refuse(key, theta <= 0, $"{theta}", "a number above 0");
        return ropes.Plain(theta);
    }

    protected override AttentionSpec Attention(FamilyPlan plan, int layer) =>
        base.Attention(plan, layer) with { HeadNorm = new HeadNormSpec(plan.Norm, HeadNormExtent.Head) };
}
