namespace ILGPU;

/// <summary>How a multi-dimensional index becomes the position of an element.</summary>
/// <typeparam name="TIndex">The 32-bit index.</typeparam>
public interface IStride<TIndex>
    where TIndex : struct, IGenericIndex<TIndex>
{
    /// <summary>Elements from one position to the next, per dimension.</summary>
    TIndex StrideExtent { get; }

    /// <summary>As the stride of a line over the smallest step.</summary>
    Stride1D.General To1DStride();
}

/// <summary>How a multi-dimensional index becomes the position of an element, in 32 and in 64 bits.</summary>
/// <typeparam name="TIndex">The 32-bit index.</typeparam>
/// <typeparam name="TLongIndex">The 64-bit index.</typeparam>
public interface IStride<TIndex, TLongIndex> : IStride<TIndex>
    where TIndex : struct, IIntIndex<TIndex, TLongIndex>
    where TLongIndex : struct, ILongIndex<TLongIndex, TIndex>
{
    /// <summary>Position of an element.</summary>
    int ComputeElementIndex(TIndex index);

    /// <summary>Position of an element.</summary>
    long ComputeElementIndex(TLongIndex index);

    /// <summary>Position of an element; outside compiled kernels the index is checked against the extent.</summary>
    int ComputeElementIndexChecked(TIndex index, TIndex extent);

    /// <summary>Position of an element; outside compiled kernels the index is checked against the extent.</summary>
    long ComputeElementIndexChecked(TLongIndex index, TLongIndex extent);

    /// <summary>The index of the element at a position.</summary>
    TIndex ReconstructFromElementIndex(int elementIndex);

    /// <summary>The index of the element at a position.</summary>
    TLongIndex ReconstructFromElementIndex(long elementIndex);

    /// <summary>Elements that a buffer of this extent takes.</summary>
    int ComputeBufferLength(TIndex extent);

    /// <summary>Elements that a buffer of this extent takes.</summary>
    long ComputeBufferLength(TLongIndex extent);
}

/// <summary>A stride of lines.</summary>
public interface IStride1D : IStride<Index1D, LongIndex1D>
{
    /// <summary>Elements from one x to the next.</summary>
    int XStride { get; }

    /// <summary>As a stride with all steps given.</summary>
    Stride1D.General AsGeneral();
}

/// <summary>A stride of planes.</summary>
public interface IStride2D : IStride<Index2D, LongIndex2D>
{
    /// <summary>Elements from one x to the next.</summary>
    int XStride { get; }

    /// <summary>Elements from one y to the next.</summary>
    int YStride { get; }

    /// <summary>As a stride with all steps given.</summary>
    Stride2D.General AsGeneral();
}

/// <summary>A stride of volumes.</summary>
public interface IStride3D : IStride<Index3D, LongIndex3D>
{
    /// <summary>Elements from one x to the next.</summary>
    int XStride { get; }

    /// <summary>Elements from one y to the next.</summary>
    int YStride { get; }

    /// <summary>Elements from one z to the next.</summary>
    int ZStride { get; }

    /// <summary>As a stride with all steps given.</summary>
    Stride3D.General AsGeneral();
}

/// <summary>How lengths change when the element type does.</summary>
public interface IStrideCastContext
{
    /// <summary>The length in elements of the new type.</summary>
    int ComputeNewExtent(int sourceExtent);

    /// <summary>The length in elements of the new type.</summary>
    long ComputeNewExtent(long sourceExtent);
}

/// <summary>A stride whose contiguous dimension can be read as elements of another size.</summary>
/// <typeparam name="TIndex">The 32-bit index.</typeparam>
/// <typeparam name="TLongIndex">The 64-bit index.</typeparam>
/// <typeparam name="TStride">The stride type itself.</typeparam>
public interface ICastableStride<TIndex, TLongIndex, TStride>
    where TIndex : struct, IIntIndex<TIndex, TLongIndex>
    where TLongIndex : struct, ILongIndex<TLongIndex, TIndex>
    where TStride : struct, IStride<TIndex, TLongIndex>, ICastableStride<TIndex, TLongIndex, TStride>
{
    /// <summary>The extent and the stride in elements of the new type.</summary>
    (TLongIndex Extent, TStride Stride) Cast<TContext>(in TContext context, in TLongIndex extent)
        where TContext : struct, IStrideCastContext;
}

/// <summary>Helpers for strides.</summary>
public static class StrideExtensions
{
    /// <summary>Lengths from elements of one size to elements of another.</summary>
    public readonly struct ElementSizeCastContext(int elementSize, int newElementSize) : IStrideCastContext
    {
        /// <summary>Bytes of an element before.</summary>
        public int ElementSize { get; } = elementSize;

        /// <summary>Bytes of an element after.</summary>
        public int NewElementSize { get; } = newElementSize;

        /// <inheritdoc/>
        public int ComputeNewExtent(int sourceExtent) => sourceExtent * ElementSize / NewElementSize;

        /// <inheritdoc/>
        public long ComputeNewExtent(long sourceExtent) => sourceExtent * ElementSize / NewElementSize;
    }

    /// <summary>Lengths from elements of one size to elements of another.</summary>
    public static ElementSizeCastContext CreateCastContext(int elementSize, int newElementSize) => new(elementSize, newElementSize);

    /// <summary>The leading dimension in elements, rounded up so that each line begins at a multiple of the alignment.</summary>
    public static long GetPitchedLeadingDimension<T>(long leadingDimension, int alignmentInBytes)
        where T : unmanaged
    {
        int size = Interop.SizeOf<T>();
        if (alignmentInBytes < 1 || alignmentInBytes % size != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(alignmentInBytes), alignmentInBytes, $"A multiple of the element's {size} bytes is expected.");
        }
        int step = alignmentInBytes / size;
        return (leadingDimension + step - 1) / step * step;
    }
}
