using Managed.Architectures;

namespace Managed.Hooks;

/// <summary>What is known of each hook point: its name, the meaning of its axes, and when a model has it.</summary>
/// <param name="Point">The point.</param>
/// <param name="Name">TransformerLens' name, without "blocks.{i}."; {e} stands for an expert.</param>
/// <param name="PerLayer">Whether every block has one.</param>
/// <param name="Axes">Axes in words, for people: t tokens, d stream, h heads, kv key heads, q queries, k keys, m MLP, e experts, c chosen.</param>
/// <param name="WhyAbsent">Null where this layer has the point, otherwise the reason it has not.</param>
internal sealed record HookPointInfo(
    HookPoint Point, string Name, bool PerLayer, string Axes, Func<Architecture, LayerSpec, string?> WhyAbsent);

internal static class HookPointTable
{
    private static readonly Dictionary<HookPoint, HookPointInfo> Infos = Build().ToDictionary(info => info.Point);

    public static IEnumerable<HookPointInfo> All => Infos.Values;

    public static HookPointInfo Of(HookPoint point) => Infos[point];

    /// <summary>The points that a block of this architecture has, or the model as a whole for layer −1.</summary>
    public static IEnumerable<HookPointInfo> Present(Architecture architecture, int layer)
    {
        LayerSpec spec = architecture.Layers[Math.Max(layer, 0)];
        return All.Where(info => info.PerLayer == (layer >= 0) && info.WhyAbsent(architecture, spec) is null);
    }

    /// <summary>The full name, as captures write it.</summary>
    public static string FullName(HookPoint point, int layer, int expert = -1)
    {
        HookPointInfo info = Of(point);
        string name = expert >= 0 ? info.Name.Replace("{e}", expert.ToString(System.Globalization.CultureInfo.InvariantCulture)) : info.Name;
        return info.PerLayer ? $"blocks.{layer}.{name}" : name;
    }

    private static List<HookPointInfo> Build()
    {
        var infos = new List<HookPointInfo>();
        void Global(HookPoint point, string name, string axes, Func<Architecture, string?>? absent = null) =>
            infos.Add(new HookPointInfo(point, name, false, axes, (a, _) => absent?.Invoke(a)));
        void Layer(HookPoint point, string name, string axes, Func<LayerSpec, string?>? absent = null) =>
            infos.Add(new HookPointInfo(point, name, true, axes, (_, l) => absent?.Invoke(l)));

        static string? Unless(bool present, string reason) => present ? null : reason;
        static string? Latent(LayerSpec l) => Unless(l.Attention.Latent is null, "its queries and keys come from a shared latent; use hook_rot_q and hook_rot_k");
        static string? Norm1(LayerSpec l) => Unless(l.AttentionNorm is not null, "its attention reads the residual stream without a norm");
        static string? Norm2(LayerSpec l) => Unless(l.MlpNorm is not null,
            l.Parallel ? "its MLP reads the attention's norm (ln1)" : "its MLP reads the residual stream without a norm");
        static string? Post1(LayerSpec l) => Unless(l.AttentionPostNorm is not null, "it has no norm on the attention's output");
        static string? Post2(LayerSpec l) => Unless(l.MlpPostNorm is not null, "it has no norm on the MLP's output");
        static string? HeadNorm(LayerSpec l) => Unless(l.Attention.HeadNorm is not null, "it has no norm on queries and keys");
        static string? Rope(LayerSpec l) => Unless(l.Attention.Rope is not null, "this layer has no rotary embedding");
        static string? Dense(LayerSpec l) => Unless(l.Mlp.Router is null, "this layer is a mixture of experts; use mlp.experts.{e}.hook_post and its like");
        static string? DenseGated(LayerSpec l) => Dense(l) ?? Unless(l.Mlp.Gated, "its MLP is not gated");
        static string? Experts(LayerSpec l) => Unless(l.Mlp.Router is not null, "this layer is not a mixture of experts");
        static string? Softmax(LayerSpec l) => Experts(l) ?? Unless(
            l.Mlp.Router!.Scoring != Kernels.RouterScoring.Sigmoid, "its router scores by sigmoid; use mlp.hook_router_logits");

        Global(HookPoint.Tokens, "hook_tokens", "t");
        Global(HookPoint.Embed, "hook_embed", "t d");
        Global(HookPoint.PositionEmbed, "hook_pos_embed", "t d",
            a => Unless(a.LearnedPositionOffset is not null, "it has no learned positions"));

        Layer(HookPoint.ResidualPre, "hook_resid_pre", "t d");
        Layer(HookPoint.AttentionIn, "hook_attn_in", "t h d");
        Layer(HookPoint.QueryInput, "hook_q_input", "t h d", Latent);
        Layer(HookPoint.KeyInput, "hook_k_input", "t kv d", Latent);
        Layer(HookPoint.ValueInput, "hook_v_input", "t kv d", Latent);
        Layer(HookPoint.Norm1Scale, "ln1.hook_scale", "t 1", Norm1);
        Layer(HookPoint.Norm1Normalized, "ln1.hook_normalized", "t d", Norm1);
        Layer(HookPoint.AttentionInput, "attn.hook_in", "t d");
        Layer(HookPoint.Query, "attn.hook_q", "t h dk", Latent);
        Layer(HookPoint.Key, "attn.hook_k", "t kv dk", Latent);
        Layer(HookPoint.Value, "attn.hook_v", "t kv dv");
        Layer(HookPoint.QueryNormScale, "attn.q_norm.hook_scale", "t h 1", HeadNorm);
        Layer(HookPoint.QueryNormNormalized, "attn.q_norm.hook_normalized", "t h dk", HeadNorm);
        Layer(HookPoint.KeyNormScale, "attn.k_norm.hook_scale", "t kv 1", HeadNorm);
        Layer(HookPoint.KeyNormNormalized, "attn.k_norm.hook_normalized", "t kv dk", HeadNorm);
        Layer(HookPoint.RotatedQuery, "attn.hook_rot_q", "t h dk", Rope);
        Layer(HookPoint.RotatedKey, "attn.hook_rot_k", "t kv dk", Rope);
        Layer(HookPoint.Scores, "attn.hook_attn_scores", "h q k");
        Layer(HookPoint.Pattern, "attn.hook_pattern", "h q k");
        Layer(HookPoint.HeadOutput, "attn.hook_z", "t h dv");
        Layer(HookPoint.HeadResult, "attn.hook_result", "t h d");
        Layer(HookPoint.AttentionRaw, "attn.hook_out", "t d");
        Layer(HookPoint.Norm1PostScale, "ln1_post.hook_scale", "t 1", Post1);
        Layer(HookPoint.Norm1PostNormalized, "ln1_post.hook_normalized", "t d", Post1);
        Layer(HookPoint.AttentionOut, "hook_attn_out", "t d");
        Layer(HookPoint.ResidualMid, "hook_resid_mid", "t d",
            l => Unless(!l.Parallel, "attention and MLP are parallel, so no stream stands between them"));
        Layer(HookPoint.MlpIn, "hook_mlp_in", "t d");
        Layer(HookPoint.Norm2Scale, "ln2.hook_scale", "t 1", Norm2);
        Layer(HookPoint.Norm2Normalized, "ln2.hook_normalized", "t d", Norm2);
        Layer(HookPoint.MlpInput, "mlp.hook_in", "t d");
        Layer(HookPoint.RouterLogits, "mlp.hook_router_logits", "t e", Experts);
        Layer(HookPoint.ExpertWeights, "mlp.hook_expert_weights", "t e", Softmax);
        Layer(HookPoint.ExpertIndices, "mlp.hook_expert_indices", "t c", Experts);
        Layer(HookPoint.TopWeights, "mlp.hook_topk_weights", "t c", Experts);
        Layer(HookPoint.ExpertGate, "mlp.experts.{e}.hook_gate", "routed m", l => Experts(l) ?? Unless(l.Mlp.Gated, "its experts are not gated"));
        Layer(HookPoint.ExpertPre, "mlp.experts.{e}.hook_pre", "routed m", Experts);
        Layer(HookPoint.ExpertPost, "mlp.experts.{e}.hook_post", "routed m", Experts);
        Layer(HookPoint.MlpPre, "mlp.hook_pre", "t m", Dense);
        Layer(HookPoint.MlpPreLinear, "mlp.hook_pre_linear", "t m", DenseGated);
        Layer(HookPoint.MlpPost, "mlp.hook_post", "t m", Dense);
        Layer(HookPoint.MlpRaw, "mlp.hook_out", "t d");
        Layer(HookPoint.Norm2PostScale, "ln2_post.hook_scale", "t 1", Post2);
        Layer(HookPoint.Norm2PostNormalized, "ln2_post.hook_normalized", "t d", Post2);
        Layer(HookPoint.MlpOut, "hook_mlp_out", "t d");
        Layer(HookPoint.ResidualPost, "hook_resid_post", "t d");

        Global(HookPoint.FinalNormScale, "ln_final.hook_scale", "t 1");
        Global(HookPoint.FinalNormNormalized, "ln_final.hook_normalized", "t d");
        Global(HookPoint.UnembedIn, "unembed.hook_in", "t d");
        Global(HookPoint.UnembedOut, "unembed.hook_out", "t v");
        Global(HookPoint.Logits, "logits", "t v");
        return infos;
    }
}
