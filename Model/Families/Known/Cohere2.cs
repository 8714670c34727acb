namespace Managed.Families;

/// <summary>Command R7B and A: three of four layers have a window and positions, the fourth has neither.</summary>
internal sealed class Cohere2 : Cohere
{
    public override IReadOnlyList<string> ModelTypes => ["cohere2"];

    public override IReadOnlyList<string> GgufArchitectures => ["cohere2"];

    protected override bool[] Windows(FamilyPlan plan) =>
        WindowsBy(plan, 4096, LayerTypes.AllButEvery(plan.IsGguf ? 4 : plan.Config.Count("sliding_window_pattern|_sliding_window_pattern", 4, 1)));

    protected override bool HasRope(FamilyPlan plan, int layer) => plan.Sliding[layer];
}
