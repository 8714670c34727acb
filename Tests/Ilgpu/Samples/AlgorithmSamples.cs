using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Algorithms.ScanReduceOperations;
using ILGPU.Algorithms.Sequencers;
using ILGPU.Runtime;

namespace Managed.Tests.Ilgpu.Samples;

/// <summary>The algorithms that the host calls: initialise, sequence, transform, reduce, scan.</summary>
public static class AlgorithmSamples
{
    private const int Length = 3000;

    internal static IEnumerable<SampleCase> Cases =>
    [
        new("initialise and transform", Transform, () => [.. Enumerable.Repeat(2.25, 100)]),
        new("sequence and reduce", Reduce, () => [Length * (Length - 1L) / 2, Length - 1]),
        new("inclusive scan of a view", accelerator => Scan(accelerator, ScanKind.Inclusive), () => [.. Enumerable.Range(0, Length).Select(i => i * (i + 1.0) / 2)]),
        new("exclusive scan of a view", accelerator => Scan(accelerator, ScanKind.Exclusive), () => [.. Enumerable.Range(0, Length).Select(i => i * (i - 1.0) / 2)]),
    ];

    public readonly struct Square : ITransformer<float, float>
    {
        public float Transform(float value) => value * value;
    }

    private static double[] Transform(Accelerator accelerator)
    {
        using MemoryBuffer1D<float, Stride1D.Dense> buffer = accelerator.Allocate1D<float>(100);
        accelerator.Initialize(accelerator.DefaultStream, buffer.View, 1.5f);
        accelerator.Transform<float, float, Square>(accelerator.DefaultStream, buffer.View.BaseView, buffer.View.BaseView, default(Square));
        accelerator.Synchronize();
        return SampleCase.Doubles(buffer.GetAsArray1D());
    }

    private static double[] Reduce(Accelerator accelerator)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> buffer = accelerator.Allocate1D<int>(Length);
        accelerator.Sequence(accelerator.DefaultStream, buffer.View.BaseView, default(Int32Sequencer));
        return
        [
            accelerator.Reduce<int, AddInt32>(accelerator.DefaultStream, buffer.View.BaseView),
            accelerator.Reduce<int, MaxInt32>(accelerator.DefaultStream, buffer.View.BaseView),
        ];
    }

    private static double[] Scan(Accelerator accelerator, ScanKind kind)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> input = accelerator.Allocate1D(Enumerable.Range(0, Length).ToArray());
        using MemoryBuffer1D<int, Stride1D.Dense> output = accelerator.Allocate1D<int>(Length);
        using MemoryBuffer1D<int, Stride1D.Dense> temp = accelerator.Allocate1D<int>(accelerator.ComputeScanTempStorageSize<int>(input.Length));
        accelerator.CreateScan<int, Stride1D.Dense, Stride1D.Dense, AddInt32>(kind)(accelerator.DefaultStream, input.View, output.View, temp.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(output.GetAsArray1D());
    }
}
