namespace ILGPU.Runtime;

/// <summary>Copies, fills and other shapes of views. Without a stream the accelerator's default stream is taken.</summary>
public static partial class ArrayViewExtensions
{
    /// <summary>Whether a view has elements.</summary>
    public static bool HasData<TView>(this TView view)
        where TView : IArrayView
        => view.IsValid && view.Length > 0;

    /// <summary>Whether a view has no elements.</summary>
    public static bool HasNoData<TView>(this TView view)
        where TView : IArrayView
        => !view.HasData();

    /// <summary>Where a view's memory lives.</summary>
    public static Accelerator GetAccelerator<TView>(this TView view)
        where TView : IArrayView
        => view.Buffer.Accelerator;

    /// <summary>The kind of accelerator that a view's memory lives on.</summary>
    public static AcceleratorType GetAcceleratorType<TView>(this TView view)
        where TView : IArrayView
        => view.Buffer.AcceleratorType;

    /// <summary>A line without gaps.</summary>
    public static ArrayView1D<T, Stride1D.Dense> AsDense<T>(this ArrayView<T> view)
        where T : unmanaged
        => view;

    /// <summary>A line with a step.</summary>
    public static ArrayView1D<T, Stride1D.General> AsGeneral<T>(this ArrayView<T> view, Stride1D.General stride)
        where T : unmanaged
        => new(view, view.Length / stride.XStride, stride);

    /// <summary>A line with the step 1.</summary>
    public static ArrayView1D<T, Stride1D.General> AsGeneral<T>(this ArrayView<T> view)
        where T : unmanaged
        => view.AsGeneral(new Stride1D.General(1));

    /// <summary>A view of one element.</summary>
    public static VariableView<T> VariableView<T>(this ArrayView<T> view, Index1D element)
        where T : unmanaged
        => new(view.SubView(element.X, 1));

    /// <summary>A view of one element.</summary>
    public static VariableView<T> VariableView<T>(this ArrayView<T> view, LongIndex1D element)
        where T : unmanaged
        => new(view.SubView(element.X, 1L));

    /// <summary>The elements before the first address that is a multiple of the alignment, and those from there on.</summary>
    public static (ArrayView<T> Prefix, ArrayView<T> Main) AlignTo<T>(this ArrayView<T> view, int alignmentInBytes)
        where T : unmanaged
    {
        long elements = Interop.ComputeAlignmentOffset(view.Pointer, alignmentInBytes) / Interop.SizeOf<T>();
        elements = Math.Min(elements, view.Length);
        return (view.SubView(0, elements), view.SubView(elements));
    }

    /// <summary>The same view, of which the compiler may take for granted that it begins at a multiple of so many bytes.</summary>
    /// <param name="view">The view.</param>
    /// <param name="alignmentInBytes">A power of two; a constant where a kernel is compiled from this.</param>
    /// <exception cref="ArgumentException">The view begins elsewhere; where kernels are compiled, what happens then is not defined.</exception>
    public static ArrayView<T> AsAligned<T>(this ArrayView<T> view, int alignmentInBytes)
        where T : unmanaged
        => Interop.ComputeAlignmentOffset(view.Pointer, alignmentInBytes) == 0
            ? view
            : throw new ArgumentException($"The view begins at 0x{view.Pointer:x}, which is no multiple of {alignmentInBytes} bytes.", nameof(view));

    /// <summary>The same memory as elements of another size along the contiguous dimension.</summary>
    public static ArrayView1D<TOther, Stride1D.Dense> Cast<T, TOther>(this ArrayView1D<T, Stride1D.Dense> view)
        where T : unmanaged
        where TOther : unmanaged
    {
        (LongIndex1D extent, Stride1D.Dense stride) = view.Stride.Cast(StrideExtensions.CreateCastContext(Interop.SizeOf<T>(), Interop.SizeOf<TOther>()), view.Extent);
        return new(view.BaseView.Cast<TOther>(), extent, stride);
    }

    /// <summary>The same memory as elements of another size along the contiguous dimension.</summary>
    public static ArrayView2D<TOther, Stride2D.DenseX> Cast<T, TOther>(this ArrayView2D<T, Stride2D.DenseX> view)
        where T : unmanaged
        where TOther : unmanaged
    {
        (LongIndex2D extent, Stride2D.DenseX stride) = view.Stride.Cast(StrideExtensions.CreateCastContext(Interop.SizeOf<T>(), Interop.SizeOf<TOther>()), view.Extent);
        return new(view.BaseView.Cast<TOther>(), extent, stride);
    }

    /// <summary>The same memory as elements of another size along the contiguous dimension.</summary>
    public static ArrayView2D<TOther, Stride2D.DenseY> Cast<T, TOther>(this ArrayView2D<T, Stride2D.DenseY> view)
        where T : unmanaged
        where TOther : unmanaged
    {
        (LongIndex2D extent, Stride2D.DenseY stride) = view.Stride.Cast(StrideExtensions.CreateCastContext(Interop.SizeOf<T>(), Interop.SizeOf<TOther>()), view.Extent);
        return new(view.BaseView.Cast<TOther>(), extent, stride);
    }

    /// <summary>The same memory as elements of another size along the contiguous dimension.</summary>
    public static ArrayView3D<TOther, Stride3D.DenseXY> Cast<T, TOther>(this ArrayView3D<T, Stride3D.DenseXY> view)
        where T : unmanaged
        where TOther : unmanaged
    {
        (LongIndex3D extent, Stride3D.DenseXY stride) = view.Stride.Cast(StrideExtensions.CreateCastContext(Interop.SizeOf<T>(), Interop.SizeOf<TOther>()), view.Extent);
        return new(view.BaseView.Cast<TOther>(), extent, stride);
    }

    /// <summary>The same memory as elements of another size along the contiguous dimension.</summary>
    public static ArrayView3D<TOther, Stride3D.DenseZY> Cast<T, TOther>(this ArrayView3D<T, Stride3D.DenseZY> view)
        where T : unmanaged
        where TOther : unmanaged
    {
        (LongIndex3D extent, Stride3D.DenseZY stride) = view.Stride.Cast(StrideExtensions.CreateCastContext(Interop.SizeOf<T>(), Interop.SizeOf<TOther>()), view.Extent);
        return new(view.BaseView.Cast<TOther>(), extent, stride);
    }

    /// <summary>With x and y exchanged, over the same memory.</summary>
    public static ArrayView2D<T, Stride2D.DenseY> AsTransposed<T>(this ArrayView2D<T, Stride2D.DenseX> view)
        where T : unmanaged
        => new(view.BaseView, new LongIndex2D(view.Extent.Y, view.Extent.X), new Stride2D.DenseY(view.Stride.YStride));

    /// <summary>With x and y exchanged, over the same memory.</summary>
    public static ArrayView2D<T, Stride2D.DenseX> AsTransposed<T>(this ArrayView2D<T, Stride2D.DenseY> view)
        where T : unmanaged
        => new(view.BaseView, new LongIndex2D(view.Extent.Y, view.Extent.X), new Stride2D.DenseX(view.Stride.XStride));

    /// <summary>With x and y exchanged, over the same memory.</summary>
    public static ArrayView2D<T, Stride2D.General> AsTransposed<T>(this ArrayView2D<T, Stride2D.General> view)
        where T : unmanaged
        => new(view.BaseView, new LongIndex2D(view.Extent.Y, view.Extent.X), new Stride2D.General(new Index2D(view.Stride.YStride, view.Stride.XStride)));
}
