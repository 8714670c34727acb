namespace Managed.Families;

/// <summary>OLMo 3: OLMo 2 with a window in three of four layers.</summary>
internal sealed class Olmo3 : Olmo2
{
    public override IReadOnlyList<string> ModelTypes => ["olmo3"];

    public override IReadOnlyList<string> GgufArchitectures => ["olmo3"];

    protected override bool[] Windows(FamilyPlan plan) => WindowsBy(plan, 4096, LayerTypes.AllButEvery(4));
}
