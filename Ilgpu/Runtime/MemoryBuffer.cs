namespace ILGPU.Runtime;

/// <summary>Memory of an accelerator.</summary>
public abstract class MemoryBuffer : AcceleratorObject, IContiguousArrayView
{
    /// <summary>A number of elements of a size.</summary>
    protected MemoryBuffer(Accelerator accelerator, long length, int elementSize) : base(accelerator)
    {
        Length = length;
        ElementSize = elementSize;
    }

    /// <summary>The address of the first byte in the device's own terms; views count from here.</summary>
    public nint NativePtr { get; protected set; }

    /// <summary>Number of elements.</summary>
    public long Length { get; }

    /// <summary>Bytes of an element.</summary>
    public int ElementSize { get; }

    /// <summary>Number of bytes.</summary>
    public long LengthInBytes => Length * ElementSize;

    /// <summary>Whether host code can dereference <see cref="NativePtr"/>.</summary>
    internal virtual bool HostAccessible => false;

    /// <summary>The buffer that was allocated, behind typed wrappers.</summary>
    internal virtual MemoryBuffer Raw => this;

    MemoryBuffer IArrayView.Buffer => Raw;

    bool IArrayView.IsValid => !IsDisposed;

    long IContiguousArrayView.Index => 0;

    long IContiguousArrayView.IndexInBytes => 0;

    /// <summary>Sets bytes to a value.</summary>
    public void MemSet(AcceleratorStream stream, byte value, long targetOffsetInBytes, long length)
    {
        VerifyNotDisposed();
        Transfers.Fill(stream, AsRawArrayView(targetOffsetInBytes, length), value);
    }

    /// <summary>Copies bytes into a view of the same or another accelerator.</summary>
    public void CopyTo(AcceleratorStream stream, long sourceOffsetInBytes, in ArrayView<byte> targetView)
    {
        VerifyNotDisposed();
        Transfers.Copy(stream, AsRawArrayView(sourceOffsetInBytes, targetView.Length), targetView);
    }

    /// <summary>Copies bytes out of a view of the same or another accelerator.</summary>
    public void CopyFrom(AcceleratorStream stream, in ArrayView<byte> sourceView, long targetOffsetInBytes)
    {
        VerifyNotDisposed();
        Transfers.Copy(stream, sourceView, AsRawArrayView(targetOffsetInBytes, sourceView.Length));
    }

    /// <summary>All bytes.</summary>
    public ArrayView<byte> AsRawArrayView() => new(Raw, NativePtr, LengthInBytes);

    /// <summary>The bytes from an offset on.</summary>
    public ArrayView<byte> AsRawArrayView(long offsetInBytes) => AsRawArrayView().SubView(offsetInBytes);

    /// <summary>Some bytes from an offset on.</summary>
    public ArrayView<byte> AsRawArrayView(long offsetInBytes, long lengthInBytes) => AsRawArrayView().SubView(offsetInBytes, lengthInBytes);

    /// <summary>Some elements of a type from an offset (in such elements) on.</summary>
    public ArrayView<T> AsArrayView<T>(long offset, long length)
        where T : unmanaged
        => new(Raw, offset, length);
}

/// <summary>Memory of an accelerator, seen through one kind of view.</summary>
/// <typeparam name="TView">The view.</typeparam>
public interface IMemoryBuffer<TView> : IContiguousArrayView
    where TView : struct, IArrayView
{
    /// <summary>Sets bytes to a value.</summary>
    void MemSet(AcceleratorStream stream, byte value, long targetOffsetInBytes, long length);

    /// <summary>Copies bytes into a view of the same or another accelerator.</summary>
    void CopyTo(AcceleratorStream stream, long sourceOffsetInBytes, in ArrayView<byte> targetView);

    /// <summary>Copies bytes out of a view of the same or another accelerator.</summary>
    void CopyFrom(AcceleratorStream stream, in ArrayView<byte> sourceView, long targetOffsetInBytes);
}

/// <summary>Memory of an accelerator, seen through one kind of view; it owns the memory.</summary>
/// <typeparam name="TView">The view.</typeparam>
public class MemoryBuffer<TView> : MemoryBuffer, IMemoryBuffer<TView>
    where TView : struct, IArrayView
{
    internal MemoryBuffer(MemoryBuffer buffer, TView view) : base(buffer.Accelerator, buffer.Length, buffer.ElementSize)
    {
        Buffer = buffer;
        View = view;
        NativePtr = buffer.NativePtr;
    }

    /// <summary>The memory.</summary>
    protected MemoryBuffer Buffer { get; }

    /// <summary>All of it.</summary>
    public TView View { get; }

    /// <summary>Whether it is still there.</summary>
    public bool IsValid => !IsDisposed;

    internal override bool HostAccessible => Buffer.HostAccessible;

    internal override MemoryBuffer Raw => Buffer;

    /// <summary>All of it.</summary>
    public TView ToArrayView() => View;

    /// <inheritdoc/>
    protected override void DisposeAcceleratorObject(bool disposing) => Buffer.Dispose();

    /// <summary>All of it.</summary>
    public static implicit operator TView(MemoryBuffer<TView> buffer) => buffer.View;
}
