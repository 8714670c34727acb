using System.Reflection;
using ILGPU;
using ILGPU.Runtime.CPU;
using Managed.Tests.Ilgpu.Fuzz;
using Managed.Tests.Ilgpu.OpenCL;

namespace Managed.Tests.Ilgpu.Frontend;

/// <summary>
/// Random kernels keep their meaning through every pass: the form is checked after each, and what it computes, with and without
/// optimisation, is what .NET computes. No device is needed.
/// </summary>
public class RandomKernelTests
{
    [Test]
    public void A_few_agree_with_NET() => Check(Enumerable.Range(1, 8));

    [Test]
    [Category("Long")]
    public void Many_agree_with_NET() => Check(Enumerable.Range(5000, 200));

    private static void Check(IEnumerable<int> seeds)
    {
        using Context context = Context.Create(builder => builder.CPU());
        using CPUAccelerator cpu = context.CreateCPUAccelerator(0);
        List<string> failures = [];
        foreach (int seed in seeds)
        {
            if (Compare(seed, cpu) is { } failure)
            {
                failures.Add(failure);
            }
        }
        Assert.That(failures, Is.Empty, $"{failures.Count} kernels failed. The first:\n{failures.FirstOrDefault()}");
    }

    /// <summary>What differs, or null.</summary>
    private static string? Compare(int seed, CPUAccelerator cpu)
    {
        string source = RandomKernel.Source(seed);
        using CompiledSource compiled = new(source, optimise: seed % 2 == 0);
        MethodInfo method = compiled.Assembly.GetType("Kernels")!.GetMethod("Kernel")!;
        RandomInputs inputs = new(seed);
        Array[] expected = RandomKernelRunners.On(cpu, method, inputs);
        foreach (bool optimise in new[] { false, true })
        {
            string way = optimise ? "optimised" : "plain";
            try
            {
                Array[] actual = RandomKernelRunners.Interpreted(method, inputs, optimise);
                for (int i = 0; i < expected.Length; i++)
                {
                    for (int j = 0; j < expected[i].Length; j++)
                    {
                        if (!Operands.SameNumber(expected[i].GetValue(j)!, actual[i].GetValue(j)!))
                        {
                            return $"seed {seed}, {way}, output {i}, element {j}: {actual[i].GetValue(j)} for {expected[i].GetValue(j)}\n{source}";
                        }
                    }
                }
            }
            catch (Exception error) when (error is InvalidOperationException or Managed.Ilgpu.Compiler.Frontend.KernelCompilationException or AssertionException)
            {
                return $"seed {seed}, {way}: {error}\n{source}";
            }
        }
        return null;
    }
}
