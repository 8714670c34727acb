using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>Phi 1 to 2: one LayerNorm before attention and MLP in parallel, biases everywhere.</summary>
internal sealed class Phi : Family
{
    public override IReadOnlyList<string> ModelTypes => ["phi"];

    public override IReadOnlyList<string> GgufArchitectures => ["phi2"];

    protected override ClassDefaults Defaults { get; } = new(51200, 2048, 8192, 24, 32, 2048)
    {
        Epsilon = 1e-5,
        PartialRotary = 0.5,
        Activation = "gelu_new",
    };

    protected override KeyNames Keys { get; } = new() { Epsilon = "layer_norm_eps" };

    protected override NormKind Norm => NormKind.Layer;

    protected override LayerSpec Layer(FamilyPlan plan, int layer) => base.Layer(plan, layer) with { MlpNorm = null, Parallel = true };

    protected override AttentionSpec Attention(FamilyPlan plan, int layer) => base.Attention(plan, layer) with
    {
        HeadNorm = !plan.IsGguf && plan.Config.Flag("qk_layernorm", false) ? new HeadNormSpec(plan.Norm, HeadNormExtent.Head) : null,
    };

    protected override MlpSpec Mlp(FamilyPlan plan, int layer) => Plain(plan);

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture) => Prefixed(source, llama) with
    {
        FinalNorm = source.Prefix("final_layernorm.weight", "model.", "") + "final_layernorm",
        AttentionOutput = "self_attn.dense",
        QueryNorm = "self_attn.q_layernorm",
        KeyNorm = "self_attn.k_layernorm",
        Up = "mlp.fc1",
        Down = "mlp.fc2",
        QueryKeyValueBias = true,
        AttentionOutputBias = true,
        MlpBias = true,
        HeadBias = true,
        NormBias = true,
        HeadNormBias = true,
    };
}
