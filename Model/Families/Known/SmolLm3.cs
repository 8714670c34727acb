using Managed.Architectures;

namespace Managed.Families;

/// <summary>SmolLM3: every fourth layer has no positions.</summary>
internal sealed class SmolLm3 : Family
{
    public override IReadOnlyList<string> ModelTypes => ["smollm3"];

    public override IReadOnlyList<string> GgufArchitectures => ["smollm3"];

    protected override ClassDefaults Defaults { get; } = new(128256, 2048, 11008, 36, 16, 32768) { KeyHeads = 4, Theta = 2e6, Tied = true };

    protected override bool GgufPermutes => true;

    protected override bool HasRope(FamilyPlan plan, int layer)
    {
        const string Key = "no_rope_layers";
        long[]? given = plan.IsGguf ? null : plan.Config.Integers(Key);
        if (given is null)
            return LayerTypes.AllButEvery(plan.IsGguf ? 4 : plan.Config.Count("no_rope_layer_interval", 4, 1))(layer);
        plan.Source.Refuse(Key, given.Length != plan.Dimensions.Layers, $"{given.Length} entries", $"one for each of the {plan.Dimensions.Layers} layers");
        return given[layer] != 0;
    }

    protected override bool[] Windows(FamilyPlan plan)
    {
        if (plan.IsGguf || !plan.Config.Flag("use_sliding_window", false))
            return base.Windows(plan);
        return WindowsBy(plan, null, layer => !HasRope(plan, layer));
    }

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture)
    {
        bool bias = source.Config.Flag("attention_bias", false);
        return Prefixed(source, llama) with
        {
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            MlpBias = source.Config.Flag("mlp_bias", false),
        };
    }
}
