using ILGPU;
using ILGPU.Runtime;

namespace Managed.Kernels.Gpu;

/// <summary>
/// One memory from which pieces are lent, so that a kernel can reach any number of them through a single view: cache pages, the tables
/// of edit programs. Grows by copying; a piece's offset stays.
/// </summary>
internal sealed class Arena<T>(GpuMemory device) : IDisposable
    where T : unmanaged
{
    private const int Alignment = 64; // elements
    private const int Least = 4096; // so that small tables seldom move

    private readonly Dictionary<long, Stack<long>> free = [];
    private MemoryBuffer1D<T, Stride1D.Dense>? memory;
    private long used;

    /// <summary>All of it. Not to be kept beyond the next <see cref="Rent"/>.</summary>
    public ArrayView<T> View => (memory ??= device.Allocate<T>(Least)).View.AsContiguous();

    /// <summary>The beginning of a piece; contents are whatever its last user left.</summary>
    public long Rent(long length)
    {
        if (free.TryGetValue(length, out Stack<long>? known) && known.TryPop(out long start))
            return start;
        start = used;
        used += (length + Alignment - 1) / Alignment * Alignment;
        if (memory is null || memory.Length < used)
            Grow(Math.Max(Math.Max(used, Least), memory is null ? 0 : memory.Length + (memory.Length / 2)));
        return start;
    }

    /// <summary>Takes a piece back.</summary>
    public void Return(long start, long length)
    {
        if (!free.TryGetValue(length, out Stack<long>? known))
            free[length] = known = new Stack<long>();
        known.Push(start);
    }

    private void Grow(long length)
    {
        MemoryBuffer1D<T, Stride1D.Dense> larger = device.Allocate<T>(length);
        if (memory is not null)
        {
            larger.View.AsContiguous().SubView(0, memory.Length).CopyFrom(device.Stream, memory.View.AsContiguous());
            device.Wait();
            device.Free(memory);
        }
        memory = larger;
    }

    public void Dispose() => device.Free(memory);
}
