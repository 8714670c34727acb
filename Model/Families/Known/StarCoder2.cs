using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>StarCoder 2: LayerNorms, a plain MLP, biases under one flag.</summary>
internal sealed class StarCoder2 : Family
{
    public override IReadOnlyList<string> ModelTypes => ["starcoder2"];

    public override IReadOnlyList<string> GgufArchitectures => ["starcoder2"];

    protected override ClassDefaults Defaults { get; } = new(49152, 3072, 12288, 30, 24, 4096)
    {
        KeyHeads = 2,
        Epsilon = 1e-5,
        Activation = "gelu_pytorch_tanh",
        Tied = true,
    };

    protected override KeyNames Keys { get; } = new() { Epsilon = "norm_epsilon" };

    protected override NormKind Norm => NormKind.Layer;

    protected override bool[] Windows(FamilyPlan plan) => WindowsBy(plan, null, _ => true);

    protected override MlpSpec Mlp(FamilyPlan plan, int layer) => Plain(plan);

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture)
    {
        bool bias = source.Config.Flag("use_bias", true);
        return Prefixed(source, llama) with
        {
            Up = "mlp.c_fc",
            Down = "mlp.c_proj",
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            MlpBias = bias,
            NormBias = true,
        };
    }
}
