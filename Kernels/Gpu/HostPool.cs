using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU.Runtime;
using Managed.Ilgpu.Extensions;

namespace Managed.Kernels.Gpu;

/// <summary>
/// Page-locked host memory that a device copies to, used again and again: to lock pages takes longer than to fill them. What is lent are
/// arrays of the runtime's that do not move. Whoever got one may keep it, beyond the device's end, too; when nobody refers to it any more the
/// collector brings it back here.
/// </summary>
internal sealed class HostPool(Accelerator accelerator) : IDisposable
{
    private const int PageLength = 4096 / sizeof(float);

    /// <summary>Elements that wait to be lent; more are given up: 1 GiB.</summary>
    private const long MostIdle = 1L << 28;

    /// <summary>Elements that are locked before the collector is asked whether others are free: 256 MiB.</summary>
    private const long LockedBetweenCollections = 1L << 26;

    // What is not on loan the collector must not free: it is locked.
    private static readonly ConcurrentDictionary<HostPool, bool> s_open = [];

    private static readonly ConditionalWeakTable<float[], Loan> s_loans = [];

    private readonly bool locks = accelerator.AcceleratorType == AcceleratorType.Cuda;
    private readonly Lock gate = new();
    private readonly Dictionary<int, Stack<Block>> idle = []; // by length
    private readonly HashSet<PageLock> locked = [];
    private readonly ConcurrentQueue<Block> found = []; // by the collector
    private long idleLength, lockedSinceCollection;
    private bool isDisposed;

    private sealed record Block(float[] Array, int Start, int Length, PageLock? Lock);

    // Lives as long as the array is referred to by anybody; its end gives the array new life in the pool.
    private sealed class Loan(HostPool pool, Block block)
    {
        public HostPool Pool => pool;

        public Block Block => block;

        public bool IsOver { get; set; }

        ~Loan()
        {
            if (!IsOver && !pool.isDisposed)
                pool.found.Enqueue(block);
        }
    }

    /// <summary>Memory that does not move; its contents are anything.</summary>
    public Memory<float> Rent(int length)
    {
        if (!locks)
            return GC.AllocateUninitializedArray<float>(length, pinned: true);
        int size = SizeFor(length);
        if (TakeIdle(size) is not { } block)
        {
            if (lockedSinceCollection >= LockedBetweenCollections)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                lockedSinceCollection = 0;
            }
            block = TakeIdle(size) ?? Create(size);
        }
        s_loans.Add(block.Array, new Loan(this, block));
        return block.Array.AsMemory(block.Start, length);
    }

    /// <summary>Takes memory back that nobody looks at any more. Memory that is not lent, or was never lent here, stays what it is.</summary>
    public void Return(Memory<float> memory)
    {
        if (!MemoryMarshal.TryGetArray(memory, out ArraySegment<float> segment) || !s_loans.TryGetValue(segment.Array!, out Loan? loan) || loan.Pool != this)
            return;
        loan.IsOver = true;
        lock (gate)
            PutBack(loan.Block);
    }

    // Eight sizes between powers of two, in whole pages.
    private static int SizeFor(int length)
    {
        length = Math.Max(1, length);
        int step = Math.Max(PageLength, (int)(BitOperations.RoundUpToPowerOf2((uint)length) / 16));
        return checked((length + step - 1) / step * step);
    }

    private Block? TakeIdle(int size)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            while (found.TryDequeue(out Block? returned))
                PutBack(returned);
            if (!idle.TryGetValue(size, out Stack<Block>? stack) || !stack.TryPop(out Block? block))
                return null;
            idleLength -= size;
            return block;
        }
    }

    private unsafe Block Create(int size)
    {
        float[] array = GC.AllocateUninitializedArray<float>(checked(size + PageLength), pinned: true);
        nint address = (nint)Unsafe.AsPointer(ref array[0]);
        int start = (int)((((address + 4095) & ~(nint)4095) - address) / sizeof(float)); // pages that are this array's alone
        PageLock? pages = PageLock.TryCreate(accelerator, address + (start * sizeof(float)), size * (long)sizeof(float));
        lock (gate)
        {
            s_open.TryAdd(this, true);
            if (pages is not null)
                locked.Add(pages);
            lockedSinceCollection += size;
        }
        return new Block(array, start, size, pages);
    }

    private void PutBack(Block block)
    {
        s_loans.Remove(block.Array);
        if (isDisposed)
            return;
        if (block.Lock is null || idleLength + block.Length > MostIdle)
        {
            if (block.Lock is { } pages && locked.Remove(pages))
                pages.Dispose();
            return;
        }
        if (!idle.TryGetValue(block.Length, out Stack<Block>? stack))
            idle[block.Length] = stack = [];
        stack.Push(block);
        idleLength += block.Length;
    }

    /// <summary>Unlocks everything, after all copies; what is on loan stays readable.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            isDisposed = true;
            foreach (PageLock pages in locked)
                pages.Dispose();
            locked.Clear();
            idle.Clear();
            found.Clear();
        }
        s_open.TryRemove(this, out _);
    }
}
