namespace Managed.Kernels;

/// <summary>A piece of work in `count` parts. Each part is done once, by whichever worker is free.</summary>
internal interface IParallelWork
{
    void Run(int index, int count);
}

/// <summary>
/// Threads that do parts of one piece of work at a time. The caller is one of them, and takes over the parts of workers
/// that come late, as they do on a busy machine. Between pieces workers spin for a moment, then sleep: an idle pool
/// takes no processor time.
/// </summary>
internal sealed class WorkerPool : IDisposable
{
    /// <summary>
    /// Multiplications of 8-bit numbers that take 4 to 8 µs; handing over a part and its data costs about 4 where cores share no cache, joining
    /// workers that go through a queue less than 1.
    /// </summary>
    public const long WorthSharing = 1 << 18;

    private const int Spins = 2000;
    private const int QuickLooks = 500; // some 20 µs, by when most pieces of a token's work are done: a longer pause costs more than it saves

    [ThreadStatic]
    private static int t_worker;

    private readonly Thread[] threads;
    private readonly SemaphoreSlim[] wake;
    private readonly int[] asleep;
    private IParallelWork? work;
    private Exception? failure;
    private long free; // the piece's number in the upper half, how many of its parts nobody has taken in the lower
    private int parts;
    private int done;
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

    /// <summary>Which worker the thread is; 0: the caller.</summary>
    public static int Worker => t_worker;

    /// <summary>Does a piece of work with all workers and returns when every part is done.</summary>
    /// <param name="piece">The work.</param>
    /// <param name="partCount">Its parts, taken in order; 0: one for each worker. Small ones at the end even out late starts.</param>
    public void Run(IParallelWork piece, int partCount = 0)
    {
        if (Count == 1)
        {
            piece.Run(0, 1);
            return;
        }
        Begin(piece, partCount);
        Finish();
    }

    /// <summary>
    /// Lets the other workers begin a piece of work for which the caller still prepares something that its parts wait for.
    /// <see cref="Finish"/> must follow. Only where there are other workers.
    /// </summary>
    /// <inheritdoc cref="Run"/>
    public void Begin(IParallelWork piece, int partCount = 0)
    {
        work = piece;
        parts = partCount > 0 ? partCount : Count;
        done = 0;
        Interlocked.Exchange(ref free, (((free >> 32) + 1) << 32) | (uint)parts);
        for (int i = 1; i < Count; i++)
            if (Interlocked.Exchange(ref asleep[i], 0) == 1)
                wake[i].Release();
    }

    /// <summary>Does what is left of the work that was begun, and returns when every part is done.</summary>
    public void Finish()
    {
        DoParts();
        for (int i = 0; i < QuickLooks && Volatile.Read(ref done) < parts; i++)
            Thread.SpinWait(1);
        var spin = new SpinWait(); // that lets others run at last
        while (Volatile.Read(ref done) < parts)
            spin.SpinOnce(sleep1Threshold: -1);
        if (Interlocked.Exchange(ref failure, null) is { } thrown)
            throw Failed(thrown);
    }

    /// <summary>What a caller is told of a part that failed.</summary>
    public static DeviceException Failed(Exception thrown) => new($"A CPU kernel failed: {thrown.Message}", thrown);

    private bool HasFreePart => (int)Volatile.Read(ref free) > 0;

    // Whoever takes a part holds up its piece until the part is done, so `work` is the piece of that part.
    private void DoParts()
    {
        while (true)
        {
            long seen = Volatile.Read(ref free);
            if ((int)seen == 0)
                return;
            if (Interlocked.CompareExchange(ref free, seen - 1, seen) != seen)
                continue;
            try
            {
                work!.Run(parts - (int)seen, parts);
            }
            catch (Exception thrown)
            {
                failure = thrown; // for the caller of Run
            }
            Interlocked.Increment(ref done);
        }
    }

    private void Work(int index)
    {
        t_worker = index;
        while (!stopping)
        {
            Wait(index);
            DoParts();
        }
    }

    private void Wait(int index)
    {
        while (true)
        {
            for (int i = 0; i < Spins; i++)
            {
                if (HasFreePart || stopping)
                    return;
                Thread.SpinWait(i < QuickLooks ? 1 : 8);
            }
            Volatile.Write(ref asleep[index], 1);
            Interlocked.MemoryBarrier();
            // Work that came while falling asleep: take the mark back, or the wake-up that was sent for it.
            if ((!HasFreePart && !stopping) || Interlocked.Exchange(ref asleep[index], 0) == 0)
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
