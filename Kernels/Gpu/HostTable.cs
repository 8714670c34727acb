using ILGPU;
using ILGPU.Runtime;

namespace Managed.Kernels.Gpu;

/// <summary>A small table that the host gives to kernels, uploaded only when it differs from the last one.</summary>
internal sealed class HostTable<T>(Accelerator accelerator) : IDisposable
    where T : unmanaged, IEquatable<T>
{
    private MemoryBuffer1D<T, Stride1D.Dense>? memory;
    private T[] known = [];
    private int count;

    /// <summary>The values in the device's memory.</summary>
    public ArrayView<T> View(ReadOnlySpan<T> values)
    {
        if (memory is null || memory.Length < values.Length)
        {
            memory?.Dispose();
            memory = accelerator.Allocate1D<T>(Math.Max(64, 2 * values.Length));
            known = new T[memory.Length];
            count = -1;
        }
        if (count != values.Length || !values.SequenceEqual(known.AsSpan(0, count)))
        {
            accelerator.DefaultStream.Upload(memory.View.AsContiguous(), values);
            values.CopyTo(known);
            count = values.Length;
        }
        return memory.View.AsContiguous();
    }

    public void Dispose() => memory?.Dispose();
}
