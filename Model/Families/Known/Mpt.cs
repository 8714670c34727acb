using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>MPT: a linear position bias, LayerNorms without bias, no biases at all.</summary>
internal sealed class Mpt : Family
{
    public override IReadOnlyList<string> ModelTypes => ["mpt"];

    public override IReadOnlyList<string> GgufArchitectures => ["mpt"];

    protected override ClassDefaults Defaults { get; } = new(50368, 2048, 0, 24, 16, 2048) { Epsilon = 1e-5, Activation = "gelu", Tied = true };

    protected override KeyNames Keys { get; } = new()
    {
        Layers = "n_layers",
        Width = "d_model",
        Heads = "n_heads",
        KeyHeads = "(none)",
        Inner = "(expansion_ratio)",
        Context = "max_seq_len",
        Epsilon = "layer_norm_epsilon",
        Activation = "(exact form of GELU)",
    };

    protected override NormKind Norm => NormKind.Layer;

    // expansion_ratio need not be an integer: the matrix itself tells.
    protected override Dimensions Read(FamilySource source)
    {
        Dimensions d = base.Read(source);
        long inner = source.Rows("transformer.blocks.0.ffn.up_proj.weight");
        return inner is > 0 and < 1 << 24 && !source.IsGguf ? d with { Inner = (int)inner } : d;
    }

    protected override bool HasRope(FamilyPlan plan, int layer) => false;

    protected override AttentionSpec Attention(FamilyPlan plan, int layer)
    {
        AttentionSpec attention = base.Attention(plan, layer);
        if (plan.IsGguf)
        {
            double bias = plan.Config.Number("attention.max_alibi_bias", 8);
            plan.Source.Refuse("attention.max_alibi_bias", bias <= 0, $"{bias}", "a number above 0; learned positions are not supported");
            return attention with { AlibiSlopes = Alibi.Slopes(plan.Dimensions.Heads, bias), ClipQkv = ClipReader.Read(plan.Source, "attention.clamp_kqv") };
        }
        FamilySource settings = plan.Config.Section("attn_config") is { } section ? plan.Source with { Config = section } : plan.Source;
        settings.RequireFlag("alibi", true, true);
        settings.RequireFlag("qk_ln", false, false);
        settings.RequireFlag("prefix_lm", false, false);
        int keyHeads = settings.CountOrNull("kv_n_heads") ?? plan.Dimensions.Heads;
        settings.Refuse("kv_n_heads", keyHeads != plan.Dimensions.Heads, $"{keyHeads}", $"{plan.Dimensions.Heads}, the number of heads");
        string kind = settings.Config.Text("attn_type", "multihead_attention");
        settings.Refuse("attn_type", kind != "multihead_attention", $"\"{kind}\"", "\"multihead_attention\"");
        return attention with
        {
            Scale = (float)(settings.NumberOrNull("softmax_scale") ?? attention.Scale),
            AlibiSlopes = Alibi.Slopes(plan.Dimensions.Heads), // alibi_bias_max is not heeded by the reference code
            ClipQkv = ClipReader.Read(settings, "clip_qkv"),
        };
    }

    protected override MlpSpec Mlp(FamilyPlan plan, int layer) => Plain(plan);

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture)
    {
        string prefix = source.Prefix("wte.weight", "transformer.", "");
        return llama with
        {
            Embedding = prefix + "wte",
            FinalNorm = prefix + "norm_f",
            Layer = prefix + "blocks.{0}.",
            AttentionNorm = "norm_1",
            MlpNorm = "norm_2",
            QueryKeyValue = "attn.Wqkv",
            AttentionOutput = "attn.out_proj",
            Up = "ffn.up_proj",
            Down = "ffn.down_proj",
        };
    }
}
