using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace ILGPU;

/// <summary>Memory of one thread; lengths are compile-time constants.</summary>
public static class LocalMemory
{
    /// <summary>Some elements, element after element.</summary>
    public static ArrayView<T> Allocate<T>(int extent)
        where T : unmanaged
        => CpuThread.Running.AllocateLocal<T>(extent);

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
}
