using Managed.Kernels;

namespace Managed.Tests.Devices;

/// <summary>A mixture in one operation has the bits of its parts: each choice's layers by themselves, and their weighted sum.</summary>
public class ExpertOperationTests
{
    private const int Columns = 256, Inner = 512, Outputs = 100;

    private sealed class Mixture
    {
        private readonly IDevice device;
        private readonly RouterSettings routing = new() { Experts = 6, Chosen = 2, Scoring = RouterScoring.SoftmaxThenTop, Renormalise = true };
        private readonly Precision precision;
        private readonly int total;
        private readonly Rows input, logits, output;
        private readonly Projection down, gate, up;
        private readonly Weight[] downs, gates, ups;

        public Mixture(Scene scene, WeightType type, int tokens, Precision precision)
        {
            (device, this.precision, total) = (scene.Device, precision, tokens * routing.Chosen);
            (input, logits, output) = (scene.Random(tokens, Columns, gap: 8), scene.Random(tokens, routing.Experts, scale: 3), scene.Random(tokens, Outputs));
            (gate, up, down) = (Layer(Inner, Columns, out gates), Layer(Inner, Columns, out ups), Layer(Outputs, Inner, out downs));

            Projection Layer(int rows, int columns, out Weight[] parts) => scene.ExpertLayer(type, routing.Experts, total, rows, columns, isBiased: true, out parts);
        }

        public void Run() => device.Experts(output, down, gate, up, input, logits, routing, ActivationKind.Silu, 0, precision);

        public float[] Together(Scene scene)
        {
            Run();
            return scene.Read(output);
        }

        public float[] Apart(Scene scene)
        {
            int[] experts = new int[total], rows = [.. Enumerable.Range(0, total)];
            float[] weights = new float[total];
            device.Route(experts, weights, logits, routing);
            for (int i = 0; i < total; i++)
            {
                Rows hidden = gate.Output.Slice(i, 1);
                device.Linear([One(gate, gates, experts[i], i)], input.Slice(i / routing.Chosen, 1), precision);
                device.Linear([One(up, ups, experts[i], i)], input.Slice(i / routing.Chosen, 1), precision);
                device.Activate(hidden, hidden, up.Output.Slice(i, 1), ActivationKind.Silu);
                device.Linear([One(down, downs, experts[i], i)], hidden, precision);
            }
            device.Combine(output, down.Output, rows, weights, routing.Chosen);
            return scene.Read(output);
        }

        private Projection One(Projection stack, Weight[] parts, int expert, int i)
        {
            int rows = parts[expert].Rows;
            return new Projection(stack.Output.Slice(i, 1), parts[expert], device.Upload(device.Span(stack.Bias!, (long)expert * rows, rows)));
        }
    }

    private static IEnumerable<WeightType> Types => KernelCases.DirectTypes;

    [Test]
    public void A_mixture_has_the_bits_of_its_experts_apart([ValueSource(nameof(Types))] object type, [Values] Precision precision, [Values(1, 3)] int threads)
    {
        foreach (int tokens in new[] { 1, 5, 70 })
        {
            using var scene = new Scene(new CpuDevice(threads, worthSharing: 0));
            var mixture = new Mixture(scene, (WeightType)type, tokens, precision);
            float[] together = mixture.Together(scene);
            Assert.That(together, Is.EqualTo(mixture.Apart(scene)), $"{tokens} tokens");
            for (int step = 0; step < (tokens == 1 ? 3 * CpuWeight.StepsBeforePacking : 1); step++) // then weights are packed
                Assert.That(mixture.Together(scene), Is.EqualTo(together), $"{tokens} tokens, once more");
        }
    }

    [Test]
    public void A_queued_mixture_has_the_same_bits_and_allocates_nothing([Values(WeightType.F16, WeightType.Q4_0)] object type, [Values(1, 5)] int tokens, [Values(1, 2)] int threads)
    {
        using var scene = new Scene(new CpuDevice(threads, worthSharing: 0));
        var mixture = new Mixture(scene, (WeightType)type, tokens, Precision.Fast);
        float[] together = mixture.Together(scene);
        var plan = new StepPlan { Count = tokens };
        Func<Rows> operations = () =>
        {
            mixture.Run();
            mixture.Run();
            return default;
        };
        for (int step = 0; step < 3 * CpuWeight.StepsBeforePacking; step++)
            scene.Device.Step(plan, default, null, operations);
        Assert.That(mixture.Together(scene), Is.EqualTo(together));
        Assert.That(Allocated.Least(() => Allocated.During(5, () => scene.Device.Step(plan, default, null, operations))), Is.Zero);
    }

    [Test]
    public void Matrices_whose_rows_are_in_another_order_are_no_stack()
    {
        using var scene = new Scene(new CpuDevice(1));
        Assert.That(() => scene.Stack(WeightType.F32, 2, 4, 8, out _, [1, 0, 3, 2]), Throws.InvalidOperationException);
    }
}
