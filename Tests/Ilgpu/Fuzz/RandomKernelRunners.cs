using System.Numerics;
using System.Reflection;
using ILGPU;
using ILGPU.Runtime;
using Managed.Ilgpu.Compiler.Frontend;
using Managed.Ilgpu.Compiler.IR;
using Managed.Ilgpu.Compiler.Ptx;
using Managed.Tests.Ilgpu.Frontend;
using Managed.Tests.Ilgpu.OpenCL;
using Managed.Tests.Ptx;
using PtxTarget = Managed.Ilgpu.Compiler.Ptx.PtxTarget;

namespace Managed.Tests.Ilgpu.Fuzz;

/// <summary>What a random kernel reads, the same for the same seed.</summary>
internal sealed class RandomInputs
{
    public const int Threads = 128;
    public const int Scalar = 17;

    public RandomInputs(int seed)
    {
        Random random = new(seed);
        Ints = Choose<int>(random);
        Longs = Choose<long>(random);
        Floats = Choose<float>(random);
        Doubles = Choose<double>(random);
    }

    public int[] Ints { get; }

    public long[] Longs { get; }

    public float[] Floats { get; }

    public double[] Doubles { get; }

    private static T[] Choose<T>(Random random)
        where T : unmanaged, INumberBase<T>
    {
        T[] pool = Operands.Of<T>();
        return [.. Enumerable.Range(0, Threads).Select(_ => pool[random.Next(pool.Length)])];
    }
}

/// <summary>Ways to run a random kernel; each gives the four outputs.</summary>
internal static class RandomKernelRunners
{
    private const int GroupSize = 64;
    private const int Elements = RandomInputs.Threads * RandomKernel.Slots;

    /// <summary>Through the public interface.</summary>
    public static Array[] On(Accelerator accelerator, MethodInfo method, RandomInputs inputs)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> ints = DeviceArrays.Upload(accelerator, inputs.Ints), intsOut = DeviceArrays.Upload(accelerator, new int[Elements]);
        using MemoryBuffer1D<long, Stride1D.Dense> longs = DeviceArrays.Upload(accelerator, inputs.Longs), longsOut = DeviceArrays.Upload(accelerator, new long[Elements]);
        using MemoryBuffer1D<float, Stride1D.Dense> floats = DeviceArrays.Upload(accelerator, inputs.Floats), floatsOut = DeviceArrays.Upload(accelerator, new float[Elements]);
        using MemoryBuffer1D<double, Stride1D.Dense> doubles = DeviceArrays.Upload(accelerator, inputs.Doubles), doublesOut = DeviceArrays.Upload(accelerator, new double[Elements]);
        if (IsGrouped(method))
        {
            var kernel = accelerator.LoadStreamKernel(
                method.CreateDelegate<Action<ArrayView<int>, ArrayView<long>, ArrayView<float>, ArrayView<double>,
                    ArrayView<int>, ArrayView<long>, ArrayView<float>, ArrayView<double>, int>>());
            kernel((RandomInputs.Threads / GroupSize, GroupSize), ints.View, longs.View, floats.View, doubles.View,
                intsOut.View, longsOut.View, floatsOut.View, doublesOut.View, RandomInputs.Scalar);
        }
        else
        {
            var kernel = accelerator.LoadAutoGroupedStreamKernel(
                method.CreateDelegate<Action<Index1D, ArrayView<int>, ArrayView<long>, ArrayView<float>, ArrayView<double>,
                    ArrayView<int>, ArrayView<long>, ArrayView<float>, ArrayView<double>, int>>());
            kernel(RandomInputs.Threads, ints.View, longs.View, floats.View, doubles.View,
                intsOut.View, longsOut.View, floatsOut.View, doublesOut.View, RandomInputs.Scalar);
        }
        return [DeviceArrays.Download(intsOut), DeviceArrays.Download(longsOut), DeviceArrays.Download(floatsOut), DeviceArrays.Download(doublesOut)];
    }

    /// <summary>As PTX, in the interpreter.</summary>
    public static Array[] OnPtx(MethodInfo method, RandomInputs inputs)
    {
        KernelFunction function = KernelCompiler.Build(new KernelRequest(method, !IsGrouped(method), [], new CompileTarget(CompileBackend.Ptx, 32, ComputeCapability: 80)));
        PtxModule module = PtxModule.Parse(PtxEmitter.Emit(function, PtxTarget.Sm80));
        PtxMachine machine = new();
        List<ulong> arguments = IsGrouped(method) ? [] : [RandomInputs.Threads];
        void View(ulong address, int length) => arguments.AddRange([address, (ulong)length]);
        View(machine.Allocate<int>(inputs.Ints), RandomInputs.Threads);
        View(machine.Allocate<long>(inputs.Longs), RandomInputs.Threads);
        View(machine.Allocate<float>(inputs.Floats), RandomInputs.Threads);
        View(machine.Allocate<double>(inputs.Doubles), RandomInputs.Threads);
        ulong ints = machine.Allocate<int>(new int[Elements]), longs = machine.Allocate<long>(new long[Elements]),
            floats = machine.Allocate<float>(new float[Elements]), doubles = machine.Allocate<double>(new double[Elements]);
        View(ints, Elements);
        View(longs, Elements);
        View(floats, Elements);
        View(doubles, Elements);
        arguments.Add(RandomInputs.Scalar);
        machine.Launch(module, PtxEmitter.Identifier(function.Name), RandomInputs.Threads / GroupSize, GroupSize, 0, arguments.ToArray());
        return [machine.Read<int>(ints, Elements), machine.Read<long>(longs, Elements), machine.Read<float>(floats, Elements), machine.Read<double>(doubles, Elements)];
    }

    /// <summary>The compiler's form, checked after every pass, in its interpreter.</summary>
    public static Array[] Interpreted(MethodInfo method, RandomInputs inputs, bool optimise)
    {
        KernelInterpreter interpreter = new(Harness.Compile(method, optimise, implicitlyGrouped: !IsGrouped(method)));
        Array[] outputs = [new int[Elements], new long[Elements], new float[Elements], new double[Elements]];
        List<long> arguments = IsGrouped(method) ? [] : [RandomInputs.Threads];
        foreach (Array array in (Array[])[inputs.Ints, inputs.Longs, inputs.Floats, inputs.Doubles, .. outputs])
        {
            arguments.AddRange(Harness.Leaves(interpreter, array));
            arguments.Add(array.Length);
        }
        interpreter.Launch((RandomInputs.Threads / GroupSize, 1, 1), (GroupSize, 1, 1), [.. arguments, RandomInputs.Scalar]);
        return outputs;
    }

    private static bool IsGrouped(MethodInfo method) => method.GetParameters()[0].ParameterType != typeof(Index1D);
}
