namespace Managed.Hooks;

/// <summary>A hook point of one layer (−1: none) and, for points of experts, one expert (−1: every expert).</summary>
internal readonly record struct HookAddress(HookPoint Point, int Layer, int Expert = -1)
{
    public override string ToString() => HookPointTable.FullName(Point, Layer, Expert);
}
