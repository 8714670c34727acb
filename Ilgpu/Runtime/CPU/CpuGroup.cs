namespace ILGPU.Runtime.CPU;

/// <summary>
/// Runs the threads of a group, one at a time. The first OS thread starts one after the other; a thread that must wait at a barrier keeps its
/// OS thread, and another one (a <see cref="CpuCarrier"/>) goes on with those not started yet. So a kernel without barriers needs one OS thread, and
/// a thread that waits for something that cannot come any more is noticed when nobody is left to run.
/// </summary>
internal sealed class CpuGroup(CPUAccelerator accelerator) : IDisposable
{
    private readonly List<CpuThread> threads = [];
    private readonly List<CpuWarp> warps = [];
    private readonly Queue<CpuThread> ready = new();
    private readonly List<CpuCarrier> carriers = [];
    private readonly Stack<CpuCarrier> parked = new();
    private readonly CpuCarrier host = new(null);
    private CpuLaunch launch = null!;
    private int count;
    private int started;
    private int done;
    private bool aborting;

    /// <summary>Position within the grid.</summary>
    public Index3D GridIndex { get; private set; }

    /// <summary>Number of groups.</summary>
    public Index3D GridDim { get; private set; }

    /// <summary>Threads of the group.</summary>
    public Index3D GroupDim { get; private set; }

    /// <summary>Threads of a warp.</summary>
    public int WarpSize { get; } = accelerator.WarpSize;

    /// <summary>Bytes of dynamic shared memory.</summary>
    public int DynamicSharedBytes { get; private set; }

    /// <summary>Shared memory.</summary>
    public CpuSharedMemory Shared { get; } = new();

    /// <summary>Where all threads meet.</summary>
    public CpuMeeting Meeting { get; } = new();

    /// <summary>Runs one group of a launch; failures go into the launch.</summary>
    public void Run(CpuLaunch launch, long groupIndex)
    {
        this.launch = launch;
        GridDim = launch.GridDim;
        GroupDim = launch.GroupDim;
        DynamicSharedBytes = launch.DynamicSharedBytes;
        GridIndex = new(
            (int)(groupIndex % GridDim.X), (int)(groupIndex / GridDim.X % GridDim.Y), (int)(groupIndex / GridDim.X / GridDim.Y));
        Reset();
        CpuThread? outer = CpuThread.Current;
        Carry(host);
        CpuThread.Current = outer;
        for (int i = 0; i < count; i++)
        {
            threads[i].FreeLocal();
        }
    }

    /// <summary>A thread waits until all that are alive have come to the meeting.</summary>
    public void Meet(CpuThread thread, CpuMeeting meeting, int contribution)
    {
        if (aborting)
        {
            throw new GroupAbortedException();
        }
        meeting.Waiting.Add(thread);
        meeting.Sum += contribution;
        thread.State = CpuThreadState.Waiting;
        if (!TryRelease(meeting, thread))
        {
            Suspend(thread);
        }
        if (aborting)
        {
            throw new GroupAbortedException();
        }
        thread.State = CpuThreadState.Running;
    }

    /// <summary>Goes on with what a carrier was woken for: threads not yet started, until the turn is another's or all are done.</summary>
    internal void Carry(CpuCarrier carrier)
    {
        while (true)
        {
            if (ready.TryDequeue(out CpuThread? resumed))
            {
                HandOver(carrier, resumed.Carrier!);
                return;
            }
            if (started == count || aborting)
            {
                if (done == started)
                {
                    HandOver(carrier, host);
                    return;
                }
                // Everyone left waits for what cannot come any more.
                Abort(Deadlock());
                continue;
            }
            CpuThread thread = threads[started++];
            thread.Carrier = carrier;
            RunThread(thread);
        }
    }

    public void Dispose()
    {
        foreach (CpuCarrier carrier in carriers)
        {
            carrier.Stop();
        }
        Shared.Dispose();
    }

    private void Reset()
    {
        count = GroupDim.Size;
        started = 0;
        done = 0;
        aborting = false;
        ready.Clear();
        Meeting.Reset(count);
        Shared.Reset(DynamicSharedBytes, accelerator.MaxSharedMemoryPerGroup);
        int warpCount = (count + WarpSize - 1) / WarpSize;
        while (warps.Count < warpCount)
        {
            warps.Add(new(warps.Count * WarpSize, WarpSize));
        }
        for (int i = 0; i < warpCount; i++)
        {
            warps[i].Reset(Math.Min(WarpSize, count - (i * WarpSize)));
        }
        for (int i = 0; i < count; i++)
        {
            if (i == threads.Count)
            {
                threads.Add(new(this, i));
            }
            threads[i].Reset(GroupDim, warps[i / WarpSize]);
        }
    }

    private void RunThread(CpuThread thread)
    {
        CpuThread.Current = thread;
        thread.State = CpuThreadState.Running;
        try
        {
            launch.Invoke(thread);
        }
        catch (GroupAbortedException)
        {
            // The failure that ended the group is already kept.
        }
        catch (Exception exception)
        {
            Abort(new CPUKernelException(
                $"Kernel {launch.Name} failed in {thread.Describe()}: {exception.Message}", exception));
        }
        thread.State = CpuThreadState.Done;
        done++;
        Meeting.Alive--;
        thread.Warp.Meeting.Alive--;
        if (!aborting)
        {
            // The others of the warp do not wait for one that has left; the group does, in vain.
            TryRelease(thread.Warp.Meeting, null);
        }
    }

    /// <summary>Lets everyone go on if all have come; the last comer, if any, goes on at once.</summary>
    private bool TryRelease(CpuMeeting meeting, CpuThread? last)
    {
        bool all = meeting == Meeting ? meeting.Waiting.Count == count : meeting.Waiting.Count == meeting.Alive;
        if (!all || meeting.Waiting.Count == 0)
        {
            return false;
        }
        foreach (CpuThread thread in meeting.Waiting)
        {
            thread.BarrierResult = meeting.Sum;
            thread.State = CpuThreadState.Ready;
            if (thread != last)
            {
                ready.Enqueue(thread);
            }
        }
        meeting.Waiting.Clear();
        meeting.Sum = 0;
        return true;
    }

    /// <summary>Gives the turn to another thread and waits for one's own.</summary>
    private void Suspend(CpuThread thread)
    {
        CpuCarrier own = thread.Carrier!;
        if (ready.TryDequeue(out CpuThread? next))
        {
            next.Carrier!.Wake();
        }
        else if (started < count && !aborting)
        {
            NextCarrier().Wake();
        }
        else
        {
            Abort(Deadlock());
            // The abort made this thread ready, too.
            CpuThread first = ready.Dequeue();
            if (first == thread)
            {
                return;
            }
            first.Carrier!.Wake();
        }
        own.WaitForTurn();
    }

    /// <summary>Ends the group: threads that wait go on, to leave with an exception; those not started never do.</summary>
    private void Abort(Exception exception)
    {
        launch.Fail(exception);
        if (aborting)
        {
            return;
        }
        aborting = true;
        for (int i = 0; i < started; i++)
        {
            if (threads[i].State == CpuThreadState.Waiting)
            {
                threads[i].State = CpuThreadState.Ready;
                ready.Enqueue(threads[i]);
            }
        }
    }

    private CPUKernelException Deadlock()
    {
        int waiting = Meeting.Waiting.Count;
        CpuThread? gone = threads.Take(started).FirstOrDefault(thread => thread.State == CpuThreadState.Done);
        string reason = waiting == 0
            ? "no thread can go on, all wait at barriers of their warps that others of the warp do not come to"
            : gone is not null
                ? $"{waiting} threads wait at a barrier, and {count - Meeting.Alive} have left the kernel before it (the first is thread {gone.GroupIndex})"
                : $"{waiting} threads wait at a barrier of the group, the others at barriers of their warps";
        return new CPUKernelException($"Kernel {launch.Name} can never end in group {GridIndex}: {reason}.", null);
    }

    private CpuCarrier NextCarrier()
    {
        if (!parked.TryPop(out CpuCarrier? carrier))
        {
            carrier = new(this);
            carriers.Add(carrier);
        }
        return carrier;
    }

    /// <summary>The turn goes to another OS thread; the one that gives it away rests, or, if it is the host, waits for the group's end.</summary>
    private void HandOver(CpuCarrier from, CpuCarrier to)
    {
        if (from == to)
        {
            return;
        }
        if (from != host)
        {
            parked.Push(from);
            to.Wake();
            return;
        }
        to.Wake();
        host.WaitForTurn();
    }
}

/// <summary>An OS thread that carries one waiting thread of a group at a time.</summary>
internal sealed class CpuCarrier
{
    // Handing the turn over costs some 15 µs with this, a third of what monitors take and a fifth of a spinning semaphore.
    private readonly AutoResetEvent turn = new(false);
    private readonly CpuGroup? group;
    private bool stopped;

    /// <summary>A thread that waits to be woken and then carries; without a group the calling thread itself.</summary>
    public CpuCarrier(CpuGroup? group)
    {
        this.group = group;
        if (group is not null)
        {
            new Thread(Loop, 1 << 20) { IsBackground = true, Name = "ILGPU thread" }.Start();
        }
    }

    public void Wake() => turn.Set();

    public void WaitForTurn() => turn.WaitOne();

    public void Stop()
    {
        stopped = true;
        turn.Set();
    }

    private void Loop()
    {
        while (true)
        {
            turn.WaitOne();
            if (stopped)
            {
                return;
            }
            group!.Carry(this);
        }
    }
}

/// <summary>Unwinds the threads of a group that failed.</summary>
internal sealed class GroupAbortedException : Exception;
