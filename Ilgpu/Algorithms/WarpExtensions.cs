using ILGPU.Algorithms.ScanReduceOperations;

namespace ILGPU.Algorithms;

/// <summary>Reductions and scans over the threads of a warp; all of them take part. Threads that a last, shorter warp lacks do not count.</summary>
public static class WarpExtensions
{
    /// <summary>All values combined, in lane 0; the other lanes hold partial results.</summary>
    public static T Reduce<T, TReduction>(T value)
        where T : unmanaged
        where TReduction : struct, IScanReduceOperation<T>
    {
        TReduction reduction = default;
        int lanes = Lanes;
        for (int delta = Warp.WarpSize >> 1; delta > 0; delta >>= 1)
        {
            T other = Warp.ShuffleDown(value, delta);
            value = Warp.LaneIdx + delta < lanes ? reduction.Apply(value, other) : value;
        }
        return value;
    }

    /// <summary>All values combined, in every lane.</summary>
    public static T AllReduce<T, TReduction>(T value)
        where T : unmanaged
        where TReduction : struct, IScanReduceOperation<T>
        => Warp.Shuffle(Reduce<T, TReduction>(value), 0);

    /// <summary>For each lane the values of the lanes before it combined.</summary>
    public static T ExclusiveScan<T, TScan>(T value)
        where T : unmanaged
        where TScan : struct, IScanReduceOperation<T>
    {
        TScan scan = default;
        T before = Warp.ShuffleUp(InclusiveScan<T, TScan>(value), 1);
        return Warp.LaneIdx == 0 ? scan.Identity : before;
    }

    /// <summary>For each lane the values up to its own combined.</summary>
    public static T InclusiveScan<T, TScan>(T value)
        where T : unmanaged
        where TScan : struct, IScanReduceOperation<T>
    {
        TScan scan = default;
        for (int delta = 1; delta < Warp.WarpSize; delta <<= 1)
        {
            T other = Warp.ShuffleUp(value, delta);
            value = Warp.LaneIdx >= delta ? scan.Apply(other, value) : value;
        }
        return value;
    }

    /// <summary>Threads of this warp.</summary>
    internal static int Lanes => XMath.Min(Warp.WarpSize, (Group.DimX * Group.DimY * Group.DimZ) - (Warp.WarpIdx * Warp.WarpSize));
}
