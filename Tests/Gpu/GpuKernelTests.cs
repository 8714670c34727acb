using Managed.Kernels;
using Managed.Kernels.Gpu;
using Managed.Tests.Devices;

namespace Managed.Tests.Gpu;

/// <summary>Every operation of the GPU's device on the table of cases that the processor's is held against, too.</summary>
public class GpuKernelTests
{
    private static float[][] Run(KernelCase wanted, Scene scene)
    {
        (Action run, Rows[] results) = wanted.Prepare(scene);
        run();
        return [.. results.Select(scene.Read)];
    }

    private static IEnumerable<KernelCase> Cases() => KernelCases.All().Where(wanted => !wanted.Name.Contains(" Fast "));

    private static IEnumerable<string> Groups() => Cases().Select(wanted => wanted.Name.Split(' ')[0].TrimEnd(',')).Distinct();

    [Test]
    public void Results_are_those_of_the_plain_formulas([Values(Accelerators.Cpu, Accelerators.OpenCL)] string accelerator, [ValueSource(nameof(Groups))] string group)
    {
        using GpuDevice device = Accelerators.Open(accelerator);
        var failures = new List<string>();
        foreach (KernelCase wanted in Cases().Where(wanted => wanted.Name.StartsWith(group, StringComparison.Ordinal)))
        {
            using var plain = new Scene(new PlainDevice());
            float[][] expected = Run(wanted, plain), actual = Run(wanted, new Scene(device));
            for (int i = 0; i < expected.Length; i++)
            {
                double largest = expected[i].Max(Math.Abs), allowed = wanted.Tolerance * largest;
                int bad = Enumerable.Range(0, expected[i].Length).FirstOrDefault(j => !(Math.Abs(expected[i][j] - actual[i][j]) <= allowed), -1);
                if (bad >= 0)
                    failures.Add($"{wanted.Name}: result {i}, element {bad} is {actual[i][bad]}, expected {expected[i][bad]}; the largest is {largest}");
            }
        }
        Assert.That(failures, Is.Empty);
    }
}
