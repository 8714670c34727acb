using Managed.Architectures;

namespace Managed.Families;

/// <summary>Qwen 3: queries and keys are normed by head; no biases.</summary>
internal sealed class Qwen3 : Family
{
    public override IReadOnlyList<string> ModelTypes => ["qwen3"];

    public override IReadOnlyList<string> GgufArchitectures => ["qwen3"];

    protected override ClassDefaults Defaults { get; } = new(151936, 4096, 22016, 32, 32, 32768) { KeyHeads = 32, HeadDimension = 128 };

    protected override bool[] Windows(FamilyPlan plan) => QwenWindows.Of(plan);

    protected override AttentionSpec Attention(FamilyPlan plan, int layer) =>
        base.Attention(plan, layer) with { HeadNorm = new HeadNormSpec(plan.Norm, HeadNormExtent.Head) };

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture)
    {
        bool bias = source.Config.Flag("attention_bias", false);
        return Prefixed(source, llama) with { QueryKeyValueBias = bias, AttentionOutputBias = bias };
    }
}
