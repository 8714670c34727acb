using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;

namespace Managed.Kernels.Gpu;

/// <summary>What all parts of a device allocate and copy through. Everything happens in one stream, in the order of the calls.</summary>
internal sealed class GpuMemory(Accelerator accelerator)
{
    public Accelerator Accelerator { get; } = accelerator;

    public AcceleratorStream Stream => Accelerator.DefaultStream;

    /// <summary>How often memory was given back: addresses that were noted before may be another's since.</summary>
    public long Generation { get; private set; }

    /// <summary>How often the host has waited for everything: copies that were asked for before are done since.</summary>
    public long Waits { get; private set; }

    /// <summary>How often a recording was played: what the host has read before may have changed since.</summary>
    public long Played { get; set; }

    /// <summary>While launches are recorded nothing runs, and nothing can be waited for.</summary>
    public bool IsRecording { get; set; }

    public MemoryBuffer1D<T, Stride1D.Dense> Allocate<T>(long length)
        where T : unmanaged => Accelerator.Allocate1D<T>(Math.Max(1, length));

    /// <summary>Gives memory back that launches may have used.</summary>
    public void Free(MemoryBuffer? buffer)
    {
        if (buffer is null)
            return;
        Generation++;
        buffer.Dispose();
    }

    public void Wait()
    {
        Stream.Synchronize();
        Waits++;
    }

    /// <summary>target = source; the source may be changed when the call returns.</summary>
    public void Upload<T>(ArrayView<T> target, ReadOnlySpan<T> source)
        where T : unmanaged
    {
        if (source.IsEmpty)
            return;
        target.SubView(0, source.Length).CopyFromCPU(Stream, ref MemoryMarshal.GetReference(source), source.Length);
        Wait();
    }

    /// <summary>target = source, which must stay as it is until the host has waited.</summary>
    public void UploadLater<T>(ArrayView<T> target, PageLockedArray1D<T> source)
        where T : unmanaged => target.CopyFromPageLockedAsync(Stream, source);

    /// <summary>target = source, when everything asked for before is done.</summary>
    public void Download<T>(Span<T> target, ArrayView<T> source)
        where T : unmanaged
    {
        if (target.IsEmpty)
            return;
        source.SubView(0, target.Length).CopyToCPU(Stream, ref MemoryMarshal.GetReference(target), target.Length);
        Wait();
    }
}
