using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using Managed.Ilgpu.Extensions;

namespace Managed.Kernels.Gpu;

/// <summary>
/// Values on their way to the host while the device computes on: they are copied aside on the device, in the order of all else, and from there
/// by a second stream. The host waits for none of it but in <see cref="Wait"/>.
/// </summary>
internal sealed class Keeping : IDisposable
{
    /// <summary>Copies under way at a time; the device waits for the first before it makes one more.</summary>
    private const int SlotCount = 8;

    /// <summary>Elements of one copy, where a row is not longer: 8 MiB.</summary>
    private const int SlotLength = 2 << 20;

    private readonly GpuMemory memory;
    private readonly AcceleratorStream copies;
    private readonly bool overlaps; // copies have a stream of their own
    private readonly Slot[] slots = new Slot[SlotCount];
    private int next;
    private int begun;
    private readonly List<float[]> underWay = []; // not to be freed while something is copied there

    public Keeping(GpuMemory memory)
    {
        this.memory = memory;
        // other devices than NVIDIA's have no marks that their streams wait for
        overlaps = memory.Accelerator.AcceleratorType == AcceleratorType.Cuda;
        copies = overlaps ? memory.Accelerator.CreateStream() : memory.Stream;
        Pool = new HostPool(memory.Accelerator);
        for (int i = 0; i < SlotCount; i++)
            slots[i] = new Slot();
    }

    /// <summary>Where the values come to lie.</summary>
    public HostPool Pool { get; }

    private sealed class Slot
    {
        public readonly StreamMark Filled = new(), Emptied = new();
        public MemoryBuffer1D<float, Stride1D.Dense>? Memory;
    }

    /// <summary>How many rows one copy takes.</summary>
    public int RowsAtOnce(int width) => Math.Max(1, SlotLength / width);

    /// <summary>Memory of the device that what is put into its stream next must fill, up to <see cref="Send"/>.</summary>
    public ArrayView<float> Begin(int length)
    {
        Slot slot = slots[next];
        if (slot.Memory is null || slot.Memory.Length < length)
        {
            if (slot.Memory is not null)
                copies.Synchronize();
            slot.Memory?.Dispose(); // no recording has used it
            slot.Memory = memory.Allocate<float>(length);
        }
        slot.Emptied.Hold(memory.Stream);
        begun = length;
        return slot.Memory.View.AsContiguous().SubView(0, length);
    }

    /// <summary>Sends it to the host, to target[start..].</summary>
    /// <param name="target">From <see cref="Pool"/>.</param>
    /// <param name="start">Where to.</param>
    public unsafe void Send(Memory<float> target, long start)
    {
        if (start + begun > target.Length)
            throw new ArgumentException($"{start + begun} values are kept in memory for {target.Length}.");
        if (!MemoryMarshal.TryGetArray(target, out ArraySegment<float> segment))
            throw new ArgumentException("The memory is not an array's.", nameof(target));
        nint address = (nint)Unsafe.AsPointer(ref segment.Array![segment.Offset + start]); // the pool's arrays do not move
        Slot slot = slots[next];
        slot.Filled.Set(memory.Stream);
        slot.Filled.Hold(copies);
        slot.Memory!.View.AsContiguous().SubView(0, begun).CopyToHostLater(copies, address);
        slot.Emptied.Set(copies);
        underWay.Add(segment.Array);
        next = (next + 1) % SlotCount;
    }

    /// <summary>Waits until all that was sent has arrived.</summary>
    public void Wait()
    {
        if (underWay.Count == 0)
            return;
        copies.Synchronize();
        underWay.Clear();
        next = 0; // those that have memory already
    }

    public void Dispose()
    {
        try
        {
            Wait();
        }
        catch (AcceleratorException)
        {
            // a lost device, as the call that lost it has said: nothing is under way any more
        }
        Pool.Dispose();
        foreach (Slot slot in slots)
        {
            slot.Filled.Dispose();
            slot.Emptied.Dispose();
            slot.Memory?.Dispose();
        }
        if (overlaps)
            copies.Dispose();
    }
}
