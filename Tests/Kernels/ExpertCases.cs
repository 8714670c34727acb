using Managed.Kernels;

namespace Managed.Tests.Devices;

/// <summary>The part of the table that devices are held against which choose experts themselves: whole mixtures.</summary>
internal static class ExpertCases
{
    public static IEnumerable<KernelCase> All() => [.. Choices(), .. Types(), .. Activations(), .. Parts()];

    // Whole numbers as logits meet each other: then the lower expert is the better.
    private static IEnumerable<KernelCase> Choices() =>
        from scoring in Enum.GetValues<RouterScoring>()
        from renormalise in new[] { false, true }
        from groups in new[] { (Count: 1, Top: 1), (Count: 4, Top: 1), (Count: 4, Top: 2) }
        from corrected in new[] { false, true }
        from whole in new[] { false, true }
        select new KernelCase(
            $"experts by {scoring}{(renormalise ? " renormalised" : "")} of {groups.Count} groups by {groups.Top}{(corrected ? " corrected" : "")}{(whole ? " with ties" : "")}",
            scene => Mixture(scene, WeightType.F32, 6, columns: 7, inner: 5, biased: true, ActivationKind.Silu, whole, new RouterSettings
            {
                Experts = 20,
                Chosen = 4,
                Scoring = scoring,
                Renormalise = renormalise,
                Scale = 2.5f,
                Groups = groups.Count,
                GroupsChosen = Math.Min(groups.Count, 2),
                GroupScoreTop = groups.Top,
                CorrectionBias = corrected ? scene.Floats(20) : null,
            }))
        { Tolerance = 4e-6 };

    private static IEnumerable<KernelCase> Types() =>
        from type in KernelCases.DirectTypes
        from precision in Enum.GetValues<Precision>()
        from tokens in new[] { 1, 3, 11 }
        let columns = type is WeightType.Q4_K or WeightType.Q5_K or WeightType.Q6_K ? 256 : 96
        where columns < 256 || tokens < 11
        select new KernelCase($"experts {precision} of {type} for {tokens}",
            scene => Mixture(scene, type, tokens, columns, columns, biased: tokens == 3, ActivationKind.Silu, whole: false, s_plain, precision))
        { Tolerance = 4e-6 };

    private static IEnumerable<KernelCase> Activations() =>
        from kind in new[] { ActivationKind.Gelu, ActivationKind.GeluTanh, ActivationKind.Relu, ActivationKind.ClampedSwiglu }
        from tokens in new[] { 1, 11 }
        select new KernelCase($"experts with {kind} for {tokens}",
            scene => Mixture(scene, WeightType.BF16, tokens, 40, 24, biased: true, kind, whole: false, s_plain))
        { Tolerance = 4e-6 };

    // Where somebody looks into an expert, its rows are a weight by themselves.
    private static IEnumerable<KernelCase> Parts() =>
        from type in KernelCases.DirectTypes
        select new KernelCase($"experts apart, of {type}", scene =>
        {
            const int Outputs = 5;
            Rows input = scene.Random(3, 256);
            scene.Stack(type, 3, Outputs, 256, out Weight[] parts, [3, 0, 4, 1, 2]);
            Rows[] results = [.. parts.Select(_ => scene.Random(3, Outputs))];
            return (() =>
            {
                for (int i = 0; i < parts.Length; i++)
                    scene.Device.Linear([new Projection(results[i], parts[i])], input, Precision.Exact);
            }, results);
        });

    private static readonly RouterSettings s_plain = new() { Experts = 6, Chosen = 2, Scoring = RouterScoring.SoftmaxThenTop };

    private static (Action Run, Rows[] Results) Mixture(
        Scene scene, WeightType type, int tokens, int columns, int inner, bool biased, ActivationKind kind, bool whole, RouterSettings routing, Precision precision = Precision.Exact)
    {
        const int Outputs = 13;
        int total = tokens * routing.Chosen;
        Rows input = scene.Random(tokens, columns, gap: 8), logits = scene.Random(tokens, routing.Experts, gap: 1, scale: 3), output = scene.Random(tokens, Outputs, gap: 2);
        if (whole)
            foreach (ref float logit in scene.Device.Span(logits.Buffer, 0, (int)logits.Buffer.Length))
                logit = MathF.Round(logit);
        Projection Layer(int rows, int inputs, int[]? order = null) => scene.ExpertLayer(type, routing.Experts, total, rows, inputs, biased, out _, gap: 3, order);
        Projection gate = Layer(inner, columns), up = Layer(inner, columns), down = Layer(Outputs, inner, [.. Enumerable.Range(0, Outputs).Select(r => r * 5 % Outputs)]);
        return (() => scene.Device.Experts(output, down, gate, up, input, logits, routing, kind, kind == ActivationKind.ClampedSwiglu ? 0.7f : 0, precision), [output]);
    }
}
