using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>StableLM: LayerNorms around a Llama block, a quarter of each head rotated; optionally parallel, optionally with a norm per head.</summary>
internal sealed class StableLm : Family
{
    public override IReadOnlyList<string> ModelTypes => ["stablelm"];

    public override IReadOnlyList<string> GgufArchitectures => ["stablelm"];

    protected override ClassDefaults Defaults { get; } = new(50304, 2560, 6912, 32, 32, 4096) { KeyHeads = 32, Epsilon = 1e-5, PartialRotary = 0.25 };

    protected override KeyNames Keys { get; } = new() { Epsilon = "layer_norm_eps" };

    protected override NormKind Norm => NormKind.Layer;

    // In GGUF the absence of the second norm tells; use_parallel_residual is written too, but not always heeded.
    protected override LayerSpec Layer(FamilyPlan plan, int layer)
    {
        bool parallel = plan.IsGguf ? !plan.Source.HasTensor($"blk.{layer}.ffn_norm.weight") : plan.Config.Flag("use_parallel_residual", false);
        LayerSpec block = base.Layer(plan, layer);
        return parallel ? block with { Parallel = true, MlpNorm = null } : block;
    }

    protected override AttentionSpec Attention(FamilyPlan plan, int layer)
    {
        bool normed = plan.IsGguf ? plan.Source.HasTensor("blk.0.attn_q_norm.weight") : plan.Config.Flag("qk_layernorm", false);
        return base.Attention(plan, layer) with { HeadNorm = normed ? new HeadNormSpec(plan.Norm, HeadNormExtent.HeadWithOwnGain) : null };
    }

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture) => Prefixed(source, llama) with
    {
        QueryKeyValueBias = source.Config.Flag("use_qkv_bias", false),
        NormBias = true,
        QueryNorm = "self_attn.q_layernorm.norms.{0}",
        KeyNorm = "self_attn.k_layernorm.norms.{0}",
        HeadNormPerHead = true,
    };
}
