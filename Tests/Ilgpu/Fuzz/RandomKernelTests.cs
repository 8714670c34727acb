using System.Globalization;
using System.Reflection;
using ILGPU;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.OpenCL;
using Managed.Tests.Ilgpu.OpenCL;

namespace Managed.Tests.Ilgpu.Fuzz;

/// <summary>
/// Random kernels give the same bits as plain C# wherever they run. A failure prints the seed and the source; MANAGED_FUZZ_SEEDS=first-last
/// runs others than the usual ones.
/// </summary>
public sealed class RandomKernelTests
{
    [Test]
    public void FewRandomKernelsGiveTheSameBitsOnOpenCL() => RunOnOpenCL(Seeds(1, 8));

    [Test]
    [Category("Long")]
    public void ManyRandomKernelsGiveTheSameBitsOnOpenCL() => RunOnOpenCL(Seeds(1000, 1100));

    [Test]
    public void FewRandomKernelsGiveTheSameBitsAsPtx() => RunAsPtx(Seeds(1, 12));

    [Test]
    [Category("Long")]
    public void ManyRandomKernelsGiveTheSameBitsAsPtx() => RunAsPtx(Seeds(2000, 2150));

    [Test]
    public void ASeedAlwaysGivesTheSameSource()
    {
        string first = RandomKernel.Source(5), second = RandomKernel.Source(5);
        Assert.That(second, Is.EqualTo(first).And.Not.EqualTo(RandomKernel.Source(6)));
    }

    private static IEnumerable<int> Seeds(int first, int last)
    {
        if (Environment.GetEnvironmentVariable("MANAGED_FUZZ_SEEDS") is { Length: > 0 } range)
        {
            int[] bounds = [.. range.Split('-').Select(bound => int.Parse(bound, CultureInfo.InvariantCulture))];
            (first, last) = (bounds[0], bounds[^1]);
        }
        return Enumerable.Range(first, last - first + 1);
    }

    private static void RunOnOpenCL(IEnumerable<int> seeds)
    {
        using Context context = Context.Create(builder => builder.OpenCL());
        OpenCLRunner.RequireDevice(context.GetCLDevices().Count > 0);
        using CLAccelerator device = context.CreateCLAccelerator(0);
        Run(seeds, (method, inputs) => RandomKernelRunners.On(device, method, inputs));
    }

    private static void RunAsPtx(IEnumerable<int> seeds) => Run(seeds, RandomKernelRunners.OnPtx);

    private static void Run(IEnumerable<int> seeds, Func<MethodInfo, RandomInputs, Array[]> there)
    {
        using Context context = Context.Create(builder => builder.CPU());
        using CPUAccelerator cpu = context.CreateCPUAccelerator(0);
        List<(int Seed, string Message)> failures = [];
        foreach (int seed in seeds)
        {
            string source = RandomKernel.Source(seed);
            using CompiledSource compiled = new(source, optimise: seed % 2 == 0);
            MethodInfo method = compiled.Assembly.GetType("Kernels")!.GetMethod("Kernel")!;
            RandomInputs inputs = new(seed);
            try
            {
                if (Difference(RandomKernelRunners.On(cpu, method, inputs), there(method, inputs)) is string difference)
                {
                    failures.Add((seed, $"{difference}\n{source}"));
                }
            }
            catch (Exception error) when (error is not ResultStateException)
            {
                // Reported below like a wrong result, so that one run shows all seeds.
                failures.Add((seed, $"{error}\n{source}"));
            }
        }
        Assert.That(failures.Select(failure => failure.Seed), Is.Empty, () => $"The first:\n{failures[0].Message}");
    }

    /// <summary>The first number that differs, or null.</summary>
    private static string? Difference(Array[] expected, Array[] actual)
    {
        for (int output = 0; output < expected.Length; output++)
        {
            for (int i = 0; i < expected[output].Length; i++)
            {
                object here = expected[output].GetValue(i)!, there = actual[output].GetValue(i)!;
                if (!Operands.SameNumber(here, there))
                {
                    return $"output {output}, thread {i / RandomKernel.Slots}, slot {i % RandomKernel.Slots}: C# {Operands.Show(here)}, there {Operands.Show(there)}";
                }
            }
        }
        return null;
    }
}
