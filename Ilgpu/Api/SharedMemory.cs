using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace ILGPU;

/// <summary>Memory that the threads of a group share; not initialised. Lengths are compile-time constants, except for the dynamic part.</summary>
public static class SharedMemory
{
    /// <summary>One element.</summary>
    public static ref T Allocate<T>()
        where T : unmanaged
        => ref Allocate<T>(1)[0L];

    /// <summary>Some elements, element after element.</summary>
    public static ArrayView<T> Allocate<T>(int extent)
        where T : unmanaged
        => CpuThread.Running.AllocateShared<T>(extent);

    /// <summary>The memory whose size the launch gives (<see cref="SharedMemoryConfig"/>), the same for every call.</summary>
    public static ArrayView<T> GetDynamic<T>()
        where T : unmanaged
        => CpuThread.Running.DynamicShared<T>();

    /// <summary>A line.</summary>
    public static ArrayView1D<T, Stride1D.Dense> Allocate1D<T>(Index1D extent)
        where T : unmanaged
        => Allocate1D<T, Stride1D.Dense>(extent, default);

    /// <summary>A line with a stride.</summary>
    public static ArrayView1D<T, TStride> Allocate1D<T, TStride>(Index1D extent, TStride stride)
        where T : unmanaged
        where TStride : struct, IStride1D
        => new(Allocate<T>(stride.ComputeBufferLength(extent)), extent.ToLongIndex(), stride);

    /// <summary>A plane with a stride.</summary>
    public static ArrayView2D<T, TStride> Allocate2D<T, TStride>(Index2D extent, TStride stride)
        where T : unmanaged
        where TStride : struct, IStride2D
        => new(Allocate<T>(stride.ComputeBufferLength(extent)), extent.ToLongIndex(), stride);

    /// <summary>A volume with a stride.</summary>
    public static ArrayView3D<T, TStride> Allocate3D<T, TStride>(Index3D extent, TStride stride)
        where T : unmanaged
        where TStride : struct, IStride3D
        => new(Allocate<T>(stride.ComputeBufferLength(extent)), extent.ToLongIndex(), stride);

    /// <summary>A plane whose neighbours along x are neighbours in memory.</summary>
    public static ArrayView2D<T, Stride2D.DenseX> Allocate2DDenseX<T>(in Index2D extent)
        where T : unmanaged
        => Allocate2D<T, Stride2D.DenseX>(extent, new Stride2D.DenseX(extent.X));

    /// <summary>A plane whose neighbours along y are neighbours in memory.</summary>
    public static ArrayView2D<T, Stride2D.DenseY> Allocate2DDenseY<T>(in Index2D extent)
        where T : unmanaged
        => Allocate2D<T, Stride2D.DenseY>(extent, new Stride2D.DenseY(extent.Y));

    /// <summary>A volume whose neighbours along x are neighbours in memory.</summary>
    public static ArrayView3D<T, Stride3D.DenseXY> Allocate3DDenseXY<T>(in Index3D extent)
        where T : unmanaged
        => Allocate3D<T, Stride3D.DenseXY>(extent, new Stride3D.DenseXY(extent.X, extent.X * extent.Y));

    /// <summary>A volume whose neighbours along z are neighbours in memory.</summary>
    public static ArrayView3D<T, Stride3D.DenseZY> Allocate3DDenseZY<T>(in Index3D extent)
        where T : unmanaged
        => Allocate3D<T, Stride3D.DenseZY>(extent, new Stride3D.DenseZY(extent.Y * extent.Z, extent.Z));
}
