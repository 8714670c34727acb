using ILGPU;
using ILGPU.Runtime;

namespace Managed.Kernels.Gpu;

/// <summary>A small table that the host gives to kernels, uploaded only when it differs from the last one.</summary>
internal sealed class HostTable<T>(GpuMemory memory) : IDisposable
    where T : unmanaged, IEquatable<T>
{
    private MemoryBuffer1D<T, Stride1D.Dense>? onDevice;
    private PageLockedArray1D<T>? known;
    private int count;
    private long uploadedAt = -1; // the host had waited so often

    /// <summary>The values in the device's memory; at the same address until there are more than ever before.</summary>
    public ArrayView<T> View(ReadOnlySpan<T> values)
    {
        if (onDevice is null || onDevice.Length < values.Length)
            Grow(Math.Max(64, 2 * values.Length));
        if (count != values.Length || !values.SequenceEqual(known!.Span[..count]))
        {
            if (uploadedAt == memory.Waits)
                memory.Wait(); // what was put there last may still be on its way
            values.CopyTo(known!.Span);
            count = values.Length;
            memory.UploadLater(onDevice!.View.AsContiguous(), known);
            uploadedAt = memory.Waits;
        }
        return onDevice!.View.AsContiguous();
    }

    private void Grow(int length)
    {
        memory.Wait();
        Dispose();
        onDevice = memory.Allocate<T>(length);
        known = memory.Accelerator.AllocatePageLocked1D<T>(length);
        count = -1;
    }

    public void Dispose()
    {
        memory.Free(onDevice);
        known?.Dispose();
    }
}
