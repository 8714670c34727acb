using Managed.Kernels;
using Managed.Kernels.Gpu;
using Managed.Tests.Devices;
using Managed.Tests.Ilgpu.Cuda;

namespace Managed.Tests.Gpu;

/// <summary>Mixtures of experts on tensor cores, as interpreted PTX, against the plain formulas.</summary>
public class FastMixtureTests
{
    // Activations of sixteen bits, rounded twice, and their products with each other.
    private const double Rounded = 2e-4;

    private static float[] Run(Scene scene, WeightType type, RouterSettings routing, int tokens, int columns, int inner, ActivationKind kind, bool isBiased, int first = 0, int count = 0)
    {
        const int Outputs = 33;
        Rows input = scene.Random(tokens, columns, gap: 8), logits = scene.Random(tokens, routing.Experts, gap: 1, scale: 3), output = scene.Random(tokens, Outputs, gap: 2);
        count = count == 0 ? tokens : count;
        Projection Layer(int rows, int inputs)
        {
            Projection layer = scene.ExpertLayer(type, routing.Experts, tokens * routing.Chosen, rows, inputs, isBiased, out _, gap: 4);
            return layer with { Output = layer.Output.Slice(0, count * routing.Chosen) };
        }
        Projection gate = Layer(inner, columns), up = Layer(inner, columns), down = Layer(Outputs, inner);
        output = output.Slice(first, count);
        scene.Device.Experts(output, down, gate, up, input.Slice(first, count), logits.Slice(first, count), routing, kind, kind == ActivationKind.ClampedSwiglu ? 0.7f : 0, Precision.Fast);
        return scene.Read(output);
    }

    private static readonly RouterSettings s_routing = new() { Experts = 7, Chosen = 3, Scoring = RouterScoring.SoftmaxThenTop, Renormalise = true };

    private static void Check(WeightType type, int tokens, double tolerance, ActivationKind kind = ActivationKind.Silu, bool isBiased = false)
    {
        using var scene = new Scene(Accelerators.Open(Accelerators.Ptx));
        using var plain = new Scene(new PlainDevice());
        int inner = type is WeightType.Q4_K or WeightType.Q5_K or WeightType.Q6_K ? 256 : 96;
        float[] actual = Run(scene, type, s_routing, tokens, 256, inner, kind, isBiased), expected = Run(plain, type, s_routing, tokens, 256, inner, kind, isBiased);
        Assert.That(actual, Is.EqualTo(expected).AsCollection.Within(tolerance * expected.Max(MathF.Abs)));
    }

    private static IEnumerable<object> Types => KernelCases.DirectTypes.Cast<object>();

    [TestCaseSource(nameof(Types))]
    public void One_token_s_experts_are_vector_products_within_the_rounding_of_their_activations(object type) => Check((WeightType)type, 1, Rounded);

    [Test]
    public void So_are_a_few_tokens_experts([Values(WeightType.BF16, WeightType.Q8_0, WeightType.MXFP4)] object type, [Values(2, 8)] int tokens) => Check((WeightType)type, tokens, Rounded, isBiased: true);

    [Test]
    public void Every_activation_is_applied([Values(ActivationKind.Gelu, ActivationKind.GeluTanh, ActivationKind.Relu, ActivationKind.ClampedSwiglu)] object kind) =>
        Check(WeightType.Q4_0, 1, Rounded, (ActivationKind)kind, isBiased: true);

    /// <summary>Activations and hidden values are rounded to bfloat16, and so are quantised weights.</summary>
    [Test]
    public void Many_tokens_experts_are_products_of_matrices(
        [Values(WeightType.BF16, WeightType.Q8_0, WeightType.MXFP4)] object type, [Values(9, 60)] int tokens) => Check((WeightType)type, tokens, 1e-2, isBiased: true);

    [Test]
    public void Many_choices_among_more_experts_are_vector_products_unless_all_weights_are_bfloat16()
    {
        var routing = new RouterSettings { Experts = 40, Chosen = 2, Scoring = RouterScoring.SoftmaxThenTop };
        foreach ((WeightType type, double tolerance) in new[] { (WeightType.Q8_0, Rounded), (WeightType.BF16, 1e-2) })
        {
            using var scene = new Scene(Accelerators.Open(Accelerators.Ptx));
            using var plain = new Scene(new PlainDevice());
            float[] actual = Run(scene, type, routing, 12, 64, 32, ActivationKind.Silu, true), expected = Run(plain, type, routing, 12, 64, 32, ActivationKind.Silu, true);
            float largest = expected.Max(MathF.Abs), off = actual.Zip(expected, (a, b) => MathF.Abs(a - b)).Max();
            Assert.That(off, type == WeightType.BF16 ? Is.InRange(Rounded * largest, tolerance * largest) : Is.LessThan(tolerance * largest));
        }
    }

    [Test]
    public void A_token_has_the_bits_that_it_has_alone([Values(WeightType.BF16, WeightType.Q4_0)] object type, [Values] bool isDeterministic)
    {
        int tokens = isDeterministic ? 10 : 6;
        float[] Of(int first, int count)
        {
            using var scene = new Scene(Accelerators.Open(Accelerators.Ptx));
            scene.Device.KeepsBits = isDeterministic;
            return Run(scene, (WeightType)type, s_routing, tokens, 256, 96, ActivationKind.Silu, false, first, count);
        }
        float[] all = Of(0, tokens);
        Assert.That(Enumerable.Range(0, tokens).SelectMany(t => Of(t, 1)), Is.EqualTo(all));
    }

    /// <summary>All sizes of tiles.</summary>
    [Test]
    public void PTX_assembles_without_spills() => Accelerators.AssertAssembles("mixture", device =>
    {
        var two = new RouterSettings { Experts = 2, Chosen = 2, Scoring = RouterScoring.SoftmaxThenTop };
        foreach (int tokens in new[] { 1, 9, 20, 40, 120 })
            Run(new Scene(device), WeightType.BF16, two, tokens, 64, 32, ActivationKind.Silu, true);
    });
}
