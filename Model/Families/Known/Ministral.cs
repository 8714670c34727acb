namespace Managed.Families;

/// <summary>Ministral: layers with and without a window.</summary>
internal sealed class Ministral : Family
{
    public override IReadOnlyList<string> ModelTypes => ["ministral"];

    protected override ClassDefaults Defaults { get; } = new(32000, 4096, 14336, 32, 32, 131072) { KeyHeads = 8 };

    protected override bool[] Windows(FamilyPlan plan) => WindowsBy(plan, 4096, _ => true);
}
