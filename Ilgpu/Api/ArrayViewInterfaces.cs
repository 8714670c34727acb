using ILGPU.Runtime;

namespace ILGPU;

/// <summary>Any view.</summary>
public interface IArrayView
{
    /// <summary>Where the memory lives.</summary>
    MemoryBuffer Buffer { get; }

    /// <summary>Whether it views anything.</summary>
    bool IsValid { get; }

    /// <summary>Number of elements.</summary>
    long Length { get; }

    /// <summary>Bytes of an element.</summary>
    int ElementSize { get; }

    /// <summary>Number of bytes.</summary>
    long LengthInBytes { get; }
}

/// <summary>A view of elements of a type.</summary>
/// <typeparam name="T">The element type.</typeparam>
public interface IArrayView<T> : IArrayView
    where T : unmanaged
{
}

/// <summary>A view of elements of a type, by index.</summary>
/// <typeparam name="T">The element type.</typeparam>
/// <typeparam name="TIndex">The index type.</typeparam>
public interface IArrayView<T, TIndex> : IArrayView
    where T : unmanaged
    where TIndex : struct, IGenericIndex<TIndex>
{
    /// <summary>Size in each dimension.</summary>
    TIndex Extent { get; }

    /// <summary>The element at an index.</summary>
    ref T this[TIndex index] { get; }
}

/// <summary>A view with a stride.</summary>
/// <typeparam name="T">The element type.</typeparam>
/// <typeparam name="TStrideIndex">The index type.</typeparam>
/// <typeparam name="TStride">The stride.</typeparam>
public interface IStridedArrayView<T, TStrideIndex, TStride> : IArrayView<T>
    where T : unmanaged
    where TStrideIndex : struct, IGenericIndex<TStrideIndex>
    where TStride : struct, IStride<TStrideIndex>
{
    /// <summary>Elements from one position to the next, per dimension.</summary>
    TStride Stride { get; }
}

/// <summary>A view by 32-bit and 64-bit indices, with a stride.</summary>
/// <typeparam name="T">The element type.</typeparam>
/// <typeparam name="TIndex">The 32-bit index.</typeparam>
/// <typeparam name="TLongIndex">The 64-bit index.</typeparam>
/// <typeparam name="TStride">The stride.</typeparam>
public interface IArrayView<T, TIndex, TLongIndex, TStride> : IArrayView<T, TLongIndex>, IStridedArrayView<T, TIndex, TStride>
    where T : unmanaged
    where TIndex : struct, IIntIndex<TIndex, TLongIndex>
    where TLongIndex : struct, ILongIndex<TLongIndex, TIndex>
    where TStride : struct, IStride<TIndex>
{
    /// <summary>Number of elements, which must fit into 32 bits.</summary>
    int IntLength { get; }

    /// <summary>Size in each dimension, which must fit into 32 bits.</summary>
    TIndex IntExtent { get; }

    /// <summary>The element at an index.</summary>
    ref T this[TIndex index] { get; }
}

/// <summary>A view of memory without gaps.</summary>
public interface IContiguousArrayView : IArrayView
{
    /// <summary>Elements of the buffer before the first one.</summary>
    long Index { get; }

    /// <summary>Bytes of the buffer before the first element.</summary>
    long IndexInBytes { get; }

    /// <summary>The memory as bytes.</summary>
    ArrayView<byte> AsRawArrayView();
}

/// <summary>A view of memory without gaps, of elements of a type.</summary>
/// <typeparam name="T">The element type.</typeparam>
public interface IContiguousArrayView<T> : IArrayView<T>, IContiguousArrayView
    where T : unmanaged
{
}
