using System.Runtime.InteropServices;

namespace Managed.Kernels;

/// <summary>An operation with all that it needs, in parts that each worker does without asking for more than a turn.</summary>
internal interface IQueuedWork
{
    /// <summary>
    /// Parts, each of which is done once. The first ones, one for each worker, are that worker's own unless it comes late;
    /// the others go to whoever is free: small ones even out what the first have left.
    /// </summary>
    int Parts { get; }

    /// <summary>Asks memory for what the worker's own part begins with; the operation before may not be done yet.</summary>
    void Ask(int worker)
    {
    }

    /// <summary>Does a part, with the memory of a worker.</summary>
    void Run(int part, int worker);
}

/// <summary>
/// Operations that follow each other. All workers go through them in order, and each begins with the next as soon as all parts of the one
/// before are done: nobody hands over, and the caller may be far ahead. What has been added is done when <see cref="Settle"/> or
/// <see cref="Finish"/> return.
/// </summary>
internal sealed class WorkQueue : IParallelWork
{
    private const int Capacity = 1024; // operations, after which the caller waits for all
    private const int Lead = 1; // operations that others find while the caller does its share of one
    private const int QuickLooks = 500; // some 20 µs, longer than most operations of a token take
    private const int Patience = 2000; // slower looks until a worker no longer waits for the caller

    // What all workers write lies apart.
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct Progress
    {
        [FieldOffset(0)]
        public int Taken; // parts, counted from the first that is nobody's own

        [FieldOffset(4)]
        public int Done;
    }

    private readonly WorkerPool pool;
    private readonly IQueuedWork[] works = new IQueuedWork[Capacity];
    private readonly IQueuedWork?[] riders = new IQueuedWork?[Capacity], followers = new IQueuedWork?[Capacity];
    private readonly int[] parts = new int[Capacity];
    private readonly Progress[] progress = new Progress[Capacity];
    private readonly long[][] claims; // [workers][operations]: in which round a worker's own part was last taken
    private long round;
    private int count;
    private readonly long[] came; // [workers]: the round in which each last came
    private int present; // workers that have come in this round
    private int gone; // those that have waited for long enough
    private int mine; // the operation that the caller does next
    private bool hasAsked; // whether the caller has asked for what that begins with
    private bool closed;
    private Exception? failure;

    public WorkQueue(WorkerPool pool)
    {
        this.pool = pool;
        came = new long[pool.Count];
        claims = new long[pool.Count][];
        for (int worker = 0; worker < claims.Length; worker++)
            claims[worker] = new long[Capacity];
    }

    /// <summary>Adds an operation. The other workers may begin with it at once.</summary>
    /// <param name="work">The operation.</param>
    /// <param name="rider">
    /// One of a single part, which whoever does the first part does behind it; null: none. It is the same worker in every step, as far as can be, since
    /// memory that another has written last takes long to write.
    /// </param>
    /// <param name="follower">One of a single part, which whoever ends the operation does, before others hear of its end; null: none.</param>
    public void Add(IQueuedWork work, IQueuedWork? rider = null, IQueuedWork? follower = null)
    {
        int all = work.Parts;
        if (pool.Count == 1)
        {
            for (int part = 0; part < all; part++)
                work.Run(part, 0);
            rider?.Run(0, 0);
            follower?.Run(0, 0);
            return;
        }
        if (count == Capacity || (count == mine && Volatile.Read(ref gone) > 0))
            Finish();
        works[count] = work;
        riders[count] = rider;
        followers[count] = follower;
        parts[count] = all;
        progress[count] = new Progress { Taken = Own(all) };
        if (count == 0)
        {
            round++;
            (mine, hasAsked, present, gone, closed) = (0, false, 1, 0, false);
            pool.Begin(this, pool.Count - 1);
        }
        Volatile.Write(ref count, count + 1);
        DoWhatIsReady();
    }

    // The caller's share of operations whose turn has come: it adds further ones while it would wait for others.
    private void DoWhatIsReady()
    {
        for (; mine < count - Lead; mine++, hasAsked = false)
        {
            AskOnce();
            if (mine > 0 && !IsDone(mine - 1) && Volatile.Read(ref present) < pool.Count)
                Help(mine - 1, 0);
            if (mine > 0 && !IsDone(mine - 1))
                return;
            DoParts(mine, 0);
        }
    }

    private void AskOnce()
    {
        if (!hasAsked)
            works[mine].Ask(0);
        hasAsked = true;
    }

    /// <summary>Takes part, and returns when all that has been added is done. The others wait, for a while, for what is added next.</summary>
    /// <exception cref="DeviceException">An operation failed.</exception>
    public void Settle()
    {
        TakePart();
        if (Volatile.Read(ref failure) is not null)
            Finish();
    }

    /// <summary>The same, and lets the other workers go.</summary>
    /// <exception cref="DeviceException">An operation failed.</exception>
    public void Finish()
    {
        if (End() is { } thrown)
            throw WorkerPool.Failed(thrown);
    }

    /// <summary>The same for a caller who has failed already: what fails here is of no more interest.</summary>
    public void Abandon() => End();

    private Exception? End()
    {
        if (count == 0)
            return null;
        TakePart();
        Volatile.Write(ref closed, true);
        pool.Finish();
        count = 0;
        return Interlocked.Exchange(ref failure, null);
    }

    private void TakePart()
    {
        for (; mine < count; mine++, hasAsked = false)
        {
            AskOnce();
            Do(mine, 0);
        }
        if (count > 0)
            Await(count - 1, 0);
    }

    /// <summary>Another worker's way through all operations.</summary>
    public void Run(int index, int others)
    {
        int worker = Come();
        for (int at = 0; IsThere(at); at++)
        {
            if (!IsDone(at))
                works[at].Ask(worker);
            Do(at, worker);
        }
    }

    private void Do(int at, int worker)
    {
        if (at > 0)
            Await(at - 1, worker);
        DoParts(at, worker);
    }

    // The caller is worker 0, and each other thread the same in every round, so that it finds what it wrote, unless it comes so late that another goes its way.
    private int Come()
    {
        int worker = Math.Max(WorkerPool.Worker, 1); // the caller, where it goes another's way
        while (true)
        {
            long seen = Volatile.Read(ref came[worker]);
            if (seen != round && Interlocked.CompareExchange(ref came[worker], round, seen) == seen)
                break;
            worker = 1 + (worker % (pool.Count - 1));
        }
        Interlocked.Increment(ref present);
        return worker;
    }

    private int Own(int all) => Math.Min(all, pool.Count);

    private bool IsDone(int at) => Volatile.Read(ref progress[at].Done) == Steps(at);

    // Its parts, and what follows them.
    private int Steps(int at) => followers[at] is null ? parts[at] : parts[at] + 1;

    // Waits until an operation has been added; false: there are no more.
    private bool IsThere(int at)
    {
        var spin = new SpinWait();
        for (int i = 0; i < QuickLooks + Patience; i++)
        {
            if (at < Volatile.Read(ref count))
                return true;
            if (Volatile.Read(ref closed))
                return at < Volatile.Read(ref count);
            if (i < QuickLooks)
                Thread.SpinWait(1);
            else
                spin.SpinOnce(sleep1Threshold: -1);
        }
        // The caller does something else for long.
        Interlocked.Decrement(ref present);
        Interlocked.Increment(ref gone);
        return false;
    }

    private void Await(int at, int worker)
    {
        if (Volatile.Read(ref present) < pool.Count)
            Help(at, worker);
        for (int i = 0; i < QuickLooks; i++)
        {
            if (IsDone(at))
                return;
            Thread.SpinWait(1);
        }
        Help(at, worker);
        var spin = new SpinWait(); // that lets others run at last
        while (!IsDone(at))
            spin.SpinOnce(sleep1Threshold: -1);
    }

    private void DoParts(int at, int worker)
    {
        int all = parts[at], own = Own(all), done = 0;
        if (worker < own && Claim(at, worker))
            done += DoPart(at, worker, worker);
        ref int taken = ref progress[at].Taken;
        for (int part; Volatile.Read(ref taken) < all && (part = Interlocked.Increment(ref taken) - 1) < all;)
            done += DoPart(at, part, worker);
        Complete(at, done, worker);
    }

    // The own parts of workers that have not come to this operation.
    private void Help(int at, int worker)
    {
        int own = Own(parts[at]), done = 0;
        for (int part = 0; part < own; part++)
            if (part != worker && !IsDone(at) && Claim(at, part))
                done += DoPart(at, part, worker);
        Complete(at, done, worker);
    }

    private void Complete(int at, int done, int worker)
    {
        if (done == 0 || Interlocked.Add(ref progress[at].Done, done) != parts[at] || followers[at] is not { } follower)
            return;
        Run(follower, 0, worker);
        Interlocked.Increment(ref progress[at].Done);
    }

    private bool Claim(int at, int part)
    {
        ref long claim = ref claims[part][at];
        long seen = Volatile.Read(ref claim);
        return seen != round && Interlocked.CompareExchange(ref claim, round, seen) == seen;
    }

    private int DoPart(int at, int part, int worker)
    {
        Run(works[at], part, worker);
        if (part == 0 && riders[at] is { } rider)
            Run(rider, 0, worker);
        return 1;
    }

    private void Run(IQueuedWork work, int part, int worker)
    {
        try
        {
            work.Run(part, worker);
        }
        catch (Exception thrown)
        {
            failure ??= thrown; // for the caller of Finish
        }
    }
}
