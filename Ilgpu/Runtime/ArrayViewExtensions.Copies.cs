using System.Runtime.InteropServices;

namespace ILGPU.Runtime;

/// <content>Fills, and copies of views without gaps, from and to other views and the host; page-locked memory as well.</content>
public static partial class ArrayViewExtensions
{
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
