using Managed.Architectures;

namespace Managed.Families;

/// <summary>Qwen 3 MoE: Qwen 3 with experts.</summary>
internal sealed class Qwen3Moe : Family
{
    public override IReadOnlyList<string> ModelTypes => ["qwen3_moe"];

    public override IReadOnlyList<string> GgufArchitectures => ["qwen3moe"];

    protected override ClassDefaults Defaults { get; } = new(151936, 2048, 6144, 24, 32, 32768) { KeyHeads = 4 };

    // Where the window is on, it is in every layer.
    protected override bool[] Windows(FamilyPlan plan) =>
        plan.IsGguf || !plan.Config.Flag("use_sliding_window", false) ? base.Windows(plan) : WindowsBy(plan, 4096, _ => true);

    protected override AttentionSpec Attention(FamilyPlan plan, int layer) =>
        base.Attention(plan, layer) with { HeadNorm = new HeadNormSpec(plan.Norm, HeadNormExtent.Head) };

    protected override MlpSpec Mlp(FamilyPlan plan, int layer)
    {
        MlpSpec dense = base.Mlp(plan, layer);
        return QwenMixture.IsSparse(plan, layer) ? QwenMixture.Sparse(plan, dense, 768, 128, 8, renormalise: true) : dense;
    }

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture)
    {
        bool bias = source.Config.Flag("attention_bias", false);
        return Prefixed(source, llama) with { QueryKeyValueBias = bias, AttentionOutputBias = bias };
    }
}
