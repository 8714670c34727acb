using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>GPT-NeoX and Pythia: attention and MLP in parallel with a norm each, queries, keys and values interleaved by head.</summary>
internal sealed class GptNeoX : Family
{
    public override IReadOnlyList<string> ModelTypes => ["gpt_neox"];

    public override IReadOnlyList<string> GgufArchitectures => ["gptneox"];

    protected override ClassDefaults Defaults { get; } = new(50432, 6144, 24576, 44, 64, 2048) { Epsilon = 1e-5, PartialRotary = 0.25, Activation = "gelu" };

    protected override KeyNames Keys { get; } = new() { Epsilon = "layer_norm_eps", KeyHeads = "(none)" };

    protected override NormKind Norm => NormKind.Layer;

    protected override LayerSpec Layer(FamilyPlan plan, int layer) =>
        base.Layer(plan, layer) with { Parallel = plan.Config.Flag("use_parallel_residual", true) };

    protected override MlpSpec Mlp(FamilyPlan plan, int layer) => Plain(plan);

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture)
    {
        string prefix = source.Prefix("embed_in.weight", "gpt_neox.", "");
        bool bias = source.Config.Flag("attention_bias", true);
        return llama with
        {
            Embedding = prefix + "embed_in",
            FinalNorm = prefix + "final_layer_norm",
            Head = "embed_out",
            Layer = prefix + "layers.{0}.",
            QueryKeyValue = "attention.query_key_value",
            FusedByGroup = true,
            AttentionOutput = "attention.dense",
            Up = "mlp.dense_h_to_4h",
            Down = "mlp.dense_4h_to_h",
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            MlpBias = true,
            NormBias = true,
        };
    }
}
