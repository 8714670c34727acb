using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>OLMo 1: LayerNorms without parameters.</summary>
internal sealed class Olmo : Family
{
    public override IReadOnlyList<string> ModelTypes => ["olmo"];

    public override IReadOnlyList<string> GgufArchitectures => ["olmo"];

    protected override ClassDefaults Defaults { get; } = new(50304, 4096, 11008, 32, 32, 2048) { Epsilon = 1e-5 };

    // No key: the value is fixed in the model's code.
    protected override KeyNames Keys { get; } = new() { Epsilon = "(fixed)" };

    protected override NormKind Norm => NormKind.Layer;

    protected override bool GgufPermutes => true;

    protected override AttentionSpec Attention(FamilyPlan plan, int layer) =>
        base.Attention(plan, layer) with { ClipQkv = ClipReader.Read(plan.Source, plan.Source.Key("clip_qkv", "attention.clamp_kqv")) };

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture)
    {
        bool bias = source.Config.Flag("attention_bias", false);
        return Prefixed(source, llama) with { NormsWithoutParameters = true, QueryKeyValueBias = bias, AttentionOutputBias = bias };
    }

    protected override TensorLayout Gguf(FamilySource source, TensorLayout common) => common with { NormsWithoutParameters = true };
}
