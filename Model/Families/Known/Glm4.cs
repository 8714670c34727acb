using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>GLM-4: norms before and after each sublayer, half of each head rotated in adjacent pairs, gate and up in one matrix.</summary>
internal sealed class Glm4 : Family
{
    public override IReadOnlyList<string> ModelTypes => ["glm4"];

    public override IReadOnlyList<string> GgufArchitectures => ["glm4"];

    protected override ClassDefaults Defaults { get; } = new(151552, 4096, 13696, 40, 32, 131072)
    {
        KeyHeads = 2,
        HeadDimension = 128,
        Epsilon = 1.5625e-7,
        PartialRotary = 0.5,
    };

    protected override RopePairing Pairing => RopePairing.Adjacent;

    protected override LayerSpec Layer(FamilyPlan plan, int layer) =>
        base.Layer(plan, layer) with { AttentionPostNorm = plan.Norm, MlpPostNorm = plan.Norm };

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture) => Prefixed(source, llama) with
    {
        AttentionPostNorm = "post_self_attn_layernorm",
        MlpPostNorm = "post_mlp_layernorm",
        GateUp = "mlp.gate_up_proj",
        QueryKeyValueBias = source.Config.Flag("attention_bias", true),
    };

    protected override TensorLayout Gguf(FamilySource source, TensorLayout common) => common with { GateUp = "ffn_up" };
}
