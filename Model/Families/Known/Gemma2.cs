using Managed.Architectures;

namespace Managed.Families;

/// <summary>Gemma 2: norms before and after each sublayer, soft-caps, a window in every other layer.</summary>
internal class Gemma2 : Gemma
{
    public override IReadOnlyList<string> ModelTypes => ["gemma2"];

    public override IReadOnlyList<string> GgufArchitectures => ["gemma2"];

    protected override ClassDefaults Defaults { get; } = new(256000, 2304, 9216, 26, 8, 8192)
    {
        KeyHeads = 4,
        HeadDimension = 256,
        Activation = "gelu_pytorch_tanh",
        Tied = true,
    };

    protected override KeyNames Keys { get; } = new() { Activation = "hidden_activation" };

    /// <summary>The number of layers whose GGUF files scale queries by width / heads instead of by the dimension of a head.</summary>
    protected virtual int LargestModelLayers => 46;

    protected virtual double? LogitCap => 30;

    protected virtual double? ScoreCap => 50;

    protected override bool[] Windows(FamilyPlan plan) => plan.IsGguf && !plan.Config.Has("attention.sliding_window")
        ? Default(plan)
        : WindowsBy(plan, 4096, layer => layer % 2 == 0);

    private static bool[] Default(FamilyPlan plan)
    {
        plan.Window = 4096;
        return LayerTypes.SlidingOf(plan.Source, plan.Dimensions.Layers, layer => layer % 2 == 0);
    }

    protected override LayerSpec Layer(FamilyPlan plan, int layer) =>
        base.Layer(plan, layer) with { AttentionPostNorm = plan.Norm, MlpPostNorm = plan.Norm };

    protected override AttentionSpec Attention(FamilyPlan plan, int layer) => base.Attention(plan, layer) with
    {
        Scale = QueryScale(plan),
        SoftCap = Cap(plan, "attn_logit_softcapping", ScoreCap),
    };

    protected override Architecture Complete(FamilyPlan plan, Architecture architecture) =>
        base.Complete(plan, architecture) with { LogitSoftCap = Cap(plan, "final_logit_softcapping", LogitCap) };

    private static float Cap(FamilyPlan plan, string key, double? missing)
    {
        double? cap = plan.Source.NumberOrNull(key, missing);
        plan.Source.Refuse(key, cap < 0, $"{cap}", "a number of at least 0, or null");
        return (float)(cap ?? 0);
    }

    private float QueryScale(FamilyPlan plan)
    {
        Dimensions d = plan.Dimensions;
        double scalar = plan.IsGguf
            ? d.Layers == LargestModelLayers ? (double)d.Width / d.Heads : d.HeadDimension
            : plan.Config.Number("query_pre_attn_scalar", 256);
        plan.Source.Refuse("query_pre_attn_scalar", scalar <= 0, $"{scalar}", "a number above 0");
        return InverseRoot(scalar);
    }

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture) =>
        base.HuggingFace(source, llama, architecture) with { MlpNorm = "pre_feedforward_layernorm" };
}
