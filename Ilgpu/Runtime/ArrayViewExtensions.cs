using System.Runtime.InteropServices;

namespace ILGPU.Runtime;

/// <summary>Copies, fills and other shapes of views. Without a stream the accelerator's default stream is taken.</summary>
public static class ArrayViewExtensions
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

    /// <summary>Sets all bytes to 0.</summary>
    public static void MemSetToZero<TView>(this TView view)
        where TView : IContiguousArrayView
        => view.MemSetToZero(view.Buffer.Accelerator.DefaultStream);

    /// <summary>Sets all bytes to 0.</summary>
    public static void MemSetToZero<TView>(this TView view, AcceleratorStream stream)
        where TView : IContiguousArrayView
        => Transfers.Fill(stream, view.AsRawArrayView(), 0);

    /// <summary>Sets all bytes to a value.</summary>
    public static void MemSet<TView>(this TView view, byte value)
        where TView : IContiguousArrayView
        => view.MemSet(view.Buffer.Accelerator.DefaultStream, value);

    /// <summary>Sets all bytes to a value.</summary>
    public static void MemSet<TView>(this TView view, AcceleratorStream stream, byte value)
        where TView : IContiguousArrayView
        => Transfers.Fill(stream, view.AsRawArrayView(), value);

    /// <summary>Copies all elements into a view of at least this length.</summary>
    public static void CopyTo<TView>(this TView source, in TView target)
        where TView : IContiguousArrayView
        => source.CopyTo(source.Buffer.Accelerator.DefaultStream, in target);

    /// <summary>Copies all elements into a view of at least this length.</summary>
    public static void CopyTo<TView>(this TView source, AcceleratorStream stream, in TView target)
        where TView : IContiguousArrayView
        => Transfers.Copy(stream, source.AsRawArrayView(), target.AsRawArrayView());

    /// <summary>Copies all elements of a view into this one, which is at least as long.</summary>
    public static void CopyFrom<TView>(this TView target, in TView source)
        where TView : IContiguousArrayView
        => target.CopyFrom(target.Buffer.Accelerator.DefaultStream, in source);

    /// <summary>Copies all elements of a view into this one, which is at least as long.</summary>
    public static void CopyFrom<TView>(this TView target, AcceleratorStream stream, in TView source)
        where TView : IContiguousArrayView
        => Transfers.Copy(stream, source.AsRawArrayView(), target.AsRawArrayView());

    /// <summary>Sets all bytes to 0.</summary>
    public static void MemSetToZero<T>(this ArrayView1D<T, Stride1D.Dense> view)
        where T : unmanaged
        => view.MemSetToZero(view.BaseView.Owner.Accelerator.DefaultStream);

    /// <summary>Sets all bytes to 0.</summary>
    public static void MemSetToZero<T>(this ArrayView1D<T, Stride1D.Dense> view, AcceleratorStream stream)
        where T : unmanaged
        => view.BaseView.MemSetToZero(stream);

    /// <summary>Sets all bytes to a value.</summary>
    public static void MemSet<T>(this ArrayView1D<T, Stride1D.Dense> view, byte value)
        where T : unmanaged
        => view.MemSet(view.BaseView.Owner.Accelerator.DefaultStream, value);

    /// <summary>Sets all bytes to a value.</summary>
    public static void MemSet<T>(this ArrayView1D<T, Stride1D.Dense> view, AcceleratorStream stream, byte value)
        where T : unmanaged
        => view.BaseView.MemSet(stream, value);

    /// <summary>Copies all elements into a view of at least this length.</summary>
    public static void CopyTo<T>(this ArrayView1D<T, Stride1D.Dense> source, in ArrayView1D<T, Stride1D.Dense> target)
        where T : unmanaged
        => source.CopyTo(source.BaseView.Owner.Accelerator.DefaultStream, in target);

    /// <summary>Copies all elements into a view of at least this length.</summary>
    public static void CopyTo<T>(this ArrayView1D<T, Stride1D.Dense> source, AcceleratorStream stream, in ArrayView1D<T, Stride1D.Dense> target)
        where T : unmanaged
        => Transfers.Copy(stream, source.BaseView.Cast<byte>(), target.BaseView.Cast<byte>());

    /// <summary>Copies all elements of a view into this one, which is at least as long.</summary>
    public static void CopyFrom<T>(this ArrayView1D<T, Stride1D.Dense> target, in ArrayView1D<T, Stride1D.Dense> source)
        where T : unmanaged
        => target.CopyFrom(target.BaseView.Owner.Accelerator.DefaultStream, in source);

    /// <summary>Copies all elements of a view into this one, which is at least as long.</summary>
    public static void CopyFrom<T>(this ArrayView1D<T, Stride1D.Dense> target, AcceleratorStream stream, in ArrayView1D<T, Stride1D.Dense> source)
        where T : unmanaged
        => Transfers.Copy(stream, source.BaseView.Cast<byte>(), target.BaseView.Cast<byte>());

    /// <summary>Copies a number of elements to where a reference points; done on return.</summary>
    public static void CopyToCPU<T, TView>(this TView source, ref T cpuData, long length)
        where T : unmanaged
        where TView : IContiguousArrayView<T>
        => source.CopyToCPU(source.Buffer.Accelerator.DefaultStream, ref cpuData, length);

    /// <summary>Copies a number of elements to where a reference points; done on return.</summary>
    public static void CopyToCPU<T, TView>(this TView source, AcceleratorStream stream, ref T cpuData, long length)
        where T : unmanaged
        where TView : IContiguousArrayView<T>
        => HostCopies.Read(stream, source.AsRawArrayView().Cast<T>().SubView(0, length), MemoryMarshal.CreateSpan(ref cpuData, checked((int)length)));

    /// <summary>Copies a number of elements from where a reference points; done on return.</summary>
    public static void CopyFromCPU<T, TView>(this TView target, ref T cpuData, long length)
        where T : unmanaged
        where TView : IContiguousArrayView<T>
        => target.CopyFromCPU(target.Buffer.Accelerator.DefaultStream, ref cpuData, length);

    /// <summary>Copies a number of elements from where a reference points; done on return.</summary>
    public static void CopyFromCPU<T, TView>(this TView target, AcceleratorStream stream, ref T cpuData, long length)
        where T : unmanaged
        where TView : IContiguousArrayView<T>
        => HostCopies.Write(stream, target.AsRawArrayView().Cast<T>(), MemoryMarshal.CreateReadOnlySpan(ref cpuData, checked((int)length)));

    /// <summary>Copies all elements into a span of the same length; done on return.</summary>
    public static void CopyToCPU<T, TView>(this TView source, in Span<T> span)
        where T : unmanaged
        where TView : IContiguousArrayView<T>
        => source.CopyToCPU(source.Buffer.Accelerator.DefaultStream, in span);

    /// <summary>Copies all elements into a span of the same length; done on return.</summary>
    public static void CopyToCPU<T, TView>(this TView source, AcceleratorStream stream, in Span<T> span)
        where T : unmanaged
        where TView : IContiguousArrayView<T>
        => HostCopies.Read(stream, source.AsRawArrayView().Cast<T>(), span);

    /// <summary>Copies a span into the first elements; done on return.</summary>
    public static void CopyFromCPU<T, TView>(this TView target, in ReadOnlySpan<T> span)
        where T : unmanaged
        where TView : IContiguousArrayView<T>
        => target.CopyFromCPU(target.Buffer.Accelerator.DefaultStream, in span);

    /// <summary>Copies a span into the first elements; done on return.</summary>
    public static void CopyFromCPU<T, TView>(this TView target, AcceleratorStream stream, in ReadOnlySpan<T> span)
        where T : unmanaged
        where TView : IContiguousArrayView<T>
        => HostCopies.Write(stream, target.AsRawArrayView().Cast<T>(), span);

    /// <summary>Copies all elements into a span of the same length; done on return.</summary>
    public static void CopyToCPU<T>(this ArrayView1D<T, Stride1D.Dense> source, in Span<T> span)
        where T : unmanaged
        => source.CopyToCPU(source.BaseView.Owner.Accelerator.DefaultStream, in span);

    /// <summary>Copies all elements into a span of the same length; done on return.</summary>
    public static void CopyToCPU<T>(this ArrayView1D<T, Stride1D.Dense> source, AcceleratorStream stream, in Span<T> span)
        where T : unmanaged
        => HostCopies.Read(stream, source.BaseView, span);

    /// <summary>Copies a span into the first elements; done on return.</summary>
    public static void CopyFromCPU<T>(this ArrayView1D<T, Stride1D.Dense> target, in ReadOnlySpan<T> span)
        where T : unmanaged
        => target.CopyFromCPU(target.BaseView.Owner.Accelerator.DefaultStream, in span);

    /// <summary>Copies a span into the first elements; done on return.</summary>
    public static void CopyFromCPU<T>(this ArrayView1D<T, Stride1D.Dense> target, AcceleratorStream stream, in ReadOnlySpan<T> span)
        where T : unmanaged
        => HostCopies.Write(stream, target.BaseView, span);

    /// <summary>Copies all elements into an array of the same length; done on return.</summary>
    public static void CopyToCPU<T>(this ArrayView<T> view, T[] data)
        where T : unmanaged
        => view.CopyToCPU(view.Owner.Accelerator.DefaultStream, data);

    /// <summary>Copies all elements into an array of the same length; done on return.</summary>
    public static void CopyToCPU<T>(this ArrayView<T> view, AcceleratorStream stream, T[] data)
        where T : unmanaged
        => HostCopies.Read(stream, view, data.AsSpan());

    /// <summary>Copies an array into the first elements; done on return.</summary>
    public static void CopyFromCPU<T>(this ArrayView<T> view, T[] data)
        where T : unmanaged
        => view.CopyFromCPU(view.Owner.Accelerator.DefaultStream, data);

    /// <summary>Copies an array into the first elements; done on return.</summary>
    public static void CopyFromCPU<T>(this ArrayView<T> view, AcceleratorStream stream, T[] data)
        where T : unmanaged
        => HostCopies.Write(stream, view, data.AsSpan());

    /// <summary>All elements in a new array.</summary>
    public static T[] GetAsArray<T>(this ArrayView<T> view)
        where T : unmanaged
        => view.GetAsArray(view.Owner.Accelerator.DefaultStream);

    /// <summary>All elements in a new array.</summary>
    public static T[] GetAsArray<T>(this ArrayView<T> view, AcceleratorStream stream)
        where T : unmanaged
    {
        T[] data = new T[view.Length];
        HostCopies.Read(stream, view, data.AsSpan());
        return data;
    }

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this ArrayView1D<T, TStride> view, T[] data)
        where T : unmanaged
        where TStride : struct, IStride1D
        => view.CopyToCPU(view.BaseView.Owner.Accelerator.DefaultStream, data);

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this ArrayView1D<T, TStride> view, AcceleratorStream stream, T[] data)
        where T : unmanaged
        where TStride : struct, IStride1D
    {
        HostCopies.ToHost(stream, view.BaseView, new LongIndex3D(view.Extent.X, 1, 1), new Index3D(view.Stride.XStride, 1, 1), data.AsSpan());
    }

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this ArrayView1D<T, TStride> view, T[] data)
        where T : unmanaged
        where TStride : struct, IStride1D
        => view.CopyFromCPU(view.BaseView.Owner.Accelerator.DefaultStream, data);

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this ArrayView1D<T, TStride> view, AcceleratorStream stream, T[] data)
        where T : unmanaged
        where TStride : struct, IStride1D
    {
        HostCopies.FromHost(stream, view.BaseView, new LongIndex3D(view.Extent.X, 1, 1), new Index3D(view.Stride.XStride, 1, 1), data.AsSpan());
    }

    /// <summary>All elements in a new array.</summary>
    public static T[] GetAsArray1D<T, TStride>(this ArrayView1D<T, TStride> view)
        where T : unmanaged
        where TStride : struct, IStride1D
        => view.GetAsArray1D(view.BaseView.Owner.Accelerator.DefaultStream);

    /// <summary>All elements in a new array.</summary>
    public static T[] GetAsArray1D<T, TStride>(this ArrayView1D<T, TStride> view, AcceleratorStream stream)
        where T : unmanaged
        where TStride : struct, IStride1D
    {
        T[] data = new T[view.Extent.X];
        view.CopyToCPU(stream, data);
        return data;
    }

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this MemoryBuffer<ArrayView1D<T, TStride>> buffer, T[] data)
        where T : unmanaged
        where TStride : struct, IStride1D
        => buffer.CopyToCPU(buffer.Accelerator.DefaultStream, data);

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this MemoryBuffer<ArrayView1D<T, TStride>> buffer, AcceleratorStream stream, T[] data)
        where T : unmanaged
        where TStride : struct, IStride1D
        => buffer.View.CopyToCPU(stream, data);

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this MemoryBuffer<ArrayView1D<T, TStride>> buffer, T[] data)
        where T : unmanaged
        where TStride : struct, IStride1D
        => buffer.CopyFromCPU(buffer.Accelerator.DefaultStream, data);

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this MemoryBuffer<ArrayView1D<T, TStride>> buffer, AcceleratorStream stream, T[] data)
        where T : unmanaged
        where TStride : struct, IStride1D
        => buffer.View.CopyFromCPU(stream, data);

    /// <summary>All elements in a new array.</summary>
    public static T[] GetAsArray1D<T, TStride>(this MemoryBuffer<ArrayView1D<T, TStride>> buffer)
        where T : unmanaged
        where TStride : struct, IStride1D
        => buffer.GetAsArray1D(buffer.Accelerator.DefaultStream);

    /// <summary>All elements in a new array.</summary>
    public static T[] GetAsArray1D<T, TStride>(this MemoryBuffer<ArrayView1D<T, TStride>> buffer, AcceleratorStream stream)
        where T : unmanaged
        where TStride : struct, IStride1D
        => buffer.View.GetAsArray1D(stream);

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this ArrayView2D<T, TStride> view, T[,] data)
        where T : unmanaged
        where TStride : struct, IStride2D
        => view.CopyToCPU(view.BaseView.Owner.Accelerator.DefaultStream, data);

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this ArrayView2D<T, TStride> view, AcceleratorStream stream, T[,] data)
        where T : unmanaged
        where TStride : struct, IStride2D
    {
        HostCopies.CheckShape(new LongIndex3D(view.Extent, 1), data);
        HostCopies.ToHost(stream, view.BaseView, new LongIndex3D(view.Extent, 1), new Index3D(view.Stride.StrideExtent, 1), HostCopies.Elements<T>(data));
    }

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this ArrayView2D<T, TStride> view, T[,] data)
        where T : unmanaged
        where TStride : struct, IStride2D
        => view.CopyFromCPU(view.BaseView.Owner.Accelerator.DefaultStream, data);

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this ArrayView2D<T, TStride> view, AcceleratorStream stream, T[,] data)
        where T : unmanaged
        where TStride : struct, IStride2D
    {
        HostCopies.CheckShape(new LongIndex3D(view.Extent, 1), data);
        HostCopies.FromHost(stream, view.BaseView, new LongIndex3D(view.Extent, 1), new Index3D(view.Stride.StrideExtent, 1), HostCopies.Elements<T>(data));
    }

    /// <summary>All elements in a new array.</summary>
    public static T[,] GetAsArray2D<T, TStride>(this ArrayView2D<T, TStride> view)
        where T : unmanaged
        where TStride : struct, IStride2D
        => view.GetAsArray2D(view.BaseView.Owner.Accelerator.DefaultStream);

    /// <summary>All elements in a new array.</summary>
    public static T[,] GetAsArray2D<T, TStride>(this ArrayView2D<T, TStride> view, AcceleratorStream stream)
        where T : unmanaged
        where TStride : struct, IStride2D
    {
        T[,] data = new T[view.Extent.X, view.Extent.Y];
        view.CopyToCPU(stream, data);
        return data;
    }

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this MemoryBuffer<ArrayView2D<T, TStride>> buffer, T[,] data)
        where T : unmanaged
        where TStride : struct, IStride2D
        => buffer.CopyToCPU(buffer.Accelerator.DefaultStream, data);

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this MemoryBuffer<ArrayView2D<T, TStride>> buffer, AcceleratorStream stream, T[,] data)
        where T : unmanaged
        where TStride : struct, IStride2D
        => buffer.View.CopyToCPU(stream, data);

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this MemoryBuffer<ArrayView2D<T, TStride>> buffer, T[,] data)
        where T : unmanaged
        where TStride : struct, IStride2D
        => buffer.CopyFromCPU(buffer.Accelerator.DefaultStream, data);

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this MemoryBuffer<ArrayView2D<T, TStride>> buffer, AcceleratorStream stream, T[,] data)
        where T : unmanaged
        where TStride : struct, IStride2D
        => buffer.View.CopyFromCPU(stream, data);

    /// <summary>All elements in a new array.</summary>
    public static T[,] GetAsArray2D<T, TStride>(this MemoryBuffer<ArrayView2D<T, TStride>> buffer)
        where T : unmanaged
        where TStride : struct, IStride2D
        => buffer.GetAsArray2D(buffer.Accelerator.DefaultStream);

    /// <summary>All elements in a new array.</summary>
    public static T[,] GetAsArray2D<T, TStride>(this MemoryBuffer<ArrayView2D<T, TStride>> buffer, AcceleratorStream stream)
        where T : unmanaged
        where TStride : struct, IStride2D
        => buffer.View.GetAsArray2D(stream);

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this ArrayView3D<T, TStride> view, T[,,] data)
        where T : unmanaged
        where TStride : struct, IStride3D
        => view.CopyToCPU(view.BaseView.Owner.Accelerator.DefaultStream, data);

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this ArrayView3D<T, TStride> view, AcceleratorStream stream, T[,,] data)
        where T : unmanaged
        where TStride : struct, IStride3D
    {
        HostCopies.CheckShape(view.Extent, data);
        HostCopies.ToHost(stream, view.BaseView, view.Extent, view.Stride.StrideExtent, HostCopies.Elements<T>(data));
    }

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this ArrayView3D<T, TStride> view, T[,,] data)
        where T : unmanaged
        where TStride : struct, IStride3D
        => view.CopyFromCPU(view.BaseView.Owner.Accelerator.DefaultStream, data);

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this ArrayView3D<T, TStride> view, AcceleratorStream stream, T[,,] data)
        where T : unmanaged
        where TStride : struct, IStride3D
    {
        HostCopies.CheckShape(view.Extent, data);
        HostCopies.FromHost(stream, view.BaseView, view.Extent, view.Stride.StrideExtent, HostCopies.Elements<T>(data));
    }

    /// <summary>All elements in a new array.</summary>
    public static T[,,] GetAsArray3D<T, TStride>(this ArrayView3D<T, TStride> view)
        where T : unmanaged
        where TStride : struct, IStride3D
        => view.GetAsArray3D(view.BaseView.Owner.Accelerator.DefaultStream);

    /// <summary>All elements in a new array.</summary>
    public static T[,,] GetAsArray3D<T, TStride>(this ArrayView3D<T, TStride> view, AcceleratorStream stream)
        where T : unmanaged
        where TStride : struct, IStride3D
    {
        T[,,] data = new T[view.Extent.X, view.Extent.Y, view.Extent.Z];
        view.CopyToCPU(stream, data);
        return data;
    }

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this MemoryBuffer<ArrayView3D<T, TStride>> buffer, T[,,] data)
        where T : unmanaged
        where TStride : struct, IStride3D
        => buffer.CopyToCPU(buffer.Accelerator.DefaultStream, data);

    /// <summary>Copies all elements into an array of the same size; done on return.</summary>
    public static void CopyToCPU<T, TStride>(this MemoryBuffer<ArrayView3D<T, TStride>> buffer, AcceleratorStream stream, T[,,] data)
        where T : unmanaged
        where TStride : struct, IStride3D
        => buffer.View.CopyToCPU(stream, data);

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this MemoryBuffer<ArrayView3D<T, TStride>> buffer, T[,,] data)
        where T : unmanaged
        where TStride : struct, IStride3D
        => buffer.CopyFromCPU(buffer.Accelerator.DefaultStream, data);

    /// <summary>Copies an array of the same size into the elements; done on return.</summary>
    public static void CopyFromCPU<T, TStride>(this MemoryBuffer<ArrayView3D<T, TStride>> buffer, AcceleratorStream stream, T[,,] data)
        where T : unmanaged
        where TStride : struct, IStride3D
        => buffer.View.CopyFromCPU(stream, data);

    /// <summary>All elements in a new array.</summary>
    public static T[,,] GetAsArray3D<T, TStride>(this MemoryBuffer<ArrayView3D<T, TStride>> buffer)
        where T : unmanaged
        where TStride : struct, IStride3D
        => buffer.GetAsArray3D(buffer.Accelerator.DefaultStream);

    /// <summary>All elements in a new array.</summary>
    public static T[,,] GetAsArray3D<T, TStride>(this MemoryBuffer<ArrayView3D<T, TStride>> buffer, AcceleratorStream stream)
        where T : unmanaged
        where TStride : struct, IStride3D
        => buffer.View.GetAsArray3D(stream);

    /// <summary>A buffer of the size and with the elements of an array.</summary>
    public static MemoryBuffer1D<T, Stride1D.Dense> Allocate1D<T>(this Accelerator accelerator, T[] data)
        where T : unmanaged
        => accelerator.Allocate1D(accelerator.DefaultStream, data);

    /// <summary>A buffer of the size and with the elements of an array.</summary>
    public static MemoryBuffer1D<T, Stride1D.Dense> Allocate1D<T>(this Accelerator accelerator, AcceleratorStream stream, T[] data)
        where T : unmanaged
    {
        MemoryBuffer1D<T, Stride1D.Dense> buffer = accelerator.Allocate1D<T>(data.Length);
        buffer.View.CopyFromCPU(stream, data);
        return buffer;
    }

    /// <summary>A buffer of the size and with the elements of an array.</summary>
    public static MemoryBuffer2D<T, Stride2D.DenseX> Allocate2DDenseX<T>(this Accelerator accelerator, T[,] data)
        where T : unmanaged
        => accelerator.Allocate2DDenseX(accelerator.DefaultStream, data);

    /// <summary>A buffer of the size and with the elements of an array.</summary>
    public static MemoryBuffer2D<T, Stride2D.DenseX> Allocate2DDenseX<T>(this Accelerator accelerator, AcceleratorStream stream, T[,] data)
        where T : unmanaged
    {
        MemoryBuffer2D<T, Stride2D.DenseX> buffer = accelerator.Allocate2DDenseX<T>(new LongIndex2D(data.GetLength(0), data.GetLength(1)));
        buffer.View.CopyFromCPU(stream, data);
        return buffer;
    }

    /// <summary>A buffer of the size and with the elements of an array.</summary>
    public static MemoryBuffer2D<T, Stride2D.DenseY> Allocate2DDenseY<T>(this Accelerator accelerator, T[,] data)
        where T : unmanaged
        => accelerator.Allocate2DDenseY(accelerator.DefaultStream, data);

    /// <summary>A buffer of the size and with the elements of an array.</summary>
    public static MemoryBuffer2D<T, Stride2D.DenseY> Allocate2DDenseY<T>(this Accelerator accelerator, AcceleratorStream stream, T[,] data)
        where T : unmanaged
    {
        MemoryBuffer2D<T, Stride2D.DenseY> buffer = accelerator.Allocate2DDenseY<T>(new LongIndex2D(data.GetLength(0), data.GetLength(1)));
        buffer.View.CopyFromCPU(stream, data);
        return buffer;
    }

    /// <summary>A buffer of the size and with the elements of an array.</summary>
    public static MemoryBuffer3D<T, Stride3D.DenseXY> Allocate3DDenseXY<T>(this Accelerator accelerator, T[,,] data)
        where T : unmanaged
        => accelerator.Allocate3DDenseXY(accelerator.DefaultStream, data);

    /// <summary>A buffer of the size and with the elements of an array.</summary>
    public static MemoryBuffer3D<T, Stride3D.DenseXY> Allocate3DDenseXY<T>(this Accelerator accelerator, AcceleratorStream stream, T[,,] data)
        where T : unmanaged
    {
        MemoryBuffer3D<T, Stride3D.DenseXY> buffer = accelerator.Allocate3DDenseXY<T>(new LongIndex3D(data.GetLength(0), data.GetLength(1), data.GetLength(2)));
        buffer.View.CopyFromCPU(stream, data);
        return buffer;
    }

    /// <summary>A buffer of the size and with the elements of an array.</summary>
    public static MemoryBuffer3D<T, Stride3D.DenseZY> Allocate3DDenseZY<T>(this Accelerator accelerator, T[,,] data)
        where T : unmanaged
        => accelerator.Allocate3DDenseZY(accelerator.DefaultStream, data);

    /// <summary>A buffer of the size and with the elements of an array.</summary>
    public static MemoryBuffer3D<T, Stride3D.DenseZY> Allocate3DDenseZY<T>(this Accelerator accelerator, AcceleratorStream stream, T[,,] data)
        where T : unmanaged
    {
        MemoryBuffer3D<T, Stride3D.DenseZY> buffer = accelerator.Allocate3DDenseZY<T>(new LongIndex3D(data.GetLength(0), data.GetLength(1), data.GetLength(2)));
        buffer.View.CopyFromCPU(stream, data);
        return buffer;
    }

    /// <summary>Queues a copy of all elements into page-locked memory of the same length; done when the stream is synchronised.</summary>
    public static void CopyToPageLockedAsync<T, TView>(this TView source, PageLockedArray<T> pageLockedArray)
        where T : unmanaged
        where TView : IContiguousArrayView<T>
        => source.CopyToPageLockedAsync(source.Buffer.Accelerator.DefaultStream, pageLockedArray);

    /// <summary>Queues a copy of all elements into page-locked memory of the same length; done when the stream is synchronised.</summary>
    public static void CopyToPageLockedAsync<T, TView>(this TView source, AcceleratorStream stream, PageLockedArray<T> pageLockedArray)
        where T : unmanaged
        where TView : IContiguousArrayView<T>
        => Transfers.ToHost(stream, source.AsRawArrayView(), pageLockedArray.Address(source.LengthInBytes));

    /// <summary>Queues a copy of all elements into page-locked memory of the same length; done when the stream is synchronised.</summary>
    public static void CopyToPageLockedAsync<T>(this ArrayView1D<T, Stride1D.Dense> source, PageLockedArray1D<T> pageLockedArray)
        where T : unmanaged
        => source.CopyToPageLockedAsync(source.BaseView.Owner.Accelerator.DefaultStream, pageLockedArray);

    /// <summary>Queues a copy of all elements into page-locked memory of the same length; done when the stream is synchronised.</summary>
    public static void CopyToPageLockedAsync<T>(this ArrayView1D<T, Stride1D.Dense> source, AcceleratorStream stream, PageLockedArray1D<T> pageLockedArray)
        where T : unmanaged
        => source.BaseView.CopyToPageLockedAsync(stream, pageLockedArray);

    /// <summary>Queues a copy of page-locked memory into a view of at least its length; done when the stream is synchronised.</summary>
    public static void CopyFromPageLockedAsync<T, TView>(this TView target, PageLockedArray<T> pageLockedArray)
        where T : unmanaged
        where TView : IContiguousArrayView<T>
        => target.CopyFromPageLockedAsync(target.Buffer.Accelerator.DefaultStream, pageLockedArray);

    /// <summary>Queues a copy of page-locked memory into a view of at least its length; done when the stream is synchronised.</summary>
    public static void CopyFromPageLockedAsync<T, TView>(this TView target, AcceleratorStream stream, PageLockedArray<T> pageLockedArray)
        where T : unmanaged
        where TView : IContiguousArrayView<T>
        => Transfers.FromHost(stream, pageLockedArray.Address(pageLockedArray.LengthInBytes), target.AsRawArrayView().SubView(0, pageLockedArray.LengthInBytes));

    /// <summary>Queues a copy of page-locked memory into a view of at least its length; done when the stream is synchronised.</summary>
    public static void CopyFromPageLockedAsync<T>(this ArrayView1D<T, Stride1D.Dense> target, PageLockedArray1D<T> pageLockedArray)
        where T : unmanaged
        => target.CopyFromPageLockedAsync(target.BaseView.Owner.Accelerator.DefaultStream, pageLockedArray);

    /// <summary>Queues a copy of page-locked memory into a view of at least its length; done when the stream is synchronised.</summary>
    public static void CopyFromPageLockedAsync<T>(this ArrayView1D<T, Stride1D.Dense> target, AcceleratorStream stream, PageLockedArray1D<T> pageLockedArray)
        where T : unmanaged
        => target.BaseView.CopyFromPageLockedAsync(stream, pageLockedArray);
}
