namespace Managed.Hooks;

/// <summary>Other tools' names for hook points, as data. docs/hooks.md lists them; a test holds the two together.</summary>
internal static class HookAliases
{
    /// <summary>Short names without a layer, after TransformerLens' own abbreviations were expanded.</summary>
    public static readonly IReadOnlyDictionary<string, HookPoint> Short = new Dictionary<string, HookPoint>
    {
        // TransformerLens: get_act_name
        ["tokens"] = HookPoint.Tokens,
        ["embed"] = HookPoint.Embed,
        ["pos_embed"] = HookPoint.PositionEmbed,
        ["resid_pre"] = HookPoint.ResidualPre,
        ["resid_mid"] = HookPoint.ResidualMid,
        ["resid_post"] = HookPoint.ResidualPost,
        ["attn_in"] = HookPoint.AttentionIn,
        ["q_input"] = HookPoint.QueryInput,
        ["k_input"] = HookPoint.KeyInput,
        ["v_input"] = HookPoint.ValueInput,
        ["q"] = HookPoint.Query,
        ["k"] = HookPoint.Key,
        ["v"] = HookPoint.Value,
        ["query"] = HookPoint.Query,
        ["key"] = HookPoint.Key,
        ["value"] = HookPoint.Value,
        ["rot_q"] = HookPoint.RotatedQuery,
        ["rot_k"] = HookPoint.RotatedKey,
        ["attn_scores"] = HookPoint.Scores,
        ["attn_logits"] = HookPoint.Scores,
        ["pattern"] = HookPoint.Pattern,
        ["attn"] = HookPoint.Pattern,
        ["z"] = HookPoint.HeadOutput,
        ["result"] = HookPoint.HeadResult,
        ["attn_out"] = HookPoint.AttentionOut,
        ["mlp_in"] = HookPoint.MlpIn,
        ["pre"] = HookPoint.MlpPre,
        ["mlp_pre"] = HookPoint.MlpPre,
        ["pre_linear"] = HookPoint.MlpPreLinear,
        ["post"] = HookPoint.MlpPost,
        ["mlp_post"] = HookPoint.MlpPost,
        ["mlp_out"] = HookPoint.MlpOut,
        ["expert_weights"] = HookPoint.ExpertWeights,
        ["expert_indices"] = HookPoint.ExpertIndices,
        ["router_logits"] = HookPoint.RouterLogits,
        ["topk_weights"] = HookPoint.TopWeights,
        ["logits"] = HookPoint.Logits,

        // interp-engine's canonical points
        ["embeddings"] = HookPoint.Embed,
        ["attn_probs"] = HookPoint.Pattern,
        ["attn_out_post"] = HookPoint.AttentionOut,
        ["mlp_out_post"] = HookPoint.MlpOut,
        ["mlp_pre_linear"] = HookPoint.MlpPreLinear,
        ["mlp_act"] = HookPoint.MlpPost,
        ["final_norm"] = HookPoint.UnembedIn,
        ["lm_head"] = HookPoint.UnembedOut,

        // nnterp's accessors
        ["token_embeddings"] = HookPoint.Embed,
        ["layers_input"] = HookPoint.ResidualPre,
        ["layers_output"] = HookPoint.ResidualPost,
        ["attentions_input"] = HookPoint.AttentionInput,
        ["attentions_output"] = HookPoint.AttentionRaw,
        ["mlps_input"] = HookPoint.MlpInput,
        ["mlps_output"] = HookPoint.MlpRaw,
        ["attention_probabilities"] = HookPoint.Pattern,
        ["ln_final"] = HookPoint.UnembedIn,

        // pyvene's components
        ["block_input"] = HookPoint.ResidualPre,
        ["block_output"] = HookPoint.ResidualPost,
        ["mlp_input"] = HookPoint.MlpInput,
        ["mlp_activation"] = HookPoint.MlpPost,
        ["mlp_output"] = HookPoint.MlpRaw,
        ["attention_input"] = HookPoint.AttentionInput,
        ["attention_output"] = HookPoint.AttentionRaw,
        ["attention_value_output"] = HookPoint.HeadOutput,
        ["head_attention_value_output"] = HookPoint.HeadOutput,
        ["query_output"] = HookPoint.Query,
        ["key_output"] = HookPoint.Key,
        ["value_output"] = HookPoint.Value,
        ["head_query_output"] = HookPoint.Query,
        ["head_key_output"] = HookPoint.Key,
        ["head_value_output"] = HookPoint.Value,
    };

    /// <summary>TransformerBridge's names, without "blocks.{i}.".</summary>
    public static readonly IReadOnlyDictionary<string, HookPoint> Bridge = new Dictionary<string, HookPoint>
    {
        ["embed.hook_out"] = HookPoint.Embed,
        ["embed_ln.hook_out"] = HookPoint.Embed,
        ["pos_embed.hook_out"] = HookPoint.PositionEmbed,
        ["ln_final.hook_out"] = HookPoint.UnembedIn,
        ["hook_unembed"] = HookPoint.UnembedOut,
        ["hook_logits"] = HookPoint.Logits,
        ["hook_in"] = HookPoint.ResidualPre,
        ["hook_out"] = HookPoint.ResidualPost,
        ["ln1.hook_in"] = HookPoint.ResidualPre,
        ["ln1.hook_out"] = HookPoint.AttentionInput,
        ["ln2.hook_in"] = HookPoint.ResidualMid,
        ["ln2.hook_out"] = HookPoint.MlpInput,
        ["ln1_post.hook_in"] = HookPoint.AttentionRaw,
        ["ln1_post.hook_out"] = HookPoint.AttentionOut,
        ["ln2_post.hook_in"] = HookPoint.MlpRaw,
        ["ln2_post.hook_out"] = HookPoint.MlpOut,
        ["attn.hook_attn_in"] = HookPoint.AttentionIn,
        ["attn.hook_q_input"] = HookPoint.QueryInput,
        ["attn.hook_k_input"] = HookPoint.KeyInput,
        ["attn.hook_v_input"] = HookPoint.ValueInput,
        ["attn.q.hook_out"] = HookPoint.Query,
        ["attn.k.hook_out"] = HookPoint.Key,
        ["attn.v.hook_out"] = HookPoint.Value,
        ["attn.o.hook_in"] = HookPoint.HeadOutput,
        ["attn.o.hook_out"] = HookPoint.AttentionRaw,
        ["mlp.gate.hook_out"] = HookPoint.MlpPre,
        ["mlp.out.hook_in"] = HookPoint.MlpPost,
        ["mlp.out.hook_out"] = HookPoint.MlpRaw,
    };

    /// <summary>Abbreviations of the part of a block that may follow the layer: "scale4ln1", "k6a".</summary>
    public static readonly IReadOnlyDictionary<string, string> LayerTypes = new Dictionary<string, string>
    {
        ["a"] = "attn",
        ["attn"] = "attn",
        ["attention"] = "attn",
        ["m"] = "mlp",
        ["mlp"] = "mlp",
        ["b"] = "",
        ["block"] = "",
        ["blocks"] = "",
        ["ln1"] = "ln1",
        ["ln2"] = "ln2",
        ["ln1_post"] = "ln1_post",
        ["ln2_post"] = "ln2_post",
        ["q_norm"] = "attn.q_norm",
        ["k_norm"] = "attn.k_norm",
    };
}
