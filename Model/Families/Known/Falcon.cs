using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>Falcon in its three forms: new decoder (40B on), multi-query (7B), and neither (RW).</summary>
internal sealed class Falcon : Family
{
    public override IReadOnlyList<string> ModelTypes => ["falcon"];

    public override IReadOnlyList<string> GgufArchitectures => ["falcon"];

    protected override ClassDefaults Defaults { get; } = new(65024, 4544, 0, 32, 71, 2048) { Epsilon = 1e-5, Activation = "gelu", Tied = true };

    protected override KeyNames Keys { get; } = KeyNames.Gpt2 with
    {
        Layers = "num_hidden_layers|n_layer",
        Width = "hidden_size|n_embed",
        Heads = "num_attention_heads|n_head",
        KeyHeads = "num_kv_heads|n_head_kv",
        Inner = "ffn_hidden_size",
        Context = "max_position_embeddings",
        Activation = "activation",
    };

    protected override NormKind Norm => NormKind.Layer;

    // num_kv_heads is heeded by the new decoder alone.
    protected override Dimensions Read(FamilySource source)
    {
        Dimensions d = base.Read(source);
        if (source.IsGguf || IsNew(source))
            return d;
        return d with { KeyHeads = source.Config.Flag("multi_query", true) ? 1 : d.Heads };
    }

    protected override bool HasRope(FamilyPlan plan, int layer) => plan.IsGguf || !plan.Config.Flag("alibi", false);

    // The bias is added before the scores are scaled.
    protected override AttentionSpec Attention(FamilyPlan plan, int layer)
    {
        AttentionSpec attention = base.Attention(plan, layer);
        return HasRope(plan, layer) ? attention
            : attention with { AlibiSlopes = [.. Alibi.Slopes(plan.Dimensions.Heads).Select(slope => slope * attention.Scale)] };
    }

    protected override LayerSpec Layer(FamilyPlan plan, int layer)
    {
        LayerSpec block = base.Layer(plan, layer);
        bool parallel = plan.IsGguf || IsNew(plan.Source) || plan.Config.Flag("parallel_attn", true);
        return parallel ? block with { Parallel = true, MlpNorm = HasTwoNorms(plan.Source) ? plan.Norm : null } : block;
    }

    protected override MlpSpec Mlp(FamilyPlan plan, int layer) => Plain(plan);

    protected override Architecture Complete(FamilyPlan plan, Architecture architecture)
    {
        if (!plan.IsGguf && IsNew(plan.Source))
            plan.Source.RequireFlag("parallel_attn", true, true);
        return architecture;
    }

    private static bool IsNew(FamilySource source) => source.Config.Flag("new_decoder_architecture", false);

    private static bool HasTwoNorms(FamilySource source) => source.IsGguf
        ? source.HasTensor("blk.0.attn_norm_2.weight")
        : (source.CountOrNull("num_ln_in_parallel_attn") ?? (IsNew(source) ? 2 : 1)) == 2;

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture)
    {
        string prefix = source.Prefix("word_embeddings.weight", "transformer.", "");
        bool bias = source.Config.Flag("bias", false);
        bool two = architecture.Layers[0] is { Parallel: true, MlpNorm: not null };
        return llama with
        {
            Embedding = prefix + "word_embeddings",
            FinalNorm = prefix + "ln_f",
            Layer = prefix + "h.{0}.",
            AttentionNorm = two ? "ln_attn" : "input_layernorm",
            MlpNorm = two ? "ln_mlp" : "post_attention_layernorm",
            QueryKeyValue = "self_attention.query_key_value",
            FusedByGroup = true,
            AttentionOutput = "self_attention.dense",
            Up = "mlp.dense_h_to_4h",
            Down = "mlp.dense_4h_to_h",
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            MlpBias = bias,
            NormBias = true,
        };
    }

    // With two norms llama.cpp calls the MLP's attn_norm and attention's attn_norm_2.
    protected override TensorLayout Gguf(FamilySource source, TensorLayout common) =>
        HasTwoNorms(source) ? common with { AttentionNorm = "attn_norm_2", MlpNorm = "attn_norm" } : common;
}
