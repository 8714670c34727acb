using Managed.Architectures;

namespace Managed.Families;

/// <summary>Phi 3 to 4: queries, keys and values in one matrix, gate and up in another; longrope.</summary>
internal sealed class Phi3 : Family
{
    public override IReadOnlyList<string> ModelTypes => ["phi3"];

    public override IReadOnlyList<string> GgufArchitectures => ["phi3"];

    protected override ClassDefaults Defaults { get; } = new(32064, 3072, 8192, 32, 32, 4096) { Epsilon = 1e-5 };

    // Converters write a window of 0 where there is none; the first files, of the model with 4096 positions, lack the key.
    protected override bool[] Windows(FamilyPlan plan)
    {
        bool[] sliding = WindowsBy(plan, null, _ => true);
        if (!plan.IsGguf || plan.Config.Has("attention.sliding_window") || plan.Dimensions.Context != 4096)
            return sliding;
        plan.Window = 2047;
        return [.. sliding.Select(_ => true)];
    }

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture) =>
        Prefixed(source, llama) with { QueryKeyValue = "self_attn.qkv_proj", GateUp = "mlp.gate_up_proj" };

    protected override TensorLayout Gguf(FamilySource source, TensorLayout common) => common with { GateUp = "ffn_up" };
}
