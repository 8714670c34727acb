using System.Reflection;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using Managed.Ilgpu.Compiler.IR;
using Managed.Tests.Ilgpu.Fuzz;
using Managed.Tests.Ilgpu.OpenCL;

namespace Managed.Tests.Ilgpu.Frontend;

/// <summary>
/// Random kernels keep their meaning through every pass: the form is checked after each, and what it computes, with and without
/// optimisation, is what .NET computes. No device is needed.
/// </summary>
public class RandomKernelTests
{
    private const int Threads = 24;

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
        Array[] expected = RunManaged(method, cpu, seed);
        foreach (bool optimise in new[] { false, true })
        {
            try
            {
                KernelFunction kernel = Harness.Compile(method, optimise, implicitlyGrouped: true);
                Array[] arrays = [.. Inputs(seed), .. Outputs()];
                KernelInterpreter interpreter = new(kernel);
                List<long> arguments = [Threads];
                foreach (Array array in arrays)
                {
                    arguments.AddRange(Harness.Leaves(interpreter, array));
                    arguments.Add(array.Length);
                }
                interpreter.Launch((1, 1, 1), (Threads, 1, 1), [.. arguments, 17]);
                for (int i = 0; i < expected.Length; i++)
                {
                    for (int j = 0; j < expected[i].Length; j++)
                    {
                        if (!Equals(arrays[4 + i].GetValue(j), expected[i].GetValue(j)))
                        {
                            return $"seed {seed}, {(optimise ? "optimised" : "plain")}, output {i}, element {j}: "
                                + $"{arrays[4 + i].GetValue(j)} for {expected[i].GetValue(j)}\n{source}";
                        }
                    }
                }
            }
            catch (Exception error) when (error is InvalidOperationException or Managed.Ilgpu.Compiler.Frontend.KernelCompilationException or AssertionException)
            {
                return $"seed {seed}, {(optimise ? "optimised" : "plain")}: {error}\n{source}";
            }
        }
        return null;
    }

    private static Array[] Inputs(int seed)
    {
        Random random = new(seed);
        T[] Of<T>()
            where T : unmanaged, System.Numerics.INumberBase<T>
        {
            T[] pool = Operands.Of<T>();
            return [.. Enumerable.Range(0, Threads).Select(_ => pool[random.Next(pool.Length)])];
        }
        return [Of<int>(), Of<long>(), Of<float>(), Of<double>()];
    }

    private static Array[] Outputs()
    {
        int count = Threads * RandomKernel.Slots;
        return [new int[count], new long[count], new float[count], new double[count]];
    }

    private static Array[] RunManaged(MethodInfo method, CPUAccelerator cpu, int seed)
    {
        Array[] inputs = Inputs(seed), outputs = Outputs();
        using var ints = DeviceArrays.Upload(cpu, (int[])inputs[0]);
        using var longs = DeviceArrays.Upload(cpu, (long[])inputs[1]);
        using var floats = DeviceArrays.Upload(cpu, (float[])inputs[2]);
        using var doubles = DeviceArrays.Upload(cpu, (double[])inputs[3]);
        using var intsOut = DeviceArrays.Upload(cpu, (int[])outputs[0]);
        using var longsOut = DeviceArrays.Upload(cpu, (long[])outputs[1]);
        using var floatsOut = DeviceArrays.Upload(cpu, (float[])outputs[2]);
        using var doublesOut = DeviceArrays.Upload(cpu, (double[])outputs[3]);
        var kernel = cpu.LoadAutoGroupedStreamKernel(
            method.CreateDelegate<Action<Index1D, ArrayView<int>, ArrayView<long>, ArrayView<float>, ArrayView<double>,
                ArrayView<int>, ArrayView<long>, ArrayView<float>, ArrayView<double>, int>>());
        kernel(Threads, ints.View, longs.View, floats.View, doubles.View, intsOut.View, longsOut.View, floatsOut.View, doublesOut.View, 17);
        return [DeviceArrays.Download(intsOut), DeviceArrays.Download(longsOut), DeviceArrays.Download(floatsOut), DeviceArrays.Download(doublesOut)];
    }
}
