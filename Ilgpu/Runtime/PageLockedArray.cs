using ILGPU.Util;

namespace ILGPU.Runtime;

/// <summary>Host memory that an accelerator copies from and to without a detour, while the host goes on.</summary>
/// <typeparam name="T">The element type.</typeparam>
public abstract unsafe class PageLockedArray<T> : DisposeBase
    where T : unmanaged
{
    private readonly Accelerator accelerator;
    private readonly EventHandler release;
    private nint address;

    private protected PageLockedArray(Accelerator accelerator, long length)
    {
        ArgumentNullException.ThrowIfNull(accelerator);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        this.accelerator = accelerator;
        Length = length;
        address = accelerator.AllocatePageLocked(length * sizeof(T));
        release = (_, _) => Dispose();
        accelerator.Disposed += release;
    }

    /// <summary>Number of elements.</summary>
    public long Length { get; }

    /// <summary>The elements.</summary>
    public Span<T> Span => new((void*)Address(0), checked((int)Length));

    internal long LengthInBytes => Length * sizeof(T);

    /// <summary>Goes through the elements.</summary>
    public Span<T>.Enumerator GetEnumerator() => Span.GetEnumerator();

    /// <summary>The address of so many bytes.</summary>
    internal nint Address(long bytes)
    {
        VerifyNotDisposed();
        ViewChecks.Fits(bytes, LengthInBytes);
        return address;
    }

    /// <summary>One element.</summary>
    private protected ref T Element(long index)
    {
        if ((ulong)index >= (ulong)Length || IsDisposed)
        {
            VerifyNotDisposed();
            throw new ArgumentOutOfRangeException(nameof(index), index, $"The array has {Length} elements.");
        }
        return ref ((T*)address)[index];
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        accelerator.Disposed -= release;
        accelerator.FreePageLocked(address);
        address = 0;
        base.Dispose(disposing);
    }
}

/// <summary>A line of elements in page-locked memory.</summary>
/// <typeparam name="T">The element type.</typeparam>
public sealed class PageLockedArray1D<T> : PageLockedArray<T>
    where T : unmanaged
{
    internal PageLockedArray1D(Accelerator accelerator, LongIndex1D extent) : base(accelerator, extent.X) => Extent = extent;

    /// <summary>Number of elements.</summary>
    public LongIndex1D Extent { get; }

    /// <summary>The element at an index.</summary>
    public ref T this[int index] => ref Element(index);

    /// <summary>The element at an index.</summary>
    public ref T this[long index] => ref Element(index);

    /// <summary>The elements in a new array.</summary>
    public T[] GetArray() => Span.ToArray();
}

/// <summary>Page-locked memory.</summary>
public static class PageLockedArrayExtensions
{
    /// <summary>A line of zeros.</summary>
    public static PageLockedArray1D<T> AllocatePageLocked1D<T>(this Accelerator accelerator, LongIndex1D extent)
        where T : unmanaged
        => accelerator.AllocatePageLocked1D<T>(extent, false);

    /// <summary>A line of elements, zeros unless the caller does without.</summary>
    public static PageLockedArray1D<T> AllocatePageLocked1D<T>(this Accelerator accelerator, LongIndex1D extent, bool uninitialized)
        where T : unmanaged
    {
        PageLockedArray1D<T> array = new(accelerator, extent);
        if (!uninitialized)
        {
            array.Span.Clear();
        }
        return array;
    }

    /// <summary>All elements of a view in new page-locked memory.</summary>
    public static PageLockedArray1D<T> GetAsPageLocked1D<T>(this ArrayView1D<T, Stride1D.Dense> view)
        where T : unmanaged
    {
        Accelerator accelerator = view.BaseView.Owner.Accelerator;
        PageLockedArray1D<T> array = accelerator.AllocatePageLocked1D<T>(view.Extent, true);
        view.CopyToPageLockedAsync(array);
        accelerator.DefaultStream.Synchronize();
        return array;
    }
}
