namespace Managed.Families;

/// <summary>Mistral 7B and Nemo: a window in every layer unless it is null.</summary>
internal sealed class Mistral : Family
{
    public override IReadOnlyList<string> ModelTypes => ["mistral"];

    protected override ClassDefaults Defaults { get; } = new(32000, 4096, 14336, 32, 32, 131072) { KeyHeads = 8 };

    protected override bool[] Windows(FamilyPlan plan) => WindowsBy(plan, 4096, _ => true);
}
