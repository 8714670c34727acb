using Managed.Kernels;

namespace Managed.Tests.Devices;

/// <summary>Attention of every kind: grouped heads, windows, position biases, sinks, caps, odd widths, several sequences.</summary>
internal static class AttentionCases
{
    public static readonly (string Name, AttentionSettings Settings)[] Kinds =
    [
        ("plain", Of(4, 4, 64, 64)),
        ("grouped heads", Of(6, 2, 64, 64)),
        ("odd widths", Of(3, 1, 33, 7)),
        ("value wider than key", Of(2, 2, 16, 48)),
        ("window", Of(2, 1, 32, 32) with { Window = 11 }),
        ("window of one", Of(2, 1, 32, 32) with { Window = 1 }),
        ("alibi", Of(2, 1, 32, 32) with { AlibiSlopes = [0.25f, 0.5f] }),
        ("sinks", Of(2, 1, 32, 32) with { Sinks = [0.5f, -3f] }),
        ("soft cap", Of(2, 1, 32, 32) with { SoftCap = 1.5f }),
        ("all of it", Of(4, 2, 40, 24) with { Window = 21, AlibiSlopes = [0.1f, 0.2f, 0.3f, 0.4f], Sinks = [0, 1, -1, 2], SoftCap = 3f }),
    ];

    private static AttentionSettings Of(int heads, int keyHeads, int key, int value) =>
        new() { Heads = heads, KeyHeads = keyHeads, KeyDimension = key, ValueDimension = value, Scale = 2f / MathF.Sqrt(key) };

    /// <summary>Where one layer's keys and values lie, with room of other layers before and between.</summary>
    public static CacheLayout Layout(AttentionSettings s) =>
        new(Scene.PagePositions, 5, 5 + (Scene.PagePositions * s.KeyHeads * s.KeyDimension) + 3, s.KeyHeads, s.KeyDimension, s.ValueDimension);

    public static long PageLength(CacheLayout layout) => layout.Value(layout.KeyHeads, 0) + 2;

    public static IEnumerable<KernelCase> All() =>
        from kind in Kinds
        from step in new[] { ("first tokens", new[] { (0, 5) }), ("one more", [(40, 1)]), ("several sequences", [(0, 19), (30, 1), (7, 12)]) }
        select new KernelCase($"attention {kind.Name}, {step.Item1}", scene =>
        {
            CacheLayout layout = Layout(kind.Settings);
            StepPlan plan = scene.Plan(step.Item2, PageLength(layout));
            Rows queries = scene.Random(plan.Count, kind.Settings.Heads * kind.Settings.KeyDimension, gap: 4, scale: 2);
            Rows keys = scene.Random(plan.Count, layout.KeyHeads * layout.KeyDimension, gap: 1);
            Rows values = scene.Random(plan.Count, layout.KeyHeads * layout.ValueDimension);
            Rows output = scene.Random(plan.Count, kind.Settings.Heads * kind.Settings.ValueDimension, gap: 2);
            return (() =>
            {
                scene.Device.StoreKeyValue(plan, layout, keys, values);
                scene.Device.Attention(output, queries, plan, layout, kind.Settings);
            }, [output]);
        })
        { Tolerance = 5e-6 };
}
