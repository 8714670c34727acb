using System.Diagnostics;

namespace ILGPU.Runtime;

/// <summary>A volume of elements over memory, with a stride.</summary>
/// <typeparam name="T">The element type.</typeparam>
/// <typeparam name="TStride">How an index becomes a position.</typeparam>
[DebuggerDisplay("{ToString(),nq}")]
public readonly struct ArrayView3D<T, TStride> : IArrayView<T, Index3D, LongIndex3D, TStride>
    where T : unmanaged
    where TStride : struct, IStride3D
{
    /// <summary>Bytes of an element.</summary>
    public static readonly int ElementSize = ArrayView<T>.ElementSize;

    /// <summary>A view of nothing.</summary>
    public static readonly ArrayView3D<T, TStride> Empty;

    /// <summary>Over the memory of another view, which must be long enough for the extent.</summary>
    public ArrayView3D(ArrayView<T> baseView, LongIndex3D extent, TStride stride)
    {
        ViewChecks.Fits(stride.ComputeBufferLength(extent), baseView.Length);
        BaseView = baseView;
        Extent = extent;
        Stride = stride;
    }

    /// <summary>The memory.</summary>
    public ArrayView<T> BaseView { get; }

    /// <summary>Size in each dimension.</summary>
    public LongIndex3D Extent { get; }

    /// <summary>How an index becomes a position.</summary>
    public TStride Stride { get; }

    /// <summary>Size in each dimension, which must fit into 32 bits.</summary>
    public Index3D IntExtent => Extent.ToIntIndex();

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
    public ref T this[Index3D index] => ref BaseView[Stride.ComputeElementIndexChecked(index, new Index3D((int)Extent.X, (int)Extent.Y, (int)Extent.Z))];

    /// <summary>The element at an index.</summary>
    public ref T this[int x, int y, int z] => ref this[new Index3D(x, y, z)];

    /// <summary>The element at an index.</summary>
    public ref T this[LongIndex3D index] => ref BaseView[Stride.ComputeElementIndexChecked(index, Extent)];

    /// <summary>The element at an index.</summary>
    public ref T this[long x, long y, long z] => ref this[new LongIndex3D(x, y, z)];

    /// <summary>A view of nothing with a stride.</summary>
    public static ArrayView3D<T, TStride> GetEmpty(TStride stride) => new(ArrayView<T>.Empty, LongIndex3D.Zero, stride);

    /// <summary>Position of an element in the memory.</summary>
    public int ComputeLinearIndex(Index3D index) => Stride.ComputeElementIndex(index);

    /// <summary>Position of an element in the memory.</summary>
    public long ComputeLinearIndex(LongIndex3D index) => Stride.ComputeElementIndex(index);

    /// <summary>A part: an index and the size in each dimension from there.</summary>
    public ArrayView3D<T, TStride> SubView(Index3D index, Index3D extent) => SubView(index.ToLongIndex(), extent.ToLongIndex());

    /// <summary>A part: an index and the size in each dimension from there.</summary>
    public ArrayView3D<T, TStride> SubView(LongIndex3D index, LongIndex3D extent)
    {
        ViewChecks.SubView(index.X, extent.X, Extent.X);
        ViewChecks.SubView(index.Y, extent.Y, Extent.Y);
        ViewChecks.SubView(index.Z, extent.Z, Extent.Z);
        return new(BaseView.SubView(Stride.ComputeElementIndex(index), Stride.ComputeBufferLength(extent)), extent, Stride);
    }

    /// <summary>A view of one element.</summary>
    public VariableView<T> VariableView(Index3D index) => new(BaseView.SubView(ComputeLinearIndex(index), 1));

    /// <summary>A view of one element.</summary>
    public VariableView<T> VariableView(LongIndex3D index) => new(BaseView.SubView(ComputeLinearIndex(index), 1));

    /// <summary>All memory from the first element to the last, with what lies between.</summary>
    public ArrayView<T> AsContiguous() => BaseView.SubView(0, Stride.ComputeBufferLength(Extent));

    /// <summary>With a stride that has all steps given.</summary>
    public ArrayView3D<T, Stride3D.General> AsGeneral() => new(BaseView, Extent, Stride.AsGeneral());

    /// <summary>With another stride over the same memory.</summary>
    public ArrayView3D<T, Stride3D.General> AsGeneral(Stride3D.General stride) => new(BaseView, Extent, stride);

    /// <summary>As a line over the smallest step: all memory from the first element to the last.</summary>
    public ArrayView1D<T, Stride1D.General> To1DView() => new(BaseView, BaseView.Length / Stride.To1DStride().XStride, Stride.To1DStride());

    /// <summary>As a line with a stride over the same memory.</summary>
    public ArrayView1D<T, TOtherStride> As1DView<TOtherStride>(TOtherStride stride)
        where TOtherStride : struct, IStride1D
        => new(BaseView, Extent.Size, stride);

    /// <summary>With a stride whose step along x is 1, which must be so.</summary>
    public ArrayView3D<T, Stride3D.DenseXY> AsDenseXY()
    {
        ViewChecks.StepIsOne(Stride.XStride);
        return new(BaseView, Extent, new Stride3D.DenseXY(Stride.YStride, Stride.ZStride));
    }

    /// <summary>With a stride whose step along z is 1, which must be so.</summary>
    public ArrayView3D<T, Stride3D.DenseZY> AsDenseZY()
    {
        ViewChecks.StepIsOne(Stride.ZStride);
        return new(BaseView, Extent, new Stride3D.DenseZY(Stride.XStride, Stride.YStride));
    }

    /// <summary>As a volume with a stride over the same memory.</summary>
    public ArrayView3D<T, TOtherStride> As3DView<TOtherStride>(LongIndex3D extent, TOtherStride stride)
        where TOtherStride : struct, IStride3D
        => new(BaseView, extent, stride);

    /// <inheritdoc/>
    public override string ToString() => $"{typeof(T).Name}[{Extent}], stride {Stride.StrideExtent}";
}
