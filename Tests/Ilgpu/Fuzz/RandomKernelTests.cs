using ILGPU;
using ILGPU.Runtime;
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
    private const int Threads = 96;

    private delegate void RandomMethod(Index1D index, ArrayView<int> ints, ArrayView<long> longs, ArrayView<float> floats, ArrayView<double> doubles,
        ArrayView<int> intsOut, ArrayView<long> longsOut, ArrayView<float> floatsOut, ArrayView<double> doublesOut, int scalar);

    [Test]
    public void FewRandomKernelsAgree() => Run(Seeds(1, 8));

    [Test]
    [Category("Long")]
    public void ManyRandomKernelsAgree() => Run(Seeds(1000, 1150));

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
            string[] bounds = range.Split('-');
            (first, last) = (int.Parse(bounds[0]), int.Parse(bounds[^1]));
        }
        return Enumerable.Range(first, last - first + 1);
    }

    private static void Run(IEnumerable<int> seeds)
    {
        using Context context = Context.Create(builder => builder.OpenCL().CPU());
        using CPUAccelerator cpu = context.CreateCPUAccelerator(0);
        using CLAccelerator? device = context.GetCLDevices().Count > 0 ? context.CreateCLAccelerator(0) : null;
        if (device is null)
        {
            Assert.Ignore("skipped: no OpenCL device is installed (Debian: pocl-opencl-icd).");
        }
        List<string> failures = [];
        foreach (int seed in seeds)
        {
            if (Compare(seed, cpu, device!) is string failure)
            {
                failures.Add(failure);
            }
        }
        Assert.That(failures, Is.Empty, $"{failures.Count} kernels failed. The first:\n{failures.FirstOrDefault()}");
    }

    /// <summary>What differs, or null.</summary>
    private static string? Compare(int seed, CPUAccelerator cpu, CLAccelerator device)
    {
        string source = RandomKernel.Source(seed);
        using CompiledSource compiled = new(source, optimise: seed % 2 == 0);
        RandomMethod method = compiled.Assembly.GetType("Kernels")!.GetMethod("Kernel")!.CreateDelegate<RandomMethod>();
        try
        {
            Array[] expected = RunOn(cpu, method, seed), actual = RunOn(device, method, seed);
            for (int i = 0; i < expected.Length; i++)
            {
                for (int j = 0; j < expected[i].Length; j++)
                {
                    object here = expected[i].GetValue(j)!, there = actual[i].GetValue(j)!;
                    if (!SameNumber(here, there))
                    {
                        return $"seed {seed}, output {i}, thread {j / RandomKernel.Slots}, slot {j % RandomKernel.Slots}: "
                            + $"C# {Operands.Show(here)}, OpenCL {Operands.Show(there)}\n{source}";
                    }
                }
            }
            return null;
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return $"seed {seed}: {error}\n{source}";
        }
    }

    private static Array[] RunOn(Accelerator accelerator, RandomMethod method, int seed)
    {
        Random random = new(seed);
        using MemoryBuffer1D<int, Stride1D.Dense> ints = DeviceArrays.Upload(accelerator, Inputs<int>(random)), intsOut = DeviceArrays.Upload(accelerator, new int[Threads * RandomKernel.Slots]);
        using MemoryBuffer1D<long, Stride1D.Dense> longs = DeviceArrays.Upload(accelerator, Inputs<long>(random)), longsOut = DeviceArrays.Upload(accelerator, new long[Threads * RandomKernel.Slots]);
        using MemoryBuffer1D<float, Stride1D.Dense> floats = DeviceArrays.Upload(accelerator, Inputs<float>(random)), floatsOut = DeviceArrays.Upload(accelerator, new float[Threads * RandomKernel.Slots]);
        using MemoryBuffer1D<double, Stride1D.Dense> doubles = DeviceArrays.Upload(accelerator, Inputs<double>(random)), doublesOut = DeviceArrays.Upload(accelerator, new double[Threads * RandomKernel.Slots]);
        var kernel = accelerator.LoadAutoGroupedStreamKernel(
            method.Method.CreateDelegate<Action<Index1D, ArrayView<int>, ArrayView<long>, ArrayView<float>, ArrayView<double>,
                ArrayView<int>, ArrayView<long>, ArrayView<float>, ArrayView<double>, int>>());
        kernel(Threads, ints.View, longs.View, floats.View, doubles.View, intsOut.View, longsOut.View, floatsOut.View, doublesOut.View, 17);
        return [DeviceArrays.Download(intsOut), DeviceArrays.Download(longsOut), DeviceArrays.Download(floatsOut), DeviceArrays.Download(doublesOut)];
    }

    private static T[] Inputs<T>(Random random)
        where T : unmanaged, System.Numerics.INumberBase<T>
    {
        T[] pool = Operands.Of<T>();
        return [.. Enumerable.Range(0, Threads).Select(_ => pool[random.Next(pool.Length)])];
    }

    private static bool SameNumber(object a, object b) => (a, b) switch
    {
        (float x, float y) => Operands.Same(x, y),
        (double x, double y) => Operands.Same(x, y),
        _ => a.Equals(b),
    };
}
