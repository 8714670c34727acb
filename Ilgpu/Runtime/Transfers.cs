namespace ILGPU.Runtime;

/// <summary>
/// Copies between views wherever they live; every copy of the API ends here. It may be a caller's last use of a buffer, which the collector must not
/// free before the copy is made, or is on its way.
/// </summary>
internal static unsafe class Transfers
{
    /// <summary>Sets the bytes of a view.</summary>
    public static void Fill(AcceleratorStream stream, ArrayView<byte> target, byte value)
    {
        if (target.Length == 0)
        {
            return;
        }
        MemoryBuffer buffer = Owner(target);
        Own(stream, buffer).Fill(stream, buffer, target.Pointer - buffer.NativePtr, target.Length, value);
        GC.KeepAlive(buffer);
    }

    /// <summary>Copies all of a view into another of at least its length.</summary>
    public static void Copy(AcceleratorStream stream, ArrayView<byte> source, ArrayView<byte> target)
    {
        ViewChecks.Fits(source.Length, target.Length);
        if (source.Length == 0)
        {
            return;
        }
        MemoryBuffer from = Owner(source);
        MemoryBuffer to = Owner(target);
        long fromOffset = source.Pointer - from.NativePtr;
        long toOffset = target.Pointer - to.NativePtr;
        if (from.Accelerator == to.Accelerator)
        {
            if (from == to && Math.Abs(toOffset - fromOffset) < source.Length)
            {
                throw new ArgumentException($"The views overlap: bytes {fromOffset} and {toOffset} of one buffer, {source.Length} of them.");
            }
            Own(stream, to).CopyOnDevice(stream, to, toOffset, from, fromOffset, source.Length);
        }
        else if (from.HostAccessible)
        {
            // The other accelerator's kernels may still write what is to be read.
            from.Accelerator.Synchronize();
            AcceleratorStream own = stream.Accelerator == to.Accelerator ? stream : to.Accelerator.DefaultStream;
            to.Accelerator.CopyFromHost(own, to, toOffset, source.Pointer, source.Length);
            own.Synchronize();
        }
        else if (to.HostAccessible)
        {
            to.Accelerator.Synchronize();
            AcceleratorStream own = stream.Accelerator == from.Accelerator ? stream : from.Accelerator.DefaultStream;
            from.Accelerator.CopyToHost(own, target.Pointer, from, fromOffset, source.Length);
            own.Synchronize();
        }
        else
        {
            byte[] detour = new byte[source.Length];
            fixed (byte* bytes = detour)
            {
                from.Accelerator.CopyToHost(from.Accelerator.DefaultStream, (nint)bytes, from, fromOffset, source.Length);
                from.Accelerator.Synchronize();
                to.Accelerator.CopyFromHost(to.Accelerator.DefaultStream, to, toOffset, (nint)bytes, source.Length);
                to.Accelerator.Synchronize();
            }
        }
        GC.KeepAlive(from);
        GC.KeepAlive(to);
    }

    /// <summary>Copies host memory into a view; returns before it is done.</summary>
    public static void FromHost(AcceleratorStream stream, nint source, ArrayView<byte> target)
    {
        if (target.Length == 0)
        {
            return;
        }
        MemoryBuffer buffer = Owner(target);
        Own(stream, buffer).CopyFromHost(stream, buffer, target.Pointer - buffer.NativePtr, source, target.Length);
        GC.KeepAlive(buffer);
    }

    /// <summary>Copies a view into host memory; returns before it is done.</summary>
    public static void ToHost(AcceleratorStream stream, ArrayView<byte> source, nint target)
    {
        if (source.Length == 0)
        {
            return;
        }
        MemoryBuffer buffer = Owner(source);
        Own(stream, buffer).CopyToHost(stream, target, buffer, source.Pointer - buffer.NativePtr, source.Length);
        GC.KeepAlive(buffer);
    }

    private static MemoryBuffer Owner(ArrayView<byte> view)
    {
        MemoryBuffer buffer = view.Buffer ?? throw new InvalidOperationException("The view does not belong to a buffer.");
        ObjectDisposedException.ThrowIf(buffer.IsDisposed, buffer);
        return buffer;
    }

    private static Accelerator Own(AcceleratorStream stream, MemoryBuffer buffer)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (stream.Accelerator != buffer.Accelerator)
        {
            throw new ArgumentException($"The stream belongs to {stream.Accelerator}, the memory to {buffer.Accelerator}.", nameof(stream));
        }
        return stream.Accelerator;
    }
}
