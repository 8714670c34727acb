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

    private static IEnumerable<KernelCase> Cases(string group) =>
        AllCases().Where(wanted => wanted.Name.StartsWith(group, StringComparison.Ordinal) && !wanted.Name.Contains(" Fast "));

    private static IEnumerable<KernelCase> AllCases() => KernelCases.All().Concat(ExpertCases.All());

    // The first words of the cases' names.
    private static IEnumerable<string> Groups() => AllCases().Select(wanted => wanted.Name.Split(' ')[0].TrimEnd(',')).Distinct();

    [Test]
    public void Results_are_those_of_the_plain_formulas([Values(Accelerators.Cpu, Accelerators.OpenCL, Accelerators.Cuda)] string accelerator, [ValueSource(nameof(Groups))] string group) =>
        Check(accelerator, Cases(group));

    // An interpreter takes its time: a case of each type, and of each kind of the rest every few.
    [Test]
    public void Interpreted_PTX_gives_the_plain_formulas_results([ValueSource(nameof(Groups))] string group) =>
        Check(Accelerators.Ptx, Cases(group).Where((wanted, i) => group switch
        {
            "linear" => wanted.Name.EndsWith(" 6×288", StringComparison.Ordinal) || wanted.Name.EndsWith("×33", StringComparison.Ordinal) || wanted.Name.EndsWith("×256", StringComparison.Ordinal),
            "embed" => true,
            "attention" => wanted.Name.Contains("first tokens", StringComparison.Ordinal),
            _ => i % 5 == 0,
        }));

    private static void Check(string accelerator, IEnumerable<KernelCase> cases)
    {
        using GpuDevice device = Accelerators.Open(accelerator);
        var failures = new List<string>();
        foreach (KernelCase wanted in cases)
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

    [Test]
    public void PTX_of_every_kernel_assembles_without_spills([ValueSource(nameof(Groups))] string group) =>
        Accelerators.AssertAssembles(group, device =>
        {
            foreach (KernelCase wanted in Cases(group))
                Run(wanted, new Scene(device));
        });
}
