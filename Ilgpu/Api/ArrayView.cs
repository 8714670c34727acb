using System.Diagnostics;
using System.Runtime.CompilerServices;
using ILGPU.Runtime;

namespace ILGPU;

/// <summary>A part of a memory buffer, element after element. Compiled kernels see it as a pointer and a 64-bit length.</summary>
/// <typeparam name="T">The element type.</typeparam>
[DebuggerDisplay("{ToString(),nq}")]
public readonly unsafe struct ArrayView<T> : IArrayView<T, Index1D, LongIndex1D, Stride1D.Dense>, IContiguousArrayView<T>
    where T : unmanaged
{
    /// <summary>Bytes of an element.</summary>
    public static readonly int ElementSize = sizeof(T);

    /// <summary>A view of nothing.</summary>
    public static readonly ArrayView<T> Empty;

    // Where it lives (null for shared and local memory), the address of its first element, its length.
    // ArgumentLayout and the compiler's front end know these fields.
    private readonly MemoryBuffer? buffer;
    private readonly nint pointer;
    private readonly long length;

    /// <summary>A part of a buffer, in elements of this type.</summary>
    public ArrayView(MemoryBuffer source, long index, long length)
    {
        ArgumentNullException.ThrowIfNull(source);
        ViewChecks.SubView(index * sizeof(T), length * sizeof(T), source.LengthInBytes);
        buffer = source;
        pointer = source.NativePtr + (nint)(index * sizeof(T));
        this.length = length;
    }

    internal ArrayView(MemoryBuffer? buffer, nint pointer, long length)
    {
        this.buffer = buffer;
        this.pointer = pointer;
        this.length = length;
    }

    /// <summary>Where the memory lives; null for shared and local memory.</summary>
    internal MemoryBuffer? Buffer => buffer;

    /// <summary>Where the memory lives; throws for views without a buffer.</summary>
    internal MemoryBuffer Owner => buffer ?? throw new InvalidOperationException("The view does not belong to a buffer: it is empty or lies in shared or local memory.");

    /// <summary>The address of the first element, in the device's own terms.</summary>
    internal nint Pointer => pointer;

    /// <summary>Whether it views anything.</summary>
    public bool IsValid => pointer != 0;

    /// <summary>Number of elements.</summary>
    public long Length => length;

    /// <summary>Number of elements, which must fit into 32 bits.</summary>
    public int IntLength
    {
        get
        {
            IndexTypeExtensions.AssertIntIndexRange(Length);
            return (int)Length;
        }
    }

    /// <summary>Number of elements as an index.</summary>
    public LongIndex1D Extent => Length;

    /// <summary>Number of elements as an index, which must fit into 32 bits.</summary>
    public Index1D IntExtent => IntLength;

    /// <summary>Element after element.</summary>
    public Stride1D.Dense Stride => default;

    /// <summary>Number of bytes.</summary>
    public long LengthInBytes => Length * sizeof(T);

    int IArrayView.ElementSize => sizeof(T);

    MemoryBuffer IArrayView.Buffer => buffer!;

    long IContiguousArrayView.Index => (this as IContiguousArrayView).IndexInBytes / sizeof(T);

    long IContiguousArrayView.IndexInBytes => buffer is null ? 0 : pointer - buffer.NativePtr;

    ArrayView<byte> IContiguousArrayView.AsRawArrayView() => new(buffer, pointer, LengthInBytes);

    /// <summary>The element at an index.</summary>
    public ref T this[long index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if ((ulong)index >= (ulong)length || buffer is { HostAccessible: false })
            {
                ViewChecks.ThrowAccess(buffer, index, length);
            }
            return ref Unsafe.Add(ref *(T*)pointer, (nint)index);
        }
    }

    /// <summary>The element at an index.</summary>
    public ref T this[int index] => ref this[(long)index];

    /// <summary>The element at an index.</summary>
    public ref T this[Index1D index] => ref this[(long)index.X];

    /// <summary>The element at an index.</summary>
    public ref T this[LongIndex1D index] => ref this[index.X];

    /// <summary>From an element to the end.</summary>
    public ArrayView<T> SubView(long index) => SubView(index, Length - index);

    /// <summary>Some elements from an index on.</summary>
    public ArrayView<T> SubView(int index, int subViewLength) => SubView((long)index, subViewLength);

    /// <summary>Some elements from an index on.</summary>
    public ArrayView<T> SubView(long index, long subViewLength)
    {
        ViewChecks.SubView(index, subViewLength, Length);
        return new(buffer, pointer + (nint)(index * sizeof(T)), subViewLength);
    }

    /// <summary>The same memory as elements of another type; what does not fill a whole one is left off.</summary>
    public ArrayView<TOther> Cast<TOther>()
        where TOther : unmanaged
        => new(buffer, pointer, LengthInBytes / sizeof(TOther));

    /// <summary>The elements as a span, where host code can reach them.</summary>
    internal Span<T> AsHostSpan()
    {
        if (length > 0)
        {
            _ = this[0L];
        }
        return new((void*)pointer, IntLength);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{typeof(T).Name}[{Length}]";

    /// <summary>As a one-dimensional view without gaps.</summary>
    public static implicit operator ArrayView1D<T, Stride1D.Dense>(ArrayView<T> view) => new(view, view.Length, default);

    /// <summary>The memory of a view without gaps.</summary>
    public static implicit operator ArrayView<T>(ArrayView1D<T, Stride1D.Dense> view) => view.BaseView;
}
