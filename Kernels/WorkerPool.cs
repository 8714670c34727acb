namespace Managed.Kernels;

/// <summary>A piece of work that workers share: worker `index` of `count` does its part.</summary>
internal interface IParallelWork
{
    void Run(int index, int count);
}

/// <summary>
/// Threads that do parts of one piece of work at a time. The caller is worker 0. Between pieces workers spin for a
/// moment, then sleep: an idle pool takes no processor time.
/// </summary>
internal sealed class WorkerPool : IDisposable
{
    private const int Spins = 2000;
    private readonly Thread[] threads;
    private readonly SemaphoreSlim[] wake;
    private readonly int[] asleep;
    private IParallelWork? work;
    private Exception? failure;
    private int epoch;
    private int running;
    private volatile bool stopping;

    /// <param name="count">Workers, the caller included; 0: one per core, at most 8.</param>
    public WorkerPool(int count)
    {
        Count = count > 0 ? count : Math.Clamp(Environment.ProcessorCount, 1, 8);
        wake = new SemaphoreSlim[Count];
        asleep = new int[Count];
        threads = new Thread[Count - 1];
        for (int i = 0; i < threads.Length; i++)
        {
            int index = i + 1;
            wake[index] = new SemaphoreSlim(0);
            threads[i] = new Thread(() => Work(index)) { IsBackground = true, Name = $"managed worker {index}" };
            threads[i].Start();
        }
    }

    /// <summary>Workers, the caller included.</summary>
    public int Count { get; }

    /// <summary>Does a piece of work with all workers and returns when every part is done.</summary>
    public void Run(IParallelWork piece)
    {
        if (Count == 1)
        {
            piece.Run(0, 1);
            return;
        }
        work = piece;
        Volatile.Write(ref running, Count - 1);
        Interlocked.Increment(ref epoch);
        for (int i = 1; i < Count; i++)
            if (Interlocked.Exchange(ref asleep[i], 0) == 1)
                wake[i].Release();
        try
        {
            piece.Run(0, Count);
        }
        finally
        {
            var spin = new SpinWait();
            while (Volatile.Read(ref running) > 0)
                spin.SpinOnce(sleep1Threshold: -1);
        }
        if (failure is { } thrown)
        {
            failure = null;
            throw new DeviceException($"A CPU kernel failed: {thrown.Message}", thrown);
        }
    }

    private void Work(int index)
    {
        int seen = 0;
        while (true)
        {
            Wait(index, seen);
            if (stopping)
                return;
            seen = Volatile.Read(ref epoch);
            try
            {
                work!.Run(index, Count);
            }
            catch (Exception thrown)
            {
                failure = thrown; // handed to the caller of Run
            }
            Interlocked.Decrement(ref running);
        }
    }

    private void Wait(int index, int seen)
    {
        while (true)
        {
            for (int i = 0; i < Spins; i++)
            {
                if (Volatile.Read(ref epoch) != seen || stopping)
                    return;
                Thread.SpinWait(8);
            }
            Volatile.Write(ref asleep[index], 1);
            Interlocked.MemoryBarrier();
            // Work that came while falling asleep: take the mark back, or the wake-up that was sent for it.
            if ((Volatile.Read(ref epoch) == seen && !stopping) || Interlocked.Exchange(ref asleep[index], 0) == 0)
                wake[index].Wait();
            // A wake-up may belong to work that is done already; then there is nothing new, and the worker waits on.
        }
    }

    public void Dispose()
    {
        stopping = true;
        for (int i = 1; i < Count; i++)
            wake[i].Release();
        foreach (Thread thread in threads)
            thread.Join();
        for (int i = 1; i < Count; i++)
            wake[i].Dispose();
    }
}
