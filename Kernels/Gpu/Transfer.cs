using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;

namespace Managed.Kernels.Gpu;

/// <summary>Copies between host and device, in order with the kernels; the host's memory may be reused when a call returns.</summary>
internal static class Transfer
{
    /// <summary>target = source.</summary>
    public static void Upload<T>(this AcceleratorStream stream, ArrayView<T> target, ReadOnlySpan<T> source)
        where T : unmanaged
    {
        if (source.IsEmpty)
            return;
        target.SubView(0, source.Length).CopyFromCPU(stream, ref MemoryMarshal.GetReference(source), source.Length);
        stream.Synchronize();
    }

    /// <summary>target = source, when everything asked for before is done.</summary>
    public static void Download<T>(this AcceleratorStream stream, Span<T> target, ArrayView<T> source)
        where T : unmanaged
    {
        if (target.IsEmpty)
            return;
        source.SubView(0, target.Length).CopyToCPU(stream, ref MemoryMarshal.GetReference(target), target.Length);
        stream.Synchronize();
    }
}
