using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>BLOOM: a linear position bias, a norm on the embedding, queries, keys and values interleaved by head.</summary>
internal sealed class Bloom : Family
{
    public override IReadOnlyList<string> ModelTypes => ["bloom"];

    public override IReadOnlyList<string> GgufArchitectures => ["bloom"];

    protected override ClassDefaults Defaults { get; } = new(250880, 64, 0, 2, 8, 2048) { Epsilon = 1e-5, Activation = "gelu_new", Tied = true };

    protected override KeyNames Keys { get; } = KeyNames.Gpt2 with
    {
        Width = "hidden_size|n_embed|n_embd",
        Heads = "n_head|num_attention_heads",
        Context = "seq_length|max_position_embeddings",
        KeyHeads = "(none)",
        Inner = "(four times the width)",
        Activation = "(tanh form of GELU)",
    };

    protected override NormKind Norm => NormKind.Layer;

    protected override bool HasRope(FamilyPlan plan, int layer) => false;

    protected override AttentionSpec Attention(FamilyPlan plan, int layer) =>
        base.Attention(plan, layer) with { AlibiSlopes = Alibi.Slopes(plan.Dimensions.Heads) };

    protected override MlpSpec Mlp(FamilyPlan plan, int layer) => Plain(plan);

    protected override Architecture Complete(FamilyPlan plan, Architecture architecture)
    {
        plan.Source.RequireFlag("apply_residual_connection_post_layernorm", false, false);
        return architecture with { EmbeddingNorm = plan.Norm };
    }

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture)
    {
        string prefix = source.Prefix("word_embeddings.weight", "transformer.", "");
        return llama with
        {
            Embedding = prefix + "word_embeddings",
            EmbeddingNorm = prefix + "word_embeddings_layernorm",
            FinalNorm = prefix + "ln_f",
            Layer = prefix + "h.{0}.",
            QueryKeyValue = "self_attention.query_key_value",
            FusedByGroup = true,
            AttentionOutput = "self_attention.dense",
            Up = "mlp.dense_h_to_4h",
            Down = "mlp.dense_4h_to_h",
            QueryKeyValueBias = true,
            AttentionOutputBias = true,
            MlpBias = true,
            NormBias = true,
        };
    }
}
