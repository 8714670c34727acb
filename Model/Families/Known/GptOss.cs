using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>gpt-oss: attention sinks, a window in every other layer, clamped gated experts, plain or packed to four bits.</summary>
internal sealed class GptOss : Family
{
    public override IReadOnlyList<string> ModelTypes => ["gpt_oss"];

    public override IReadOnlyList<string> GgufArchitectures => ["gpt-oss"];

    protected override ClassDefaults Defaults { get; } = new(201088, 2880, 2880, 36, 64, 131072)
    {
        KeyHeads = 8,
        HeadDimension = 64,
        Epsilon = 1e-5,
        Theta = 150000,
    };

    protected override bool[] Windows(FamilyPlan plan) => WindowsBy(plan, 128, layer => layer % 2 == 0);

    // The class's own default is a yarn scaling; GGUF has no key for its untruncated range.
    protected override RopeSpec Rope(FamilySource source, Dimensions dimensions, string layerType)
    {
        RopeSpec rope = base.Rope(source, dimensions, layerType);
        if (source.IsGguf)
            return rope with { Truncate = false };
        if (source.Config.Has("rope_parameters|rope_scaling") || source.Config.IsNull("rope_parameters|rope_scaling"))
            return rope;
        return rope with { Scaling = RopeScalingKind.Yarn, Factor = 32, BetaFast = 32, BetaSlow = 1, OriginalContext = 4096, Truncate = false };
    }

    protected override AttentionSpec Attention(FamilyPlan plan, int layer) => base.Attention(plan, layer) with { Sinks = true };

    protected override MlpSpec Mlp(FamilyPlan plan, int layer)
    {
        double alpha = plan.IsGguf ? 1.702 : plan.Config.Number("swiglu_alpha", 1.702);
        plan.Source.Refuse("swiglu_alpha", Math.Abs(alpha - 1.702) > 1e-6, $"{alpha}", "1.702");
        return base.Mlp(plan, layer) with
        {
            Activation = ActivationKind.ClampedSwiglu,
            ActivationLimit = plan.IsGguf ? 7 : plan.Config.Real("swiglu_limit", 7),
            Width = plan.IsGguf ? plan.Config.Count("expert_feed_forward_length", plan.Dimensions.Inner, 1) : plan.Dimensions.Inner,
            Router = plan.IsGguf
                ? MixtureReader.Gguf(plan.Source, RouterScoring.TopThenSoftmax, renormalise: false)
                : MixtureReader.Read(plan.Source, "num_local_experts|num_experts", 128, "num_experts_per_tok|experts_per_token", 4, RouterScoring.TopThenSoftmax, renormalise: false),
        };
    }

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture)
    {
        bool bias = source.Config.Flag("attention_bias", true);
        return Prefixed(source, llama) with
        {
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            Router = "mlp.router",
            RouterBias = true,
            Experts = new ExpertLayout(Expert),
        };
    }

    // llama.cpp gives the MLP's norm the name of a norm after attention.
    protected override TensorLayout Gguf(FamilySource source, TensorLayout common) =>
        source.HasTensor("blk.0.post_attention_norm.weight") ? common with { MlpNorm = "post_attention_norm" } : common;

    // Rows of gate and up alternate. Plain tensors are [experts, inputs, outputs]; packed ones have outputs first.
    private static MlpRef Expert(FamilySource source, string block, int expert)
    {
        string gateUp = block + "mlp.experts.gate_up_proj", down = block + "mlp.experts.down_proj";
        TensorRef Weight(string name) => source.HasTensor(name + "_blocks")
            ? new TensorRef(name + "_blocks") { Slice = expert, BlockScales = name + "_scales" }
            : new TensorRef(name) { Slice = expert, Transposed = true };
        LinearRef EveryOther(int first)
        {
            int rows = (int)Math.Min((source.Tensors.TryGetValue(gateUp + "_bias", out Loader.StoredTensor? bias) ? bias.Shape[^1] : 0) / 2, int.MaxValue);
            return new LinearRef(
                Weight(gateUp) with { FirstRow = first, RowStep = 2, Rows = rows },
                new TensorRef(gateUp + "_bias") { Slice = expert, FirstRow = first, RowStep = 2, Rows = rows });
        }
        return new MlpRef(EveryOther(0), EveryOther(1), new LinearRef(Weight(down), new TensorRef(down + "_bias") { Slice = expert }));
    }
}
