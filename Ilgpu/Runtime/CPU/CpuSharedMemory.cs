using System.Runtime.InteropServices;

namespace ILGPU.Runtime.CPU;

/// <summary>The shared memory of a group, kept from group to group.</summary>
internal sealed unsafe class CpuSharedMemory : IDisposable
{
    private readonly List<(nint Address, long Capacity)> blocks = [];
    private readonly List<(long Bytes, Type Element)> current = [];
    private readonly Dictionary<(long Bytes, Type Element), nint> scratch = [];
    private (nint Address, long Capacity) dynamic;
    private int limit;
    private long used;

    /// <summary>The start of the dynamic part.</summary>
    public nint Dynamic => dynamic.Address;

    /// <summary>Begins a group: nothing allocated, the dynamic part of a size, all of it not initialised.</summary>
    public void Reset(int dynamicBytes, int limit)
    {
        current.Clear();
        this.limit = limit;
        used = dynamicBytes;
        Reserve(ref dynamic, dynamicBytes);
    }

    /// <summary>The n-th allocation of the group: made by the first thread that comes to it, the same for all.</summary>
    public nint Allocate(int number, long bytes, Type element)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (number < current.Count)
        {
            return current[number] == (bytes, element)
                ? blocks[number].Address
                : throw new InvalidKernelOperationException(
                    $"Shared memory must be allocated by all threads of a group in the same order: another thread's allocation {number + 1} was "
                    + $"{current[number].Bytes} bytes of {current[number].Element.Name}, this one's is {bytes} bytes of {element.Name}.");
        }
        used += bytes;
        if (used > limit)
        {
            throw new InvalidKernelOperationException($"The group needs {used} bytes of shared memory; it can have {limit}. (Here each call allocates anew: allocate before loops.)");
        }
        (nint, long) block = number < blocks.Count ? blocks[number] : default;
        Reserve(ref block, bytes);
        if (number < blocks.Count)
        {
            blocks[number] = block;
        }
        else
        {
            blocks.Add(block);
        }
        current.Add((bytes, element));
        return block.Item1;
    }

    /// <summary>Memory that functions of the library use between two barriers; kept until the end.</summary>
    public nint Scratch(long bytes, Type element)
    {
        if (!scratch.TryGetValue((bytes, element), out nint address))
        {
            address = (nint)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 16), 128);
            scratch.Add((bytes, element), address);
        }
        return address;
    }

    public void Dispose()
    {
        foreach (nint address in scratch.Values)
        {
            NativeMemory.AlignedFree((void*)address);
        }
        scratch.Clear();
        foreach ((nint address, long _) in blocks.Append(dynamic))
        {
            NativeMemory.AlignedFree((void*)address);
        }
        blocks.Clear();
        dynamic = default;
    }

    private static void Reserve(ref (nint Address, long Capacity) block, long bytes)
    {
        if (block.Capacity < bytes || block.Address == 0)
        {
            NativeMemory.AlignedFree((void*)block.Address);
            long capacity = Math.Max(bytes, 16);
            block = ((nint)NativeMemory.AlignedAlloc((nuint)capacity, 128), capacity);
        }
        // Not a number, minus one: what was not written shows.
        NativeMemory.Fill((void*)block.Address, (nuint)bytes, 0xff);
    }
}
