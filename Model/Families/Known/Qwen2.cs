using Managed.Architectures;

namespace Managed.Families;

/// <summary>Qwen 2 and 2.5: biases on queries, keys and values.</summary>
internal sealed class Qwen2 : Family
{
    public override IReadOnlyList<string> ModelTypes => ["qwen2"];

    public override IReadOnlyList<string> GgufArchitectures => ["qwen2"];

    protected override ClassDefaults Defaults { get; } = new(151936, 4096, 22016, 32, 32, 32768) { KeyHeads = 32 };

    protected override bool[] Windows(FamilyPlan plan) => QwenWindows.Of(plan);

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture) =>
        Prefixed(source, llama) with { QueryKeyValueBias = true };
}
