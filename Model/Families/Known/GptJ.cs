using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>GPT-J: one norm before attention and MLP in parallel, rotation of adjacent pairs in the first rotary_dim dimensions.</summary>
internal sealed class GptJ : Family
{
    public override IReadOnlyList<string> ModelTypes => ["gptj"];

    protected override ClassDefaults Defaults { get; } = new(50400, 4096, 0, 28, 16, 2048) { Epsilon = 1e-5, Activation = "gelu_new" };

    protected override KeyNames Keys => KeyNames.Gpt2;

    protected override NormKind Norm => NormKind.Layer;

    protected override RopePairing Pairing => RopePairing.Adjacent;

    // A null rotary_dim rotates the whole head.
    protected override RopeSpec Rope(FamilySource source, Dimensions dimensions, string layerType) =>
        new RopeReader(source, Defaults, dimensions.HeadDimension, dimensions.Context)
        {
            Pairing = Pairing,
            Dimensions = source.CountOrNull("rotary_dim", 64) ?? dimensions.HeadDimension,
        }.Read();

    protected override LayerSpec Layer(FamilyPlan plan, int layer) => base.Layer(plan, layer) with { MlpNorm = null, Parallel = true };

    protected override MlpSpec Mlp(FamilyPlan plan, int layer) => Plain(plan);

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture)
    {
        string prefix = source.Prefix("wte.weight", "transformer.", "");
        return llama with
        {
            Embedding = prefix + "wte",
            FinalNorm = prefix + "ln_f",
            Layer = prefix + "h.{0}.",
            AttentionNorm = "ln_1",
            Query = "attn.q_proj",
            Key = "attn.k_proj",
            Value = "attn.v_proj",
            AttentionOutput = "attn.out_proj",
            Up = "mlp.fc_in",
            Down = "mlp.fc_out",
            MlpBias = true,
            HeadBias = true,
            NormBias = true,
        };
    }
}
