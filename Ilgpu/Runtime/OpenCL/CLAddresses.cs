namespace ILGPU.Runtime.OpenCL;

/// <summary>
/// OpenCL 1.2 has buffers, not addresses, and views need addresses that can be added to. So every buffer is given a range of numbers
/// that no other buffer has, with a gap behind it, and a view's pointer is a number in it; at launch the number is turned back into the
/// buffer and an offset. Numbers are never given twice, so a view of a freed buffer is found out.
/// </summary>
internal sealed class CLAddresses
{
    // Below it lie the process's own addresses; what goes astray cannot be mistaken for a buffer.
    private const long FirstAddress = 1L << 56;
    private const long Gap = 1L << 16;

    private readonly Lock gate = new();
    private readonly SortedList<long, (long End, IntPtr Buffer)> ranges = [];
    private long next = FirstAddress;

    /// <summary>Gives a buffer its range and returns the first number.</summary>
    public IntPtr Add(IntPtr buffer, long bytes)
    {
        lock (gate)
        {
            long address = next;
            next += (bytes + Gap + Gap - 1) / Gap * Gap;
            ranges.Add(address, (address + bytes, buffer));
            return (IntPtr)address;
        }
    }

    public void Remove(IntPtr address)
    {
        lock (gate)
        {
            ranges.Remove(address);
        }
    }

    /// <summary>The buffer and the offset in bytes behind a view's pointer; nothing for 0, the pointer of an empty view.</summary>
    /// <exception cref="ArgumentException">No buffer has this address any more.</exception>
    public (IntPtr Buffer, long Offset) Find(long address)
    {
        if (address == 0)
        {
            return default;
        }
        lock (gate)
        {
            int low = 0, high = ranges.Count;
            while (low < high)
            {
                int middle = (low + high) / 2;
                if (ranges.Keys[middle] <= address)
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle;
                }
            }
            // The end belongs to it: an empty view may begin there.
            if (low > 0 && address <= ranges.Values[low - 1].End)
            {
                return (ranges.Values[low - 1].Buffer, address - ranges.Keys[low - 1]);
            }
        }
        throw new ArgumentException($"The view's address 0x{address:x} belongs to no buffer of this accelerator: the buffer was disposed, "
            + "or belongs to another accelerator.");
    }
}
