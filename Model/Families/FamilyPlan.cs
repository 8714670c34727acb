using Managed.Architectures;
using Managed.Loader;

namespace Managed.Families;

/// <summary>What a family's methods look at while they describe a checkpoint.</summary>
internal sealed class FamilyPlan(FamilySource source, Dimensions dimensions, NormSpec norm)
{
    private readonly Dictionary<string, RopeSpec> ropes = [];

    public FamilySource Source { get; } = source;

    public ConfigSection Config => Source.Config;

    public bool IsGguf => Source.IsGguf;

    public Dimensions Dimensions { get; } = dimensions;

    /// <summary>The norm that all places use.</summary>
    public NormSpec Norm { get; } = norm;

    /// <summary>Which layers attend through a window.</summary>
    public bool[] Sliding { get; set; } = [];

    /// <summary>Width of the window in those layers.</summary>
    public int Window { get; set; }

    public required Func<string, RopeSpec> ReadRope { get; init; }

    /// <summary>The rotary embedding of a layer: one record per kind of layer, however many layers.</summary>
    public RopeSpec Rope(int layer)
    {
        string type = Sliding[layer] ? LayerTypes.Sliding : LayerTypes.Full;
        return ropes.TryGetValue(type, out RopeSpec? rope) ? rope : ropes[type] = ReadRope(type);
    }
}
