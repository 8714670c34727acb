using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ILGPU.Runtime;

/// <summary>Copies between views of any stride and host arrays, whose elements lie in C#'s order (the last index runs fastest).</summary>
internal static unsafe class HostCopies
{
    /// <summary>Copies the elements of a view into host memory; done on return.</summary>
    /// <param name="stream">Where the copy is queued.</param>
    /// <param name="memory">The view's memory.</param>
    /// <param name="extent">Its size; 1 in dimensions it does not have.</param>
    /// <param name="stride">Elements from one index to the next, per dimension.</param>
    /// <param name="target">As many elements as the extent has.</param>
    public static void ToHost<T>(AcceleratorStream stream, ArrayView<T> memory, LongIndex3D extent, Index3D stride, Span<T> target)
        where T : unmanaged
    {
        CheckLength(extent, target.Length);
        if (IsDense(extent, stride))
        {
            Read(stream, memory.SubView(0, extent.Size), target);
            return;
        }
        T[] raw = new T[Span(extent, stride)];
        Read(stream, memory.SubView(0, raw.Length), raw);
        int at = 0;
        for (long x = 0; x < extent.X; x++)
        {
            for (long y = 0; y < extent.Y; y++)
            {
                for (long z = 0; z < extent.Z; z++)
                {
                    target[at++] = raw[(x * stride.X) + (y * stride.Y) + (z * stride.Z)];
                }
            }
        }
    }

    /// <summary>Copies host memory into the elements of a view and leaves what lies between them as it is; done on return.</summary>
    public static void FromHost<T>(AcceleratorStream stream, ArrayView<T> memory, LongIndex3D extent, Index3D stride, ReadOnlySpan<T> source)
        where T : unmanaged
    {
        CheckLength(extent, source.Length);
        if (IsDense(extent, stride))
        {
            Write(stream, memory.SubView(0, extent.Size), source);
            return;
        }
        T[] raw = new T[Span(extent, stride)];
        if (raw.Length > extent.Size)
        {
            Read(stream, memory.SubView(0, raw.Length), raw);
        }
        int at = 0;
        for (long x = 0; x < extent.X; x++)
        {
            for (long y = 0; y < extent.Y; y++)
            {
                for (long z = 0; z < extent.Z; z++)
                {
                    raw[(x * stride.X) + (y * stride.Y) + (z * stride.Z)] = source[at++];
                }
            }
        }
        Write(stream, memory.SubView(0, raw.Length), raw);
    }

    /// <summary>Copies a view without gaps into host memory; done on return.</summary>
    public static void Read<T>(AcceleratorStream stream, ArrayView<T> source, Span<T> target)
        where T : unmanaged
    {
        CheckLength(source.Length, target.Length);
        fixed (T* pointer = target)
        {
            Transfers.ToHost(stream, source.Cast<byte>(), (nint)pointer);
            stream.Synchronize();
        }
    }

    /// <summary>Copies host memory into a view without gaps; done on return.</summary>
    public static void Write<T>(AcceleratorStream stream, ArrayView<T> target, ReadOnlySpan<T> source)
        where T : unmanaged
    {
        ViewChecks.Fits(source.Length, target.Length);
        fixed (T* pointer = source)
        {
            Transfers.FromHost(stream, (nint)pointer, target.SubView(0, source.Length).Cast<byte>());
            stream.Synchronize();
        }
    }

    /// <summary>The elements of an array of any rank.</summary>
    public static Span<T> Elements<T>(Array array)
        => MemoryMarshal.CreateSpan(ref Unsafe.As<byte, T>(ref MemoryMarshal.GetArrayDataReference(array)), array.Length);

    /// <summary>Throws unless an array's size is the view's.</summary>
    public static void CheckShape(LongIndex3D extent, Array array)
    {
        Span<long> size = [extent.X, extent.Y, extent.Z];
        for (int i = 0; i < array.Rank; i++)
        {
            if (array.GetLongLength(i) != size[i])
            {
                throw new ArgumentException($"The view is {extent.X} × {extent.Y} × {extent.Z}; dimension {i} of the array has {array.GetLongLength(i)} elements.");
            }
        }
    }

    private static void CheckLength(long view, long host)
    {
        if (view != host)
        {
            throw new ArgumentException($"The view has {view} elements, the host's memory {host}.");
        }
    }

    private static void CheckLength(LongIndex3D extent, long host) => CheckLength(extent.Size, host);

    private static bool IsDense(LongIndex3D extent, Index3D stride)
        => (extent.Z == 1 || stride.Z == 1)
            && (extent.Y == 1 || stride.Y == extent.Z)
            && (extent.X == 1 || stride.X == extent.Y * extent.Z);

    /// <summary>Elements from the first to the last.</summary>
    private static long Span(LongIndex3D extent, Index3D stride)
        => extent.Size == 0 ? 0 : ((extent.X - 1) * stride.X) + ((extent.Y - 1) * stride.Y) + ((extent.Z - 1) * stride.Z) + 1;
}
