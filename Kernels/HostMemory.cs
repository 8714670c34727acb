using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Managed.Kernels;

/// <summary>
/// The host's memory for what captures keep, used again and again: pages that are new cost more than what is copied to them. Whoever got some may
/// keep it; what is given back waits here for somebody who asks for as much.
/// </summary>
internal sealed class HostMemory
{
    /// <summary>Elements that wait; more are left to the collector: 256 MiB.</summary>
    private const long MostIdle = 1L << 26;

    private static readonly object s_mark = new();

    private readonly Lock gate = new();
    private readonly Dictionary<int, Stack<float[]>> idle = []; // by length
    private readonly ConditionalWeakTable<float[], object> lent = [];
    private long idleLength;

    /// <summary>Memory whose contents are anything.</summary>
    public Memory<float> Rent(int length)
    {
        lock (gate)
        {
            float[] array;
            if (idle.TryGetValue(length, out Stack<float[]>? stack) && stack.TryPop(out float[]? waiting))
            {
                array = waiting;
                idleLength -= length;
            }
            else
                array = GC.AllocateUninitializedArray<float>(length);
            if (length > 0)
                lent.Add(array, s_mark);
            return array;
        }
    }

    /// <summary>Takes memory back that nobody looks at any more. What is not lent stays what it is.</summary>
    public void Return(Memory<float> memory)
    {
        if (!MemoryMarshal.TryGetArray(memory, out ArraySegment<float> segment) || segment.Array is not { Length: > 0 } array)
            return;
        lock (gate)
        {
            if (!lent.Remove(array) || idleLength + array.Length > MostIdle)
                return;
            if (!idle.TryGetValue(array.Length, out Stack<float[]>? stack))
                idle[array.Length] = stack = [];
            stack.Push(array);
            idleLength += array.Length;
        }
    }
}
