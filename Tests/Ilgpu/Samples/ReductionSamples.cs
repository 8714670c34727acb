using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Algorithms.ScanReduceOperations;
using ILGPU.Runtime;

namespace Managed.Tests.Ilgpu.Samples;

/// <summary>Many values into few: sums by atomics, by groups, scans, histograms, barriers that reduce.</summary>
public static class ReductionSamples
{
    private const int Length = 1000;
    private const int Threads = 64;
    private const int Bins = 16;

    internal static IEnumerable<SampleCase> Cases =>
    [
        new("sum by one atomic", AtomicSum, () => [Numbers().Sum()]),
        new("sum by groups", GroupSum, () => [Numbers().Sum()]),
        new("inclusive scan of a group", accelerator => GroupScan(accelerator, 1), () => ExpectedScan(1)),
        new("exclusive scan of a group", accelerator => GroupScan(accelerator, 0), () => ExpectedScan(0)),
        new("histogram with shared atomics", Histogram, ExpectedHistogram),
        new("barriers that count", BarrierReductions, ExpectedBarrierReductions),
        new("atomic operations", Atomics, ExpectedAtomics),
        new("broadcast in a group", Broadcast, () => [.. Enumerable.Range(0, 2 * Threads).Select(i => (double)((i / Threads * 100) + 17))]),
    ];

    private static int[] Numbers() => [.. Enumerable.Range(0, Length).Select(i => (i * 7919 % 1001) - 500)];

    private static void AtomicSumKernel(Index1D index, ArrayView<int> input, ArrayView<int> sum) => Atomic.Add(ref sum[0], input[index]);

    private static double[] AtomicSum(Accelerator accelerator)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> input = accelerator.Allocate1D(Numbers());
        using MemoryBuffer1D<int, Stride1D.Dense> sum = accelerator.Allocate1D<int>(1);
        sum.MemSetToZero();
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, ArrayView<int>>(AtomicSumKernel)(Length, input.View, sum.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(sum.GetAsArray1D());
    }

    private static void GroupSumKernel(ArrayView<int> input, ArrayView<int> sum)
    {
        int value = 0;
        for (int i = Grid.GlobalIndex.X; i < input.Length; i += Grid.DimX * Group.DimX)
        {
            value += input[i];
        }
        int ofGroup = GroupExtensions.Reduce<int, AddInt32>(value);
        if (Group.IsFirstThread)
        {
            Atomic.Add(ref sum[0], ofGroup);
        }
    }

    private static double[] GroupSum(Accelerator accelerator)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> input = accelerator.Allocate1D(Numbers());
        using MemoryBuffer1D<int, Stride1D.Dense> sum = accelerator.Allocate1D<int>(1);
        sum.MemSetToZero();
        accelerator.LoadStreamKernel<ArrayView<int>, ArrayView<int>>(GroupSumKernel)((3, Threads), input.View, sum.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(sum.GetAsArray1D());
    }

    private static void ScanKernel(ArrayView<int> values, int inclusive)
    {
        int at = Grid.GlobalIndex.X;
        int value = values[at];
        int with = GroupExtensions.InclusiveScan<int, AddInt32>(value);
        int before = GroupExtensions.ExclusiveScan<int, AddInt32>(value);
        values[at] = inclusive != 0 ? with : before;
    }

    private static double[] GroupScan(Accelerator accelerator, int inclusive)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> values = accelerator.Allocate1D(Numbers()[..(2 * Threads)]);
        accelerator.LoadStreamKernel<ArrayView<int>, int>(ScanKernel)((2, Threads), values.View, inclusive);
        accelerator.Synchronize();
        return SampleCase.Doubles(values.GetAsArray1D());
    }

    private static double[] ExpectedScan(int inclusive)
    {
        int[] numbers = Numbers();
        double[] expected = new double[2 * Threads];
        int sum = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            sum = i % Threads == 0 ? 0 : sum;
            expected[i] = inclusive != 0 ? sum + numbers[i] : sum;
            sum += numbers[i];
        }
        return expected;
    }

    private static void HistogramKernel(ArrayView<int> input, ArrayView<int> histogram)
    {
        ArrayView<int> bins = SharedMemory.Allocate<int>(Bins);
        if (Group.IdxX < Bins)
        {
            bins[Group.IdxX] = 0;
        }
        Group.Barrier();
        for (int i = Grid.GlobalIndex.X; i < input.IntLength; i += Grid.DimX * Group.DimX)
        {
            Atomic.Add(ref bins[(input[i] + 500) * Bins / 1001], 1);
        }
        Group.Barrier();
        if (Group.IdxX < Bins)
        {
            Atomic.Add(ref histogram[Group.IdxX], bins[Group.IdxX]);
        }
    }

    private static double[] Histogram(Accelerator accelerator)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> input = accelerator.Allocate1D(Numbers());
        using MemoryBuffer1D<int, Stride1D.Dense> histogram = accelerator.Allocate1D<int>(Bins);
        histogram.MemSetToZero();
        accelerator.LoadStreamKernel<ArrayView<int>, ArrayView<int>>(HistogramKernel)((4, Threads), input.View, histogram.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(histogram.GetAsArray1D());
    }

    private static double[] ExpectedHistogram()
    {
        double[] expected = new double[Bins];
        foreach (int number in Numbers())
        {
            expected[(number + 500) * Bins / 1001]++;
        }
        return expected;
    }

    private static void BarrierKernel(ArrayView<int> input, ArrayView<int> output)
    {
        int value = input[Grid.GlobalIndex.X];
        int positive = Group.BarrierPopCount(value > 0);
        bool all = Group.BarrierAnd(value > -600);
        bool any = Group.BarrierOr(value == 123456);
        output[Grid.GlobalIndex.X] = positive + (all ? 1000 : 0) + (any ? 10000 : 0);
    }

    private static double[] BarrierReductions(Accelerator accelerator)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> input = accelerator.Allocate1D(Numbers()[..(2 * Threads)]);
        using MemoryBuffer1D<int, Stride1D.Dense> output = accelerator.Allocate1D<int>(2 * Threads);
        accelerator.LoadStreamKernel<ArrayView<int>, ArrayView<int>>(BarrierKernel)((2, Threads), input.View, output.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(output.GetAsArray1D());
    }

    private static double[] ExpectedBarrierReductions()
        => [.. Enumerable.Range(0, 2 * Threads).Select(i => 1000.0 + Numbers().Skip(i / Threads * Threads).Take(Threads).Count(value => value > 0))];

    private static void AtomicsKernel(Index1D index, ArrayView<int> ints, ArrayView<long> longs, ArrayView<float> floats, ArrayView<uint> uints)
    {
        Atomic.Max(ref ints[0], (index.X * 31) % 97);
        Atomic.Min(ref ints[1], -((index.X * 31) % 97));
        Atomic.Or(ref ints[2], 1 << (index.X % 20));
        Atomic.And(ref ints[3], ~(1 << (index.X % 7)));
        Atomic.Xor(ref ints[4], index.X);
        Atomic.Add(ref longs[0], (long)index.X << 33);
        Atomic.Max(ref longs[1], (long)index.X << 35);
        Atomic.Add(ref floats[0], 0.5f);
        Atomic.Add(ref uints[0], 0x80000001u);
        if (index.X == 11)
        {
            Atomic.Exchange(ref uints[1], 77u);
        }
        Atomic.CompareExchange(ref ints[5], -1, 5);
    }

    private static double[] Atomics(Accelerator accelerator)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> ints = accelerator.Allocate1D(new[] { 0, 0, 0, -1, 0, -1 });
        using MemoryBuffer1D<long, Stride1D.Dense> longs = accelerator.Allocate1D(new[] { 0L, 0L });
        using MemoryBuffer1D<float, Stride1D.Dense> floats = accelerator.Allocate1D(new[] { 0f });
        using MemoryBuffer1D<uint, Stride1D.Dense> uints = accelerator.Allocate1D(new[] { 0u, 0u });
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, ArrayView<long>, ArrayView<float>, ArrayView<uint>>(AtomicsKernel)(
            100, ints.View, longs.View, floats.View, uints.View);
        accelerator.Synchronize();
        return
        [
            .. SampleCase.Doubles(ints.GetAsArray1D()), .. SampleCase.Doubles(longs.GetAsArray1D()), .. SampleCase.Doubles(floats.GetAsArray1D()),
            .. SampleCase.Doubles(uints.GetAsArray1D()),
        ];
    }

    private static double[] ExpectedAtomics()
    {
        int[] indices = [.. Enumerable.Range(0, 100)];
        return
        [
            indices.Max(i => i * 31 % 97), indices.Min(i => -(i * 31 % 97)), (1 << 20) - 1, ~127, indices.Aggregate(0, (sum, i) => sum ^ i), 5,
            indices.Sum(i => (long)i << 33), 99L << 35, 50, unchecked((uint)(100 * 0x80000001L)), 77,
        ];
    }

    private static void BroadcastKernel(ArrayView<int> output)
        => output[Grid.GlobalIndex.X] = Group.Broadcast(Group.IdxX + (Grid.IdxX * 100), 17);

    private static double[] Broadcast(Accelerator accelerator)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> output = accelerator.Allocate1D<int>(2 * Threads);
        accelerator.LoadStreamKernel<ArrayView<int>>(BroadcastKernel)((2, Threads), output.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(output.GetAsArray1D());
    }
}
