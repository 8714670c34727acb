using System.Runtime.CompilerServices;
using Managed.Kernels;

namespace Managed.Tests.Devices;

/// <summary>What the collector takes is freed, and kernels hold addresses: whatever an operation uses has to be held until it is done.</summary>
public class HeldMemoryTests
{
    private static int CollectedWhile(Scene scene, Action begin)
    {
        int collected = -1;
        scene.Device.Step(new StepPlan { Count = 1 }, default, null, () =>
        {
            begin();
            GC.Collect(0);
            collected = scene.Collected;
            return default;
        });
        return collected;
    }

    // When it returns, only the device knows of the operation.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Begin(Scene scene, KernelCase wanted) => wanted.Prepare(scene).Run();

    [Test]
    public void Whatever_operations_of_a_queue_use_is_held_until_they_are_done()
    {
        string[] doneAtOnce = ["rope", "embed", "softmax", "route", "add, scale, clamp"];
        (string Cases, int Buffers)[] free = [("attention", 2), ("activate ClampedSwiglu", 1)]; // keys and values, which are stored at once; a result that is not asked for
        foreach (KernelCase wanted in KernelCases.All().Where(wanted => !doneAtOnce.Any(wanted.Name.StartsWith)))
        {
            using var scene = new Scene(new CpuDevice(2, worthSharing: 0));
            int most = free.FirstOrDefault(some => wanted.Name.StartsWith(some.Cases)).Buffers;
            Assert.That(CollectedWhile(scene, () => Begin(scene, wanted)), Is.AtMost(most), wanted.Name);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void BeginMixture(Scene scene, int tokens, Precision precision)
    {
        var routing = new RouterSettings { Experts = 4, Chosen = 2, Scoring = RouterScoring.SoftmaxThenTop };
        Rows input = scene.Random(tokens, 64), logits = scene.Random(tokens, 4), output = scene.Random(tokens, 64);
        Projection gate = Layer(), up = Layer(), down = Layer();
        scene.Device.Experts(output, down, gate, up, input, logits, routing, ActivationKind.Silu, 0, precision);

        Projection Layer() => scene.ExpertLayer(WeightType.Q8_0, 4, 2 * tokens, 64, 64, isBiased: true, out _);
    }

    [Test]
    public void Whatever_a_mixture_uses_is_held_until_it_is_done([Values(1, 5)] int tokens, [Values] Precision precision)
    {
        const int Logits = 1; // which are read at once
        using var scene = new Scene(new CpuDevice(2, worthSharing: 0));
        Assert.That(CollectedWhile(scene, () => BeginMixture(scene, tokens, precision)), Is.AtMost(Logits));
    }
}
