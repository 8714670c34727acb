using System.Diagnostics;

namespace ILGPU.Runtime;

/// <summary>A line of elements over memory, with a stride.</summary>
/// <typeparam name="T">The element type.</typeparam>
/// <typeparam name="TStride">How an index becomes a position.</typeparam>
[DebuggerDisplay("{ToString(),nq}")]
public readonly struct ArrayView1D<T, TStride> : IArrayView<T, Index1D, LongIndex1D, TStride>
    where T : unmanaged
    where TStride : struct, IStride1D
{
    /// <summary>Bytes of an element.</summary>
    public static readonly int ElementSize = ArrayView<T>.ElementSize;

    /// <summary>A view of nothing.</summary>
    public static readonly ArrayView1D<T, TStride> Empty;

    /// <summary>Over the memory of another view, which must be long enough for the extent.</summary>
    public ArrayView1D(ArrayView<T> baseView, LongIndex1D extent, TStride stride)
    {
        ViewChecks.Fits(stride.ComputeBufferLength(extent), baseView.Length);
        BaseView = baseView;
        Extent = extent;
        Stride = stride;
    }

    /// <summary>The memory.</summary>
    public ArrayView<T> BaseView { get; }

    /// <summary>Size in each dimension.</summary>
    public LongIndex1D Extent { get; }

    /// <summary>How an index becomes a position.</summary>
    public TStride Stride { get; }

    /// <summary>Size in each dimension, which must fit into 32 bits.</summary>
    public Index1D IntExtent => Extent.ToIntIndex();

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
    public ref T this[Index1D index] => ref BaseView[Stride.ComputeElementIndexChecked(index, new Index1D((int)Extent.X))];

    /// <summary>The element at an index.</summary>
    public ref T this[LongIndex1D index] => ref BaseView[Stride.ComputeElementIndexChecked(index, Extent)];

    /// <summary>A view of nothing with a stride.</summary>
    public static ArrayView1D<T, TStride> GetEmpty(TStride stride) => new(ArrayView<T>.Empty, LongIndex1D.Zero, stride);

    /// <summary>Position of an element in the memory.</summary>
    public int ComputeLinearIndex(Index1D index) => Stride.ComputeElementIndex(index);

    /// <summary>Position of an element in the memory.</summary>
    public long ComputeLinearIndex(LongIndex1D index) => Stride.ComputeElementIndex(index);

    /// <summary>A part: an index and the size in each dimension from there.</summary>
    public ArrayView1D<T, TStride> SubView(Index1D index, Index1D extent) => SubView(index.ToLongIndex(), extent.ToLongIndex());

    /// <summary>A part: an index and the size in each dimension from there.</summary>
    public ArrayView1D<T, TStride> SubView(LongIndex1D index, LongIndex1D extent)
    {
        ViewChecks.SubView(index.X, extent.X, Extent.X);
        return new(BaseView.SubView(Stride.ComputeElementIndex(index), Stride.ComputeBufferLength(extent)), extent, Stride);
    }

    /// <summary>A view of one element.</summary>
    public VariableView<T> VariableView(Index1D index) => new(BaseView.SubView(ComputeLinearIndex(index), 1));

    /// <summary>A view of one element.</summary>
    public VariableView<T> VariableView(LongIndex1D index) => new(BaseView.SubView(ComputeLinearIndex(index), 1));

    /// <summary>All memory from the first element to the last, with what lies between.</summary>
    public ArrayView<T> AsContiguous() => BaseView.SubView(0, Stride.ComputeBufferLength(Extent));

    /// <summary>With a stride that has all steps given.</summary>
    public ArrayView1D<T, Stride1D.General> AsGeneral() => new(BaseView, Extent, Stride.AsGeneral());

    /// <summary>With another stride over the same memory.</summary>
    public ArrayView1D<T, Stride1D.General> AsGeneral(Stride1D.General stride) => new(BaseView, Extent, stride);

    /// <summary>Without gaps; the step must be 1.</summary>
    public ArrayView1D<T, Stride1D.Dense> AsDense()
    {
        ViewChecks.StepIsOne(Stride.XStride);
        return new(BaseView, Extent, default);
    }

    /// <summary>As a line with its step given.</summary>
    public ArrayView1D<T, Stride1D.General> To1DView() => AsGeneral();

    /// <summary>As a plane without gaps over the same memory.</summary>
    public ArrayView2D<T, Stride2D.DenseX> As2DDenseXView(LongIndex2D extent) => new(BaseView, extent, Stride2D.DenseX.FromExtent(extent));

    /// <summary>As a plane without gaps over the same memory.</summary>
    public ArrayView2D<T, Stride2D.DenseY> As2DDenseYView(LongIndex2D extent) => new(BaseView, extent, Stride2D.DenseY.FromExtent(extent));

    /// <summary>As a plane with a stride over the same memory.</summary>
    public ArrayView2D<T, TOtherStride> As2DView<TOtherStride>(LongIndex2D extent, TOtherStride stride)
        where TOtherStride : struct, IStride2D
        => new(BaseView, extent, stride);

    /// <summary>As a volume without gaps over the same memory.</summary>
    public ArrayView3D<T, Stride3D.DenseXY> As3DDenseXYView(LongIndex3D extent) => new(BaseView, extent, Stride3D.DenseXY.FromExtent(extent));

    /// <summary>As a volume without gaps over the same memory.</summary>
    public ArrayView3D<T, Stride3D.DenseZY> As3DDenseZYView(LongIndex3D extent) => new(BaseView, extent, Stride3D.DenseZY.FromExtent(extent));

    /// <summary>As a volume with a stride over the same memory.</summary>
    public ArrayView3D<T, TOtherStride> As3DView<TOtherStride>(LongIndex3D extent, TOtherStride stride)
        where TOtherStride : struct, IStride3D
        => new(BaseView, extent, stride);

    /// <inheritdoc/>
    public override string ToString() => $"{typeof(T).Name}[{Extent}], stride {Stride.StrideExtent}";
}
