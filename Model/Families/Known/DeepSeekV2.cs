using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>DeepSeek V2: latent attention, experts chosen by softmax, shared experts.</summary>
internal class DeepSeekV2 : Family
{
    public override IReadOnlyList<string> ModelTypes => ["deepseek_v2"];

    // llama.cpp reads V3 under the same name: the gating function tells.
    public override IReadOnlyList<string> GgufArchitectures => ["deepseek2"];

    protected override ClassDefaults Defaults { get; } = new(32000, 4096, 11008, 32, 32, 2048);

    /// <summary>Sizes that this family alone has, as the configuration class assumes them.</summary>
    protected virtual LatentDefaults Latents { get; } = new(512, 1536, 64, 128, 128);

    protected override RopePairing Pairing => RopePairing.Adjacent;

    protected sealed record LatentDefaults(int KeyValueRank, int QueryRank, int Rope, int Nope, int Value);

    // head_dim means the rotated part here, and every head has keys of its own, whatever the file says.
    protected override Dimensions Read(FamilySource source)
    {
        Dimensions d = Dimensions.Read(source, Defaults with { HeadDimension = Latents.Nope + Latents.Rope }, Keys);
        (LatentSpec latent, _) = LatentOf(source);
        return d with { KeyHeads = d.Heads, HeadDimension = latent.NopeDimension + latent.RopeDimension };
    }

    protected override RopeSpec Rope(FamilySource source, Dimensions dimensions, string layerType)
    {
        (LatentSpec latent, _) = LatentOf(source);
        RopeSpec rope = new RopeReader(source, Defaults, dimensions.HeadDimension, dimensions.Context)
        {
            Pairing = Pairing == RopePairing.Adjacent || source.Config.Flag("rope_interleave", true) ? Pairing : RopePairing.Halves,
            Dimensions = latent.RopeDimension,
            First = latent.NopeDimension,
        }.Read();
        double all = source.IsGguf ? 10 * source.Config.Number("rope.scaling.yarn_log_multiplier", 0) : 0;
        return all == 0 ? rope : rope with { MagnitudeScale = all, MagnitudeScaleAllDimensions = all, AttentionFactor = null };
    }

    protected override AttentionSpec Attention(FamilyPlan plan, int layer)
    {
        (LatentSpec latent, int value) = LatentOf(plan.Source);
        AttentionSpec attention = base.Attention(plan, layer);
        RopeSpec rope = attention.Rope!;
        // Long contexts sharpen the softmax: 1/√d times mscale².
        double sharpened = rope is { Scaling: RopeScalingKind.None } or { MagnitudeScaleAllDimensions: 0 } or { Factor: <= 1 } ? 1
            : (0.1 * rope.MagnitudeScaleAllDimensions * Math.Log(rope.Factor)) + 1;
        return attention with { ValueDimension = value, Latent = latent, Scale = (float)(sharpened * sharpened / Math.Sqrt(plan.Dimensions.HeadDimension)) };
    }

    private (LatentSpec Latent, int Value) LatentOf(FamilySource source)
    {
        Loader.ConfigSection config = source.Config;
        int? Default(int value) => source.IsGguf ? null : value;
        int rope = config.Count(source.Key("qk_rope_head_dim", "rope.dimension_count"), Default(Latents.Rope), 2, 1 << 14);
        int nope = source.IsGguf
            ? config.Count("attention.key_length_mla|attention.key_length", null, rope + 1, 1 << 14) - rope
            : config.Count("qk_nope_head_dim", Latents.Nope, 1, 1 << 14);
        var latent = new LatentSpec(
            source.CountOrNull(source.Key("q_lora_rank", "attention.q_lora_rank"), Default(Latents.QueryRank), 0) ?? 0,
            config.Count(source.Key("kv_lora_rank", "attention.kv_lora_rank"), Default(Latents.KeyValueRank), 1, 1 << 20),
            nope, rope, new NormSpec(NormKind.Rms, LatentEpsilon));
        return (latent, config.Count(source.Key("v_head_dim", "attention.value_length_mla|attention.value_length"), Default(Latents.Value), 1, 1 << 14));
    }

    /// <summary>The reference code leaves the latents' norms at its default, whatever rms_norm_eps says.</summary>
    private const float LatentEpsilon = 1e-6f;

    protected override MlpSpec Mlp(FamilyPlan plan, int layer) => DeepSeekMixture.Mlp(plan, base.Mlp(plan, layer), layer, Mixture);

    protected virtual DeepSeekMixture.MixtureDefaults Mixture { get; } = new(64, null, 2, 1407, 0, RouterScoring.SoftmaxThenTop, false, 1);

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture)
    {
        bool bias = source.Config.Flag("attention_bias", false);
        return Prefixed(source, llama) with
        {
            LatentBias = bias,
            AttentionOutputBias = bias,
            MlpBias = source.Config.Flag("mlp_bias", false),
            SharedExpert = ("mlp.shared_experts.gate_proj", "mlp.shared_experts.up_proj", "mlp.shared_experts.down_proj"),
        };
    }

    protected override TensorLayout Gguf(FamilySource source, TensorLayout common) =>
        source.HasTensor("blk.0.attn_k_b.weight") ? common with { KeyValueUpSplit = ("attn_k_b", "attn_v_b") } : common;
}
