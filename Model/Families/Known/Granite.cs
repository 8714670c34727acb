using Managed.Architectures;

namespace Managed.Families;

/// <summary>Granite 3: four multipliers around a Llama block.</summary>
internal class Granite : Family
{
    public override IReadOnlyList<string> ModelTypes => ["granite"];

    public override IReadOnlyList<string> GgufArchitectures => ["granite"];

    protected override ClassDefaults Defaults { get; } = new(32000, 4096, 11008, 32, 32, 2048);

    protected override bool GgufPermutes => true;

    protected override LayerSpec Layer(FamilyPlan plan, int layer) =>
        base.Layer(plan, layer) with { ResidualScale = plan.Config.Real(plan.Source.Key("residual_multiplier", "residual_scale"), 1) };

    // Replaces 1/√d, even where the key is missing and the class says 1.
    protected override AttentionSpec Attention(FamilyPlan plan, int layer)
    {
        AttentionSpec attention = base.Attention(plan, layer);
        return attention with { Scale = plan.IsGguf ? plan.Config.Real("attention.scale", attention.Scale) : plan.Config.Real("attention_multiplier", 1) };
    }

    protected override Architecture Complete(FamilyPlan plan, Architecture architecture)
    {
        string key = plan.Source.Key("logits_scaling", "logit_scale");
        double divisor = plan.Config.Number(key, 1);
        plan.Source.Refuse(key, divisor == 0, "0", "a number to divide the logits by");
        return architecture with
        {
            EmbeddingScale = plan.Config.Real(plan.Source.Key("embedding_multiplier", "embedding_scale"), 1),
            LogitScale = (float)(1 / divisor),
        };
    }

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture)
    {
        bool bias = source.Config.Flag("attention_bias", false);
        return Prefixed(source, llama) with { QueryKeyValueBias = bias, AttentionOutputBias = bias, MlpBias = source.Config.Flag("mlp_bias", false) };
    }
}
