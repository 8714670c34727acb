using Managed.Architectures;

namespace Managed.Families;

/// <summary>Qwen 1.5 and 2 MoE: Qwen 2 with experts and a gated shared expert.</summary>
internal sealed class Qwen2Moe : Family
{
    public override IReadOnlyList<string> ModelTypes => ["qwen2_moe"];

    public override IReadOnlyList<string> GgufArchitectures => ["qwen2moe"];

    protected override ClassDefaults Defaults { get; } = new(151936, 2048, 5632, 24, 16, 32768) { KeyHeads = 16 };

    protected override bool[] Windows(FamilyPlan plan) => QwenWindows.Of(plan);

    protected override MlpSpec Mlp(FamilyPlan plan, int layer)
    {
        MlpSpec dense = base.Mlp(plan, layer);
        if (!QwenMixture.IsSparse(plan, layer))
            return dense;
        return QwenMixture.Sparse(plan, dense, 1408, 60, 4, renormalise: false) with
        {
            SharedWidth = plan.Config.Count(plan.Source.Key("shared_expert_intermediate_size", "expert_shared_feed_forward_length"), 5632, 1),
            SharedGate = true,
        };
    }

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture) =>
        Prefixed(source, llama) with { QueryKeyValueBias = source.Config.Flag("qkv_bias", true) };
}
