namespace Managed.Families;

/// <summary>Which layers attend through a sliding window.</summary>
internal static class LayerTypes
{
    public const string Full = "full_attention";

    public const string Sliding = "sliding_attention";

    /// <summary>A flag per layer: from layer_types where it is given, by the family's own rule where not.</summary>
    public static bool[] SlidingOf(FamilySource source, int layers, Func<int, bool> rule)
    {
        if (source.IsGguf)
            return FromGguf(source, layers, rule);
        if (source.Config.Texts("layer_types") is not { } types)
            return FromRule(layers, rule);
        source.Refuse("layer_types", types.Length != layers, $"{types.Length} types", $"one for each of the {layers} layers");
        foreach (string type in types)
            source.Refuse("layer_types", type is not (Full or Sliding), $"the type \"{type}\"", $"{Full} or {Sliding}");
        return [.. types.Select(type => type == Sliding)];
    }

    /// <summary>A rule for patterns such as "five of six layers slide": every period-th layer does not; 0: all slide.</summary>
    public static Func<int, bool> AllButEvery(int period) => layer => period == 0 || (layer + 1) % period != 0;

    private static bool[] FromGguf(FamilySource source, int layers, Func<int, bool> rule)
    {
        const string Key = "attention.sliding_window_pattern";
        long[]? pattern = source.Config.Integers(Key);
        if (pattern is null)
            return FromRule(layers, rule);
        if (pattern is [var period] && layers != 1)
            return FromRule(layers, AllButEvery((int)Math.Clamp(period, 0, int.MaxValue)));
        source.Refuse(Key, pattern.Length < layers, $"{pattern.Length} flags", $"one for each of the {layers} layers");
        return [.. pattern.Take(layers).Select(flag => flag != 0)];
    }
    private static bool[] FromRule(int layers, Func<int, bool> rule)
    {
        var flags = new bool[layers];
        for (int layer = 0; layer < layers; layer++)
            flags[layer] = rule(layer);
        return flags;
    }
}
