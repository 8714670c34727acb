using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;

namespace Managed.Kernels.Gpu;

/// <summary>
/// float32 in a device's memory, with a copy in host memory for those who look at it. What was lent to the host is written back before
/// the next kernel sees the buffer, so that the host may edit it in place as on the processor.
/// </summary>
internal sealed unsafe class GpuBuffer : DeviceBuffer
{
    private readonly Accelerator accelerator;
    private MemoryBuffer1D<float, Stride1D.Dense>? own; // null: a piece of the arena
    private Arena<float>? arena;
    private float* mirror; // [Length], touched only where it was lent
    private long lentStart, lentEnd;

    public GpuBuffer(Accelerator accelerator, long length)
    {
        this.accelerator = accelerator;
        Length = length;
        own = accelerator.Allocate1D<float>(Math.Max(1, length));
    }

    public override long Length { get; }

    /// <summary>Where the buffer begins in the arena; only after <see cref="MoveTo"/>.</summary>
    public long ArenaStart { get; private set; }

    private ArrayView<float> Memory => own is { } memory ? memory.View.AsContiguous() : arena!.View.SubView(ArenaStart, Length);

    /// <summary>The elements as kernels see them, with what the host has written.</summary>
    public ArrayView<float> View
    {
        get
        {
            if (lentEnd > lentStart)
                WriteBack();
            return Memory;
        }
    }

    /// <summary>Sets every element to zero.</summary>
    public void Clear() => Memory.MemSetToZero(accelerator.DefaultStream);

    public void Upload(ReadOnlySpan<float> values) => accelerator.DefaultStream.Upload(Memory, values);

    /// <summary>
    /// Elements in host memory. Edits count until the device next uses the buffer; spans from before that are stale afterwards.
    /// </summary>
    public Span<float> Lend(long start, int length)
    {
        if (length == 0)
            return [];
        if (mirror == null)
            mirror = (float*)NativeMemory.Alloc((nuint)(Length * sizeof(float)));
        long end = start + length;
        if (lentEnd == lentStart)
        {
            Fetch(start, end);
            (lentStart, lentEnd) = (start, end);
        }
        if (start < lentStart)
        {
            Fetch(start, lentStart);
            lentStart = start;
        }
        if (end > lentEnd)
        {
            Fetch(lentEnd, end);
            lentEnd = end;
        }
        return new Span<float>(mirror + start, length);
    }

    private void Fetch(long start, long end) =>
        accelerator.DefaultStream.Download(new Span<float>(mirror + start, checked((int)(end - start))), Memory.SubView(start, end - start));

    private void WriteBack()
    {
        long start = lentStart, count = lentEnd - lentStart;
        (lentStart, lentEnd) = (0, 0);
        accelerator.DefaultStream.Upload(Memory.SubView(start, count), new ReadOnlySpan<float>(mirror + start, checked((int)count)));
    }

    /// <summary>Moves the elements into an arena, for kernels that reach many buffers through it; no change if they lie there.</summary>
    public void MoveTo(Arena<float> target)
    {
        if (own is not { } memory)
        {
            if (lentEnd > lentStart)
                WriteBack();
            return;
        }
        ArrayView<float> from = View;
        ArenaStart = target.Rent(Length);
        (arena, own) = (target, null);
        Memory.CopyFrom(accelerator.DefaultStream, from.SubView(0, Length));
        accelerator.DefaultStream.Synchronize();
        memory.Dispose();
    }

    public override void Dispose()
    {
        own?.Dispose();
        if (own is null && arena is not null)
            arena.Return(ArenaStart, Length);
        (own, arena) = (null, null);
        NativeMemory.Free(mirror);
        mirror = null;
        GC.SuppressFinalize(this);
    }

    ~GpuBuffer() => NativeMemory.Free(mirror);
}
