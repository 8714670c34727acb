using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Algorithms.ScanReduceOperations;
using ILGPU.Runtime;

namespace Managed.Tests.Ilgpu.Samples;

/// <summary>Values passed from lane to lane, whatever the warp's size.</summary>
public static class WarpSamples
{
    private const int Threads = 64;

    // What a lane gets depends on the warp's size; so the kernels write what does not: whether the rule of the exchange held.
    private static double[] Ones { get; } = [.. Enumerable.Repeat(1.0, Threads)];

    internal static IEnumerable<SampleCase> Cases =>
    [
        new("shuffle by index, up, down and xor", accelerator => Run(accelerator, ShuffleKernel), () => Ones),
        new("shuffle in sub-warps", accelerator => Run(accelerator, SubWarpKernel), () => Ones),
        new("shuffle of 64-bit values and structs", accelerator => Run(accelerator, WideKernel), () => Ones),
        new("reduction and scan of a warp", accelerator => Run(accelerator, WarpReductionKernel), () => Ones),
    ];

    private static double[] Run(Accelerator accelerator, Action<ArrayView<int>> kernel)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> output = accelerator.Allocate1D<int>(Threads);
        output.MemSetToZero();
        accelerator.LoadStreamKernel(kernel)((1, Threads), output.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(output.GetAsArray1D());
    }

    private static void ShuffleKernel(ArrayView<int> output)
    {
        int lane = Warp.LaneIdx;
        int size = Warp.WarpSize;
        int value = (Warp.WarpIdx * 1000) + lane;
        int first = Warp.WarpIdx * 1000;
        int fromThird = Warp.Shuffle(value, 3);
        int up = Warp.ShuffleUp(value, 1);
        int down = Warp.ShuffleDown(value, 2);
        int flipped = Warp.ShuffleXor(value, 1);
        float half = Warp.Shuffle(value * 0.5f, 2);
        bool holds = fromThird == first + 3
            && up == (lane >= 1 ? value - 1 : value)
            && (lane + 2 >= size || down == value + 2)
            && flipped == first + (lane ^ 1)
            && half == (first + 2) * 0.5f;
        output[Group.IdxX] = holds ? 1 : 0;
    }

    private static void SubWarpKernel(ArrayView<int> output)
    {
        int lane = Warp.LaneIdx;
        int value = Group.IdxX;
        int first = lane / 4 * 4;
        int start = Warp.WarpIdx * Warp.WarpSize;
        int third = Warp.Shuffle(value, first + 3, 4);
        int down = Warp.ShuffleDown(value, 1, 4);
        int up = Warp.ShuffleUp(value, 2, 4);
        int flipped = Warp.ShuffleXor(value, 2, 4);
        bool holds = third == start + first + 3
            && (lane % 4 == 3 || down == value + 1)
            && up == (lane % 4 >= 2 ? value - 2 : value)
            && flipped == (value ^ 2);
        output[Group.IdxX] = holds ? 1 : 0;
    }

    public struct Pair
    {
        public long Key;
        public float Value;
    }

    private static void WideKernel(ArrayView<int> output)
    {
        int lane = Warp.LaneIdx;
        long wide = ((long)lane << 40) + 5;
        double real = lane * 0.25;
        Pair pair = new() { Key = -lane, Value = lane * 1.5f };
        long otherWide = Warp.ShuffleXor(wide, 1);
        double otherReal = Warp.Shuffle(real, 1);
        Pair otherPair = Warp.ShuffleXor(pair, 1);
        int other = lane ^ 1;
        bool holds = otherWide == ((long)other << 40) + 5 && otherReal == 0.25 && otherPair.Key == -other && otherPair.Value == other * 1.5f;
        output[Group.IdxX] = holds ? 1 : 0;
    }

    private static void WarpReductionKernel(ArrayView<int> output)
    {
        int lane = Warp.LaneIdx;
        int size = Warp.WarpSize;
        int sum = WarpExtensions.AllReduce<int, AddInt32>(lane);
        int max = WarpExtensions.AllReduce<int, MaxInt32>(lane);
        int inclusive = WarpExtensions.InclusiveScan<int, AddInt32>(lane);
        int exclusive = WarpExtensions.ExclusiveScan<int, AddInt32>(lane);
        int first = WarpExtensions.Reduce<int, AddInt32>(lane);
        bool holds = sum == size * (size - 1) / 2
            && max == size - 1
            && inclusive == lane * (lane + 1) / 2
            && exclusive == lane * (lane - 1) / 2
            && (lane != 0 || first == sum);
        output[Group.IdxX] = holds ? 1 : 0;
    }
}
