namespace ILGPU.Runtime;

public abstract partial class Accelerator
{
    /// <summary>Memory for a number of elements of a size; not initialised.</summary>
    public MemoryBuffer AllocateRaw(long length, int elementSize)
    {
        VerifyNotDisposed();
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(elementSize);
        MemoryBuffer buffer = AllocateRawInternal(length, elementSize);
        Remember(buffer);
        return buffer;
    }

    /// <summary>A line of elements; not initialised.</summary>
    public MemoryBuffer1D<T, Stride1D.Dense> Allocate1D<T>(long length)
        where T : unmanaged
        => Allocate1D<T, Stride1D.Dense>(length, default);

    /// <summary>A line of elements with a stride; not initialised.</summary>
    public MemoryBuffer1D<T, TStride> Allocate1D<T, TStride>(long length, TStride stride)
        where T : unmanaged
        where TStride : struct, IStride1D
    {
        MemoryBuffer buffer = AllocateElements<T>(stride.ComputeBufferLength((LongIndex1D)length));
        return new(buffer, new(Elements<T>(buffer), length, stride));
    }

    /// <summary>A plane with a stride; not initialised.</summary>
    internal MemoryBuffer2D<T, TStride> Allocate2D<T, TStride>(in LongIndex2D extent, TStride stride)
        where T : unmanaged
        where TStride : struct, IStride2D
    {
        MemoryBuffer buffer = AllocateElements<T>(stride.ComputeBufferLength(extent));
        return new(buffer, new(Elements<T>(buffer), extent, stride));
    }

    /// <summary>A plane whose neighbours along x are neighbours in memory; not initialised.</summary>
    public MemoryBuffer2D<T, Stride2D.DenseX> Allocate2DDenseX<T>(in LongIndex2D extent)
        where T : unmanaged
        => Allocate2D<T, Stride2D.DenseX>(extent, Stride2D.DenseX.FromExtent(extent));

    /// <summary>A plane whose neighbours along y are neighbours in memory; not initialised.</summary>
    public MemoryBuffer2D<T, Stride2D.DenseY> Allocate2DDenseY<T>(in LongIndex2D extent)
        where T : unmanaged
        => Allocate2D<T, Stride2D.DenseY>(extent, Stride2D.DenseY.FromExtent(extent));

    /// <summary>A plane along x whose lines begin at multiples of an alignment in bytes; not initialised.</summary>
    public MemoryBuffer2D<T, Stride2D.DenseX> Allocate2DPitchedX<T>(in LongIndex2D extent, int xAlignmentInBytes)
        where T : unmanaged
        => Allocate2D<T, Stride2D.DenseX>(
            extent, Stride2D.DenseX.FromExtent(new LongIndex2D(StrideExtensions.GetPitchedLeadingDimension<T>(extent.X, xAlignmentInBytes), extent.Y)));

    /// <summary>A plane along y whose lines begin at multiples of an alignment in bytes; not initialised.</summary>
    public MemoryBuffer2D<T, Stride2D.DenseY> Allocate2DPitchedY<T>(in LongIndex2D extent, int yAlignmentInBytes)
        where T : unmanaged
        => Allocate2D<T, Stride2D.DenseY>(
            extent, Stride2D.DenseY.FromExtent(new LongIndex2D(extent.X, StrideExtensions.GetPitchedLeadingDimension<T>(extent.Y, yAlignmentInBytes))));

    /// <summary>A volume with a stride; not initialised.</summary>
    internal MemoryBuffer3D<T, TStride> Allocate3D<T, TStride>(LongIndex3D extent, TStride stride)
        where T : unmanaged
        where TStride : struct, IStride3D
    {
        MemoryBuffer buffer = AllocateElements<T>(stride.ComputeBufferLength(extent));
        return new(buffer, new(Elements<T>(buffer), extent, stride));
    }

    /// <summary>A volume whose neighbours along x are neighbours in memory; not initialised.</summary>
    public MemoryBuffer3D<T, Stride3D.DenseXY> Allocate3DDenseXY<T>(LongIndex3D extent)
        where T : unmanaged
        => Allocate3D<T, Stride3D.DenseXY>(extent, Stride3D.DenseXY.FromExtent(extent));

    /// <summary>A volume whose neighbours along z are neighbours in memory; not initialised.</summary>
    public MemoryBuffer3D<T, Stride3D.DenseZY> Allocate3DDenseZY<T>(LongIndex3D extent)
        where T : unmanaged
        => Allocate3D<T, Stride3D.DenseZY>(extent, Stride3D.DenseZY.FromExtent(extent));

    private MemoryBuffer AllocateElements<T>(long length)
        where T : unmanaged
        => AllocateRaw(length, Interop.SizeOf<T>());

    private static ArrayView<T> Elements<T>(MemoryBuffer buffer)
        where T : unmanaged
        => new(buffer, buffer.NativePtr, buffer.Length);
}
