using System.Diagnostics;

namespace ILGPU.Runtime;

/// <summary>A plane of elements over memory, with a stride.</summary>
/// <typeparam name="T">The element type.</typeparam>
/// <typeparam name="TStride">How an index becomes a position.</typeparam>
[DebuggerDisplay("{ToString(),nq}")]
public readonly struct ArrayView2D<T, TStride> : IArrayView<T, Index2D, LongIndex2D, TStride>
    where T : unmanaged
    where TStride : struct, IStride2D
{
    /// <summary>Bytes of an element.</summary>
    public static readonly int ElementSize = ArrayView<T>.ElementSize;

    /// <summary>A view of nothing.</summary>
    public static readonly ArrayView2D<T, TStride> Empty;

    /// <summary>Over the memory of another view, which must be long enough for the extent.</summary>
    public ArrayView2D(ArrayView<T> baseView, LongIndex2D extent, TStride stride)
    {
        ViewChecks.Fits(stride.ComputeBufferLength(extent), baseView.Length);
        BaseView = baseView;
        Extent = extent;
        Stride = stride;
    }

    /// <summary>The memory.</summary>
    public ArrayView<T> BaseView { get; }

    /// <summary>Size in each dimension.</summary>
    public LongIndex2D Extent { get; }

    /// <summary>How an index becomes a position.</summary>
    public TStride Stride { get; }

    /// <summary>Size in each dimension, which must fit into 32 bits.</summary>
    public Index2D IntExtent => Extent.ToIntIndex();

    /// <summary>Whether it views anything.</summary>
    public bool IsValid => BaseView.IsValid;

    /// <summary>Number of elements.</summary>
    public long Length => Extent.Size;

    /// <summary>Number of elements, which must fit into 32 bits.</summary>
    public int IntLength
    {
        get
        {
            IndexTypeExtensions.AssertIntIndexRange(Length);
            return (int)Length;
        }
    }

    /// <summary>Number of bytes of the elements.</summary>
    public long LengthInBytes => Length * Interop.SizeOf<T>();

    int IArrayView.ElementSize => Interop.SizeOf<T>();

    MemoryBuffer IArrayView.Buffer => BaseView.Buffer!;

    /// <summary>The element at an index.</summary>
    public ref T this[Index2D index] => ref BaseView[Stride.ComputeElementIndexChecked(index, new Index2D((int)Extent.X, (int)Extent.Y))];

    /// <summary>The element at an index.</summary>
    public ref T this[int x, int y] => ref this[new Index2D(x, y)];

    /// <summary>The element at an index.</summary>
    public ref T this[LongIndex2D index] => ref BaseView[Stride.ComputeElementIndexChecked(index, Extent)];

    /// <summary>The element at an index.</summary>
    public ref T this[long x, long y] => ref this[new LongIndex2D(x, y)];

    /// <summary>A view of nothing with a stride.</summary>
    public static ArrayView2D<T, TStride> GetEmpty(TStride stride) => new(ArrayView<T>.Empty, LongIndex2D.Zero, stride);

    /// <summary>Position of an element in the memory.</summary>
    public int ComputeLinearIndex(Index2D index) => Stride.ComputeElementIndex(index);

    /// <summary>Position of an element in the memory.</summary>
    public long ComputeLinearIndex(LongIndex2D index) => Stride.ComputeElementIndex(index);

    /// <summary>A part: an index and the size in each dimension from there.</summary>
    public ArrayView2D<T, TStride> SubView(Index2D index, Index2D extent) => SubView(index.ToLongIndex(), extent.ToLongIndex());

    /// <summary>A part: an index and the size in each dimension from there.</summary>
    public ArrayView2D<T, TStride> SubView(LongIndex2D index, LongIndex2D extent)
    {
        ViewChecks.SubView(index.X, extent.X, Extent.X);
        ViewChecks.SubView(index.Y, extent.Y, Extent.Y);
        return new(BaseView.SubView(Stride.ComputeElementIndex(index), Stride.ComputeBufferLength(extent)), extent, Stride);
    }

    /// <summary>A view of one element.</summary>
    public VariableView<T> VariableView(Index2D index) => new(BaseView.SubView(ComputeLinearIndex(index), 1));

    /// <summary>A view of one element.</summary>
    public VariableView<T> VariableView(LongIndex2D index) => new(BaseView.SubView(ComputeLinearIndex(index), 1));

    /// <summary>All memory from the first element to the last, with what lies between.</summary>
    public ArrayView<T> AsContiguous() => BaseView.SubView(0, Stride.ComputeBufferLength(Extent));

    /// <summary>With a stride that has all steps given.</summary>
    public ArrayView2D<T, Stride2D.General> AsGeneral() => new(BaseView, Extent, Stride.AsGeneral());

    /// <summary>With another stride over the same memory.</summary>
    public ArrayView2D<T, Stride2D.General> AsGeneral(Stride2D.General stride) => new(BaseView, Extent, stride);

    /// <summary>As a line over the smallest step: all memory from the first element to the last.</summary>
    public ArrayView1D<T, Stride1D.General> To1DView() => new(BaseView, BaseView.Length / Stride.To1DStride().XStride, Stride.To1DStride());

    /// <summary>As a line with a stride over the same memory.</summary>
    public ArrayView1D<T, TOtherStride> As1DView<TOtherStride>(TOtherStride stride)
        where TOtherStride : struct, IStride1D
        => new(BaseView, Extent.Size, stride);

    /// <summary>With a stride whose step along x is 1, which must be so.</summary>
    public ArrayView2D<T, Stride2D.DenseX> AsDenseX()
    {
        ViewChecks.StepIsOne(Stride.XStride);
        return new(BaseView, Extent, new Stride2D.DenseX(Stride.YStride));
    }

    /// <summary>With a stride whose step along y is 1, which must be so.</summary>
    public ArrayView2D<T, Stride2D.DenseY> AsDenseY()
    {
        ViewChecks.StepIsOne(Stride.YStride);
        return new(BaseView, Extent, new Stride2D.DenseY(Stride.XStride));
    }

    /// <summary>As a volume with a stride over the same memory.</summary>
    public ArrayView3D<T, TOtherStride> As3DView<TOtherStride>(LongIndex3D extent, TOtherStride stride)
        where TOtherStride : struct, IStride3D
        => new(BaseView, extent, stride);

    /// <inheritdoc/>
    public override string ToString() => $"{typeof(T).Name}[{Extent}], stride {Stride.StrideExtent}";
}
