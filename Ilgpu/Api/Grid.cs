using ILGPU.Runtime.CPU;

namespace ILGPU;

/// <summary>The groups of a launch: where this thread's group stands among them, and where the thread stands in the whole.</summary>
public static class Grid
{
    /// <summary>The group's x within the grid.</summary>
    public static int IdxX => CpuThread.Running.Group.GridIndex.X;

    /// <summary>The group's y within the grid.</summary>
    public static int IdxY => CpuThread.Running.Group.GridIndex.Y;

    /// <summary>The group's z within the grid.</summary>
    public static int IdxZ => CpuThread.Running.Group.GridIndex.Z;

    /// <summary>Groups along x.</summary>
    public static int DimX => CpuThread.Running.Group.GridDim.X;

    /// <summary>Groups along y.</summary>
    public static int DimY => CpuThread.Running.Group.GridDim.Y;

    /// <summary>Groups along z.</summary>
    public static int DimZ => CpuThread.Running.Group.GridDim.Z;

    /// <summary>The group's position within the grid.</summary>
    public static Index3D Index => new(IdxX, IdxY, IdxZ);

    /// <summary>The number of groups in each dimension.</summary>
    public static Index3D Dimension => new(DimX, DimY, DimZ);

    /// <summary>The group's number within the grid: x runs fastest, then y, then z.</summary>
    public static int LinearIndex => IdxX + (DimX * (IdxY + (DimY * IdxZ)));

    /// <summary>The thread's position among all threads of the launch.</summary>
    public static Index3D GlobalIndex => new((IdxX * Group.DimX) + Group.IdxX, (IdxY * Group.DimY) + Group.IdxY, (IdxZ * Group.DimZ) + Group.IdxZ);

    /// <summary>The thread's position among all threads of the launch, in 64 bits.</summary>
    public static LongIndex3D LongGlobalIndex => new(
        ((long)IdxX * Group.DimX) + Group.IdxX,
        ((long)IdxY * Group.DimY) + Group.IdxY,
        ((long)IdxZ * Group.DimZ) + Group.IdxZ);

    /// <summary>The thread's number among all threads: group after group.</summary>
    public static int GlobalLinearIndex => (LinearIndex * Group.DimX * Group.DimY * Group.DimZ) + Group.LinearIndex;

    /// <summary>The position among all threads of a thread of a group.</summary>
    public static Index1D ComputeGlobalIndex(Index1D gridIdx, Index1D groupIdx) => groupIdx + (gridIdx * Group.DimX);

    /// <summary>The position among all threads of a thread of a group.</summary>
    public static Index2D ComputeGlobalIndex(Index2D gridIdx, Index2D groupIdx)
        => new((gridIdx.X * Group.DimX) + groupIdx.X, (gridIdx.Y * Group.DimY) + groupIdx.Y);

    /// <summary>The position among all threads of a thread of a group.</summary>
    public static Index3D ComputeGlobalIndex(Index3D gridIdx, Index3D groupIdx)
        => new((gridIdx.X * Group.DimX) + groupIdx.X, (gridIdx.Y * Group.DimY) + groupIdx.Y, (gridIdx.Z * Group.DimZ) + groupIdx.Z);

    /// <summary>The position among all threads of a thread of a group, in 64 bits.</summary>
    public static LongIndex1D ComputeLongGlobalIndex(Index1D gridIdx, Index1D groupIdx) => groupIdx.X + ((long)gridIdx.X * Group.DimX);

    /// <summary>The position among all threads of a thread of a group, in 64 bits.</summary>
    public static LongIndex2D ComputeLongGlobalIndex(Index2D gridIdx, Index2D groupIdx)
        => new(((long)gridIdx.X * Group.DimX) + groupIdx.X, ((long)gridIdx.Y * Group.DimY) + groupIdx.Y);

    /// <summary>The position among all threads of a thread of a group, in 64 bits.</summary>
    public static LongIndex3D ComputeLongGlobalIndex(Index3D gridIdx, Index3D groupIdx)
        => new(((long)gridIdx.X * Group.DimX) + groupIdx.X, ((long)gridIdx.Y * Group.DimY) + groupIdx.Y, ((long)gridIdx.Z * Group.DimZ) + groupIdx.Z);
}
