using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>Command R: one LayerNorm without bias before attention and MLP in parallel, adjacent pairs, scaled logits.</summary>
internal class Cohere : Family
{
    public override IReadOnlyList<string> ModelTypes => ["cohere"];

    public override IReadOnlyList<string> GgufArchitectures => ["command-r"];

    protected override ClassDefaults Defaults { get; } = new(256000, 8192, 22528, 40, 64, 8192) { Epsilon = 1e-5, Tied = true };

    protected override KeyNames Keys { get; } = new() { Epsilon = "layer_norm_eps" };

    protected override NormKind Norm => NormKind.Layer;

    protected override RopePairing Pairing => RopePairing.Adjacent;

    protected override LayerSpec Layer(FamilyPlan plan, int layer) => base.Layer(plan, layer) with { MlpNorm = null, Parallel = true };

    protected override AttentionSpec Attention(FamilyPlan plan, int layer)
    {
        bool normed = plan.IsGguf ? plan.Source.HasTensor("blk.0.attn_q_norm.weight") : plan.Config.Flag("use_qk_norm", false);
        return base.Attention(plan, layer) with { HeadNorm = normed ? new HeadNormSpec(plan.Norm, HeadNormExtent.HeadWithOwnGain) : null };
    }

    protected override Architecture Complete(FamilyPlan plan, Architecture architecture) =>
        architecture with { LogitScale = plan.Config.Real("logit_scale", 0.0625) };

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture)
    {
        bool bias = source.Config.Flag("attention_bias", false);
        return Prefixed(source, llama) with { QueryKeyValueBias = bias, AttentionOutputBias = bias };
    }
}
