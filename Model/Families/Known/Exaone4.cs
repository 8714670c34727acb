using Managed.Architectures;

namespace Managed.Families;

/// <summary>EXAONE 4: norms only on what the sublayers give, normed heads; where there is a window, layers without it have no positions.</summary>
internal sealed class Exaone4 : Family
{
    public override IReadOnlyList<string> ModelTypes => ["exaone4"];

    public override IReadOnlyList<string> GgufArchitectures => ["exaone4"];

    protected override ClassDefaults Defaults { get; } = new(102400, 4096, 16384, 32, 32, 2048) { KeyHeads = 32, Epsilon = 1e-5 };

    protected override bool[] Windows(FamilyPlan plan)
    {
        // The pattern may be a number or letters (LLLG); with letters, layer_types is always there.
        bool listed = plan.IsGguf || plan.Config.Has("layer_types") || plan.Config.IsNull("sliding_window");
        return WindowsBy(plan, 4096, LayerTypes.AllButEvery(listed ? 4 : plan.Config.Count("sliding_window_pattern", 4)));
    }

    protected override bool HasRope(FamilyPlan plan, int layer) => plan.Window == 0 || plan.Sliding[layer];

    protected override LayerSpec Layer(FamilyPlan plan, int layer) => base.Layer(plan, layer) with
    {
        AttentionNorm = null,
        MlpNorm = null,
        AttentionPostNorm = plan.Norm,
        MlpPostNorm = plan.Norm,
    };

    protected override AttentionSpec Attention(FamilyPlan plan, int layer) =>
        base.Attention(plan, layer) with { HeadNorm = new HeadNormSpec(plan.Norm, HeadNormExtent.Head) };
}
