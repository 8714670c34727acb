using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>OLMoE: experts, queries and keys normed as a whole.</summary>
internal sealed class OlmoE : Family
{
    public override IReadOnlyList<string> ModelTypes => ["olmoe"];

    public override IReadOnlyList<string> GgufArchitectures => ["olmoe"];

    protected override ClassDefaults Defaults { get; } = new(50304, 2048, 2048, 16, 16, 4096) { Epsilon = 1e-5 };

    protected override AttentionSpec Attention(FamilyPlan plan, int layer)
    {
        float clip = ClipReader.Read(plan.Source, plan.Source.Key("clip_qkv", "attention.clamp_kqv"));
        plan.Source.Refuse("clip_qkv", clip != 0, $"{clip}", "null; clamping after the query and key norms is not supported");
        return base.Attention(plan, layer) with { HeadNorm = new HeadNormSpec(plan.Norm, HeadNormExtent.Whole) };
    }

    protected override MlpSpec Mlp(FamilyPlan plan, int layer) => base.Mlp(plan, layer) with
    {
        Router = plan.IsGguf
            ? MixtureReader.Gguf(plan.Source, RouterScoring.SoftmaxThenTop, plan.Config.Flag("expert_weights_norm", false))
            : MixtureReader.Read(plan.Source, "num_experts", 64, "num_experts_per_tok", 8, RouterScoring.SoftmaxThenTop, plan.Config.Flag("norm_topk_prob", false)),
    };

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture)
    {
        bool bias = source.Config.Flag("attention_bias", false);
        return Prefixed(source, llama) with { QueryKeyValueBias = bias, AttentionOutputBias = bias };
    }
}
