using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>GPT-2: learned positions, matrices stored transposed in Hugging Face's layout.</summary>
internal sealed class Gpt2 : Family
{
    public override IReadOnlyList<string> ModelTypes => ["gpt2"];

    public override IReadOnlyList<string> GgufArchitectures => ["gpt2"];

    protected override ClassDefaults Defaults { get; } = new(50257, 768, 0, 12, 12, 1024) { Epsilon = 1e-5, Activation = "gelu_new", Tied = true };

    protected override KeyNames Keys => KeyNames.Gpt2;

    protected override NormKind Norm => NormKind.Layer;

    protected override bool HasRope(FamilyPlan plan, int layer) => false;

    protected override AttentionSpec Attention(FamilyPlan plan, int layer)
    {
        AttentionSpec attention = base.Attention(plan, layer);
        if (plan.IsGguf)
            return attention;
        float scale = plan.Config.Flag("scale_attn_weights", true) ? attention.Scale : 1;
        return attention with { Scale = plan.Config.Flag("scale_attn_by_inverse_layer_idx", false) ? scale / (layer + 1) : scale };
    }

    protected override MlpSpec Mlp(FamilyPlan plan, int layer) => Plain(plan);

    protected override Architecture Complete(FamilyPlan plan, Architecture architecture)
    {
        plan.Source.RequireFlag("add_cross_attention", false, false);
        return architecture with { LearnedPositionOffset = 0, LearnedPositions = plan.Dimensions.Context };
    }

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture)
    {
        string prefix = source.Prefix("wte.weight", "transformer.", "");
        return llama with
        {
            Embedding = prefix + "wte",
            PositionEmbedding = prefix + "wpe",
            FinalNorm = prefix + "ln_f",
            Layer = prefix + "h.{0}.",
            AttentionNorm = "ln_1",
            MlpNorm = "ln_2",
            QueryKeyValue = "attn.c_attn",
            AttentionOutput = "attn.c_proj",
            Up = "mlp.c_fc",
            Down = "mlp.c_proj",
            Transposed = true,
            QueryKeyValueBias = true,
            AttentionOutputBias = true,
            MlpBias = true,
            NormBias = true,
        };
    }
}
