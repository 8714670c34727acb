using Managed.Kernels;

namespace Managed.Tests.Devices;

/// <summary>One call of one operation: what to run, and the rows in which its results lie.</summary>
internal sealed record KernelCase(string Name, Func<Scene, (Action Run, Rows[] Results)> Prepare)
{
    /// <summary>Allowed error as a share of the largest expected value.</summary>
    public double Tolerance { get; init; } = 2e-6;

    public override string ToString() => Name;
}

/// <summary>The table of cases on which devices are held against the plain formulas, and against themselves.</summary>
internal static class KernelCases
{
    private static readonly int[] s_widths = [1, 7, 8, 31, 33, 576];

    public static readonly WeightType[] DirectTypes =
    [
        WeightType.F32, WeightType.F16, WeightType.BF16, WeightType.Q8_0, WeightType.Q4_0, WeightType.Q4_1, WeightType.Q5_0,
        WeightType.Q5_1, WeightType.Q4_K, WeightType.Q5_K, WeightType.Q6_K, WeightType.IQ4_NL, WeightType.MXFP4,
    ];

    public static IEnumerable<KernelCase> All() => [.. Norms(), .. Linears(), .. Ropes(), .. AttentionCases.All(), .. Elementwise(), .. Experts(), .. Embeddings()];

    private static (Action Run, Rows[] Results) Do(Action run, params Rows[] results) => (run, results);

    private static IEnumerable<KernelCase> Norms() =>
        from kind in Enum.GetValues<NormKind>()
        from width in s_widths
        from segments in new[] { 1, 3 }
        from gained in new[] { false, true }
        where kind == NormKind.Rms || width > 1 // the variance of one value is zero: only ε would be compared
        select new KernelCase($"norm {kind} {width}×{segments}{(gained ? " gain and bias" : "")}", scene =>
        {
            Rows input = scene.Random(5, width * segments, gap: 3), output = scene.Random(5, width * segments);
            var settings = new NormSettings(kind, 1e-5f) { Segments = segments };
            if (gained)
                settings = settings with
                {
                    Gain = scene.Vector(width * segments),
                    Bias = scene.Vector(width * segments),
                    GainOffset = segments == 1 ? 1 : 0,
                    GainPerSegment = segments == 3 && kind == NormKind.Rms,
                };
            return Do(() => scene.Device.Norm(output, input, settings), output);
        });

    private static IEnumerable<KernelCase> Linears() =>
        from type in DirectTypes
        from precision in Enum.GetValues<Precision>()
        from tokens in new[] { 1, 2, 4, 6 }
        from columns in type <= WeightType.F16 || type == WeightType.BF16 ? new[] { 1, 31, 33, 576 }
            : type is WeightType.Q4_K or WeightType.Q5_K or WeightType.Q6_K ? [256, 768] : new[] { 32, 288, 576 }
        select new KernelCase($"linear {type} {precision} {tokens}×{columns}", scene =>
        {
            Rows input = scene.Random(tokens, columns, gap: 8), first = scene.Random(tokens, 13, gap: 5), second = scene.Random(tokens, 128);
            int[] order = [.. Enumerable.Range(0, 13).Select(r => r * 5 % 13)];
            Projection[] layers =
            [
                new Projection(first, scene.Weight(type, 13, columns, order), scene.Vector(13)),
                new Projection(second, scene.Weight(type, 128, columns)),
            ];
            if (scene.IsReference && precision == Precision.Fast && type > WeightType.F16 && type != WeightType.BF16)
                RoundToBytes(scene, input);
            return Do(() => scene.Device.Linear(layers, input, precision), first, second);
        })
        { Tolerance = 5e-6 };

    // What fast precision makes of activations: the largest magnitude of 32 becomes 127.
    private static void RoundToBytes(Scene scene, Rows input)
    {
        for (int r = 0; r < input.Count; r++)
            for (int b = 0; b < input.Width; b += 32)
            {
                Span<float> block = scene.Device.Span(input.Buffer, input.Start + ((long)r * input.Stride) + b, 32);
                float most = block.ToArray().Max(Math.Abs), scale = most / 127f, inverse = 127f / most;
                foreach (ref float value in block)
                    value = scale * MathF.Round(value * inverse, MidpointRounding.ToEven);
            }
    }

    private static IEnumerable<KernelCase> Ropes() =>
        from pairing in Enum.GetValues<RopePairing>()
        from half in new[] { 1, 3, 16 }
        select new KernelCase($"rope {pairing} {2 * half} dimensions", scene =>
        {
            int dimension = (2 * half) + 5;
            StepPlan plan = scene.Plan([(0, 3), (70, 2)]);
            Rows vectors = scene.Random(plan.Count, 3 * dimension, gap: 1);
            RopeTable[] tables = [Table(1f), Table(0.5f)];
            RopeTable Table(float magnitude) => new(pairing, [.. Enumerable.Range(0, half).Select(i => MathF.Pow(10000, -i / (float)half))], magnitude);
            return Do(() => scene.Device.Rope(vectors, plan, 3, dimension, 2, tables), vectors);
        })
        { Tolerance = 1e-5 }; // angles are products in float32

    private static IEnumerable<KernelCase> Elementwise()
    {
        foreach (ActivationKind kind in Enum.GetValues<ActivationKind>())
            foreach (int width in s_widths)
                yield return new KernelCase($"activate {kind} {width}", scene =>
                {
                    Rows gate = scene.Random(3, width, gap: 2, scale: 6), up = scene.Random(3, width, scale: 6), gated = scene.Random(3, width), alone = scene.Random(3, width);
                    return Do(() =>
                    {
                        scene.Device.Activate(gated, gate, up, kind, 4f);
                        if (kind != ActivationKind.ClampedSwiglu)
                            scene.Device.Activate(alone, gate, null, kind);
                    }, gated, alone);
                });
        foreach (int width in s_widths)
        {
            yield return new KernelCase($"add, scale, clamp, cap, scale rows {width}", scene =>
            {
                Rows a = scene.Random(4, width, gap: 1), b = scene.Random(4, width), factors = scene.Random(4, 1);
                Rows sum = scene.Random(4, width), scaled = scene.Random(4, width), clamped = scene.Random(4, width, scale: 3), capped = scene.Random(4, width, scale: 30), gated = scene.Random(4, width);
                return Do(() =>
                {
                    scene.Device.Add(sum, a, b, 0.7f);
                    scene.Device.Scale(scaled, a, -1.3f);
                    scene.Device.Clamp(clamped, 1f);
                    scene.Device.SoftCap(capped, 20f);
                    scene.Device.ScaleRows(gated, factors);
                }, sum, scaled, clamped, capped, gated);
            });
            yield return new KernelCase($"softmax {width}", scene =>
            {
                Rows input = scene.Random(4, width, gap: 1, scale: 8), output = scene.Random(4, width);
                return Do(() => scene.Device.Softmax(output, input), output);
            });
        }
    }

    private static IEnumerable<KernelCase> Experts()
    {
        RouterSettings plain = new() { Experts = 16, Chosen = 4, Scoring = RouterScoring.SoftmaxThenTop };
        foreach (RouterScoring scoring in Enum.GetValues<RouterScoring>())
            foreach (bool renormalise in new[] { false, true })
                foreach ((int groups, int groupTop) in new[] { (1, 1), (4, 1), (4, 2) })
                    foreach (bool corrected in new[] { false, true })
                        yield return new KernelCase($"route {scoring}{(renormalise ? " renormalised" : "")} {groups} groups by {groupTop}{(corrected ? " corrected" : "")}", scene =>
                        {
                            RouterSettings settings = plain with
                            {
                                Scoring = scoring,
                                Renormalise = renormalise,
                                Scale = 2.5f,
                                Groups = groups,
                                GroupsChosen = Math.Min(groups, 2),
                                GroupScoreTop = groupTop,
                                CorrectionBias = corrected ? scene.Floats(16) : null,
                            };
                            Rows logits = scene.Random(9, 16, scale: 3), weighed = scene.Random(9, 4), parts = scene.Random(16, 33, gap: 2), output = scene.Random(9, 33);
                            var indices = new int[9 * 4];
                            var weights = new float[9 * 4];
                            return Do(() =>
                            {
                                scene.Device.Route(indices, weights, logits, settings);
                                weights.CopyTo(scene.Device.Span(weighed.Buffer, 0, 36));
                                scene.Device.Combine(output, parts, indices, weights, 4);
                            }, weighed, output);
                        });
    }

    private static IEnumerable<KernelCase> Embeddings()
    {
        foreach (WeightType type in DirectTypes)
            yield return new KernelCase($"embed {type}", scene =>
            {
                StepPlan plan = scene.Plan([(0, 3), (2, 4)]);
                Weight table = scene.Weight(type, 10, 256), places = scene.Weight(type, 10, 256);
                Rows output = scene.Random(7, 256, gap: 1), positions = scene.Random(7, 256), gathered = scene.Random(3, 256);
                int[] rows = [6, 0, 6];
                return Do(() =>
                {
                    scene.Device.Embed(output, plan, table, 3f);
                    scene.Device.EmbedPositions(positions, plan, places, 2);
                    scene.Device.Gather(gathered, output, rows);
                }, output, positions, gathered);
            });
    }
}
