using ILGPU;
using ILGPU.Runtime;

namespace Managed.Kernels.Gpu;

/// <summary>
/// float32 in a device's memory, with a copy in host memory for those who look at it. What was lent to the host is written back before
/// the next kernel sees the buffer, so that the host may edit it in place as on the processor.
/// </summary>
internal sealed class GpuBuffer : DeviceBuffer
{
    private readonly GpuMemory device;
    private MemoryBuffer1D<float, Stride1D.Dense>? own; // null: a piece of the arena
    private Arena<float>? arena;
    private PageLockedArray1D<float>? mirror; // [Length], touched only where it was lent
    private long lentStart, lentEnd;
    private bool isForEditing; // what was lent
    private bool isKnown; // to launches, which may be recorded
    private long shownAt;

    public GpuBuffer(GpuMemory device, long length)
    {
        this.device = device;
        Length = length;
        own = device.Allocate<float>(length);
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
            TakeBack();
            isKnown = true;
            return Memory;
        }
    }

    /// <summary>Sets every element to zero.</summary>
    public void Clear() => Memory.MemSetToZero(device.Stream);

    public void Upload(ReadOnlySpan<float> values) => device.Upload(Memory, values);

    /// <summary>
    /// Elements in host memory. Edits count until the device next uses the buffer; spans from before that are stale afterwards.
    /// </summary>
    public Span<float> Lend(long start, int length)
    {
        Span<float> lent = Show(start, length);
        isForEditing |= length > 0;
        return lent;
    }

    /// <summary>Elements in host memory, whose edits the device need not see; until it next uses the buffer.</summary>
    public Span<float> Read(long start, int length) => Show(start, length);

    private Span<float> Show(long start, int length)
    {
        if (length == 0)
            return [];
        if (!isForEditing && shownAt != device.Played)
            (lentStart, lentEnd) = (0, 0);
        shownAt = device.Played;
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
        return At(start, length);
    }

    private Span<float> At(long start, int length) => Mirror[checked((int)start)..checked((int)(start + length))];

    private Span<float> Mirror => (mirror ??= device.Accelerator.AllocatePageLocked1D<float>(Length, uninitialized: true)).Span;

    private void Fetch(long start, long end) => device.Download(At(start, checked((int)(end - start))), Memory.SubView(start, end - start));

    private void TakeBack()
    {
        long start = lentStart, count = lentEnd - lentStart;
        (lentStart, lentEnd) = (0, 0);
        if (count > 0 && isForEditing)
            device.Upload(Memory.SubView(start, count), At(start, checked((int)count)));
        isForEditing = false;
    }

    /// <summary>Moves the elements into an arena, for kernels that reach many buffers through it; no change if they lie there.</summary>
    public void MoveTo(Arena<float> target)
    {
        if (own is not { } memory)
        {
            TakeBack();
            return;
        }
        ArrayView<float> from = View;
        ArenaStart = target.Rent(Length);
        (arena, own) = (target, null);
        Memory.CopyFrom(device.Stream, from.SubView(0, Length));
        device.Wait();
        memory.Dispose(); // no launch that is kept has used it: those reach the piece through the arena
    }

    public override void Dispose()
    {
        if (isKnown)
            device.Free(own);
        else
            own?.Dispose();
        if (own is null && arena is not null)
            arena.Return(ArenaStart, Length);
        (own, arena) = (null, null);
        mirror?.Dispose();
        mirror = null;
    }
}
