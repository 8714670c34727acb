using Managed.Architectures;

namespace Managed.Families;

/// <summary>llama.cpp's names of tensors, which are the same for every architecture.</summary>
internal static class GgufNames
{
    public static TensorLayout Common { get; } = new()
    {
        Embedding = "token_embd",
        EmbeddingNorm = "token_embd_norm",
        PositionEmbedding = "position_embd",
        FinalNorm = "output_norm",
        Head = "output",
        Layer = "blk.{0}.",
        AttentionNorm = "attn_norm",
        AttentionPostNorm = "post_attention_norm",
        MlpNorm = "ffn_norm",
        MlpPostNorm = "post_ffw_norm",
        Query = "attn_q",
        Key = "attn_k",
        Value = "attn_v",
        AttentionOutput = "attn_output",
        QueryNorm = "attn_q_norm",
        KeyNorm = "attn_k_norm",
        Sinks = "attn_sinks.weight",
        QueryDown = "attn_q_a",
        QueryLatentNorm = "attn_q_a_norm",
        QueryUp = "attn_q_b",
        KeyValueDown = "attn_kv_a_mqa",
        KeyValueLatentNorm = "attn_kv_a_norm",
        KeyValueUp = "attn_kv_b",
        Gate = "ffn_gate",
        Up = "ffn_up",
        Down = "ffn_down",
        Router = "ffn_gate_inp",
        RouterCorrection = "exp_probs_b.bias",
        SharedExpert = ("ffn_gate_shexp", "ffn_up_shexp", "ffn_down_shexp"),
        SharedExpertGate = "ffn_gate_inp_shexp",
        QueryKeyValueBias = null,
        AttentionOutputBias = null,
        LatentBias = null,
        MlpBias = null,
        RouterBias = null,
        HeadBias = null,
        NormBias = null,
        HeadNormBias = null,
    };

    /// <summary>Experts are stacked; files of the first Mixtrals have a tensor for each.</summary>
    public static ExpertLayout ExpertsOf(FamilySource source) => source.Tensors.Keys.Any(name => name.EndsWith(".ffn_gate.0.weight", StringComparison.Ordinal))
        ? new ExpertLayout((_, block, expert) => new MlpRef(Old(block, "ffn_gate", expert), Old(block, "ffn_up", expert), Old(block, "ffn_down", expert)))
        : ExpertLayout.Stacked("ffn_gate_exps", "ffn_up_exps", "ffn_down_exps");

    private static LinearRef Old(string block, string module, int expert) => new(new TensorRef($"{block}{module}.{expert}.weight"));
}
