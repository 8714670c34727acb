using Managed.Kernels;

namespace Managed.Tests.Devices;

/// <summary>Every operation of the processor's device on the table of cases.</summary>
public class KernelTests
{
    private static float[][] Run(KernelCase wanted, IDevice device)
    {
        using var scene = new Scene(device);
        (Action run, Rows[] results) = wanted.Prepare(scene);
        run();
        return [.. results.Select(scene.Read)];
    }

    [TestCaseSource(typeof(KernelCases), nameof(KernelCases.All))]
    public void Results_are_those_of_the_plain_formulas(object wanted)
    {
        var kernelCase = (KernelCase)wanted;
        float[][] expected = Run(kernelCase, new PlainDevice()), actual = Run(kernelCase, new CpuDevice(1));
        for (int i = 0; i < expected.Length; i++)
        {
            double largest = expected[i].Max(Math.Abs), allowed = kernelCase.Tolerance * largest;
            for (int j = 0; j < expected[i].Length; j++)
                Assert.That((double)actual[i][j], Is.EqualTo(expected[i][j]).Within(allowed), $"result {i}, element {j}; the largest is {largest}");
        }
    }

    [Test]
    public void The_number_of_threads_does_not_change_a_bit()
    {
        foreach (KernelCase kernelCase in KernelCases.All())
        {
            float[][] one = Run(kernelCase, new CpuDevice(1));
            Assert.That(Run(kernelCase, new CpuDevice(3)), Is.EqualTo(one), kernelCase.Name);
        }
    }

    [Test]
    public void A_queue_of_shared_operations_does_not_change_a_bit([Values(1, 2, 3)] int threads)
    {
        foreach (KernelCase kernelCase in KernelCases.All())
        {
            using var scene = new Scene(new CpuDevice(threads, worthSharing: 0));
            (Action run, Rows[] results) = kernelCase.Prepare(scene);
            Queued(scene.Device, run);
            Assert.That(results.Select(scene.Read), Is.EqualTo(Run(kernelCase, new CpuDevice(1))), kernelCase.Name);
        }
    }

    // As operations of a short step.
    private static void Queued(IDevice device, Action run) => device.Step(new StepPlan { Count = 1 }, default, null, () =>
    {
        run();
        return default;
    });

    [Test]
    public void No_operation_of_a_queue_allocates_once_it_has_run()
    {
        foreach (KernelCase kernelCase in KernelCases.All())
        {
            using var scene = new Scene(new CpuDevice(2, worthSharing: 0));
            (Action run, _) = kernelCase.Prepare(scene);
            var plan = new StepPlan { Count = 1 };
            Func<Rows> operations = () =>
            {
                run();
                return default;
            };
            for (int i = 0; i < 2; i++)
                scene.Device.Step(plan, default, null, operations);
            long allocated = Allocated.Least(() => Allocated.During(5, () => scene.Device.Step(plan, default, null, operations)));
            Assert.That(allocated, Is.Zero, kernelCase.Name);
        }
    }

    [Test]
    public void No_operation_allocates_once_it_has_run()
    {
        foreach (KernelCase kernelCase in KernelCases.All())
        {
            using var scene = new Scene(new CpuDevice(2));
            (Action run, _) = kernelCase.Prepare(scene);
            run();
            run();
            Assert.That(Allocated.Least(() => Allocated.During(5, run)), Is.Zero, kernelCase.Name);
        }
    }
}
