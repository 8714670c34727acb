using ILGPU.Algorithms.ScanReduceOperations;
using ILGPU.Runtime.CPU;

namespace ILGPU.Algorithms;

/// <summary>Reductions and scans over the threads of a group; all of them take part. The order of the operations depends on the group's size alone.</summary>
public static class GroupExtensions
{
    /// <summary>Warps of the largest group on any device.</summary>
    private const int MaxWarps = 256;

    /// <summary>All values combined; every thread gets the result.</summary>
    public static T Reduce<T, TReduction>(T value)
        where T : unmanaged
        where TReduction : struct, IScanReduceOperation<T>
        => AllReduce<T, TReduction>(value);

    /// <summary>All values combined, in every thread.</summary>
    public static T AllReduce<T, TReduction>(T value)
        where T : unmanaged
        where TReduction : struct, IScanReduceOperation<T>
    {
        TReduction reduction = default;
        CpuThread.BeginScratch();
        ArrayView<T> ofWarps = SharedMemory.Allocate<T>(MaxWarps);
        CpuThread.EndScratch();
        T ofWarp = WarpExtensions.Reduce<T, TReduction>(value);
        if (Warp.LaneIdx == 0)
        {
            ofWarps[Warp.WarpIdx] = ofWarp;
        }
        Group.Barrier();
        int warps = Warps;
        T result = ofWarps[0];
        for (int i = 1; i < warps; i++)
        {
            result = reduction.Apply(result, ofWarps[i]);
        }
        // Before the memory is used for the next reduction.
        Group.Barrier();
        return result;
    }

    /// <summary>For each thread the values of the threads before it combined.</summary>
    public static T ExclusiveScan<T, TScanOperation>(T value)
        where T : unmanaged
        where TScanOperation : struct, IScanReduceOperation<T>
    {
        TScanOperation scan = default;
        T inclusive = WarpExtensions.InclusiveScan<T, TScanOperation>(value);
        T before = Warp.ShuffleUp(inclusive, 1);
        T ofWarpsBefore = OfWarpsBefore<T, TScanOperation>(inclusive);
        return Warp.LaneIdx == 0 ? ofWarpsBefore : scan.Apply(ofWarpsBefore, before);
    }

    /// <summary>For each thread the values up to its own combined.</summary>
    public static T InclusiveScan<T, TScanOperation>(T value)
        where T : unmanaged
        where TScanOperation : struct, IScanReduceOperation<T>
    {
        TScanOperation scan = default;
        T inclusive = WarpExtensions.InclusiveScan<T, TScanOperation>(value);
        return scan.Apply(OfWarpsBefore<T, TScanOperation>(inclusive), inclusive);
    }

    private static int Warps => ((Group.DimX * Group.DimY * Group.DimZ) + Warp.WarpSize - 1) / Warp.WarpSize;

    /// <summary>The values of all warps before this one combined.</summary>
    private static T OfWarpsBefore<T, TScanOperation>(T inclusive)
        where T : unmanaged
        where TScanOperation : struct, IScanReduceOperation<T>
    {
        TScanOperation scan = default;
        CpuThread.BeginScratch();
        ArrayView<T> ofWarps = SharedMemory.Allocate<T>(MaxWarps);
        CpuThread.EndScratch();
        if (Warp.LaneIdx == WarpExtensions.Lanes - 1)
        {
            ofWarps[Warp.WarpIdx] = inclusive;
        }
        Group.Barrier();
        T result = scan.Identity;
        for (int i = 0; i < Warp.WarpIdx; i++)
        {
            result = scan.Apply(result, ofWarps[i]);
        }
        Group.Barrier();
        return result;
    }
}
