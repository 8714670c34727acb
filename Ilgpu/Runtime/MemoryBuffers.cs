namespace ILGPU.Runtime;

/// <summary>A line of elements that owns its memory.</summary>
/// <typeparam name="T">The element type.</typeparam>
/// <typeparam name="TStride">How an index becomes a position.</typeparam>
public class MemoryBuffer1D<T, TStride> : MemoryBuffer<ArrayView1D<T, TStride>>
    where T : unmanaged
    where TStride : struct, IStride1D
{
    internal MemoryBuffer1D(MemoryBuffer buffer, ArrayView1D<T, TStride> view) : base(buffer, view)
    {
    }

    /// <summary>Size in each dimension.</summary>
    public LongIndex1D Extent => View.Extent;

    /// <summary>Size in each dimension, which must fit into 32 bits.</summary>
    public Index1D IntExtent => View.IntExtent;

    /// <summary>All memory from the first element to the last, with what lies between.</summary>
    public ArrayView<T> AsContiguous() => View.AsContiguous();

    /// <summary>All memory from the first element to the last, with what lies between.</summary>
    public static explicit operator ArrayView<T>(MemoryBuffer1D<T, TStride> buffer) => buffer.View.AsContiguous();
}

/// <summary>A plane of elements that owns its memory.</summary>
/// <typeparam name="T">The element type.</typeparam>
/// <typeparam name="TStride">How an index becomes a position.</typeparam>
public class MemoryBuffer2D<T, TStride> : MemoryBuffer<ArrayView2D<T, TStride>>
    where T : unmanaged
    where TStride : struct, IStride2D
{
    internal MemoryBuffer2D(MemoryBuffer buffer, ArrayView2D<T, TStride> view) : base(buffer, view)
    {
    }

    /// <summary>Size in each dimension.</summary>
    public LongIndex2D Extent => View.Extent;

    /// <summary>Size in each dimension, which must fit into 32 bits.</summary>
    public Index2D IntExtent => View.IntExtent;

    /// <summary>All memory from the first element to the last, with what lies between.</summary>
    public ArrayView<T> AsContiguous() => View.AsContiguous();

    /// <summary>All memory from the first element to the last, with what lies between.</summary>
    public static explicit operator ArrayView<T>(MemoryBuffer2D<T, TStride> buffer) => buffer.View.AsContiguous();
}

/// <summary>A volume of elements that owns its memory.</summary>
/// <typeparam name="T">The element type.</typeparam>
/// <typeparam name="TStride">How an index becomes a position.</typeparam>
public class MemoryBuffer3D<T, TStride> : MemoryBuffer<ArrayView3D<T, TStride>>
    where T : unmanaged
    where TStride : struct, IStride3D
{
    internal MemoryBuffer3D(MemoryBuffer buffer, ArrayView3D<T, TStride> view) : base(buffer, view)
    {
    }

    /// <summary>Size in each dimension.</summary>
    public LongIndex3D Extent => View.Extent;

    /// <summary>Size in each dimension, which must fit into 32 bits.</summary>
    public Index3D IntExtent => View.IntExtent;

    /// <summary>All memory from the first element to the last, with what lies between.</summary>
    public ArrayView<T> AsContiguous() => View.AsContiguous();

    /// <summary>All memory from the first element to the last, with what lies between.</summary>
    public static explicit operator ArrayView<T>(MemoryBuffer3D<T, TStride> buffer) => buffer.View.AsContiguous();
}
