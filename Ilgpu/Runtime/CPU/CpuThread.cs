using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ILGPU.Runtime.CPU;

/// <summary>How far a thread of a group is.</summary>
internal enum CpuThreadState
{
    NotStarted,
    Running,
    /// <summary>Waits for others at a barrier.</summary>
    Waiting,
    /// <summary>May go on when its turn comes.</summary>
    Ready,
    Done,
}

/// <summary>One thread of a group on the CPU accelerator.</summary>
internal sealed unsafe class CpuThread(CpuGroup group, int linearIndex)
{
    private readonly List<nint> localMemory = [];
    private int sharedAllocations;
    private bool isScratch;

    [ThreadStatic]
    private static CpuThread? current;

    /// <summary>The thread that the calling OS thread runs, or null outside kernels.</summary>
    public static CpuThread? Current
    {
        get => current;
        set => current = value;
    }

    /// <summary>The thread that the calling OS thread runs.</summary>
    public static CpuThread Running => current
        ?? throw new InvalidKernelOperationException("Group, Grid, Warp, SharedMemory and LocalMemory can be used inside a kernel only.");

    /// <summary>Its group.</summary>
    public CpuGroup Group { get; } = group;

    /// <summary>Number within the group.</summary>
    public int LinearIndex { get; } = linearIndex;

    /// <summary>Position within the group.</summary>
    public Index3D GroupIndex { get; private set; }

    /// <summary>Place within its warp.</summary>
    public int Lane { get; private set; }

    /// <summary>Its warp.</summary>
    public CpuWarp Warp { get; private set; } = null!;

    /// <summary>How far it is.</summary>
    public CpuThreadState State { get; set; }

    /// <summary>The OS thread that it is suspended on.</summary>
    public CpuCarrier? Carrier { get; set; }

    /// <summary>What the barrier it last waited at gave.</summary>
    public int BarrierResult { get; set; }

    /// <summary>Makes it ready for another group.</summary>
    public void Reset(Index3D groupDim, CpuWarp warp)
    {
        GroupIndex = new(LinearIndex % groupDim.X, LinearIndex / groupDim.X % groupDim.Y, LinearIndex / groupDim.X / groupDim.Y);
        Warp = warp;
        Lane = LinearIndex - warp.FirstThread;
        State = CpuThreadState.NotStarted;
        Carrier = null;
        sharedAllocations = 0;
        isScratch = false;
    }

    /// <summary>Meets the group.</summary>
    public void Barrier() => Group.Meet(this, Group.Meeting, 0);

    /// <summary>Meets the group and counts for how many threads the predicate held.</summary>
    public int BarrierCount(bool predicate)
    {
        Group.Meet(this, Group.Meeting, predicate ? 1 : 0);
        return BarrierResult;
    }

    /// <summary>Meets the warp.</summary>
    public void WarpBarrier() => Group.Meet(this, Warp.Meeting, 0);

    /// <summary>The value of another lane; its own where that lane is not there.</summary>
    public T Shuffle<T>(T value, int sourceLane)
        where T : unmanaged
    {
        CpuWarp warp = Warp;
        int round = warp.Write(Lane, value);
        Group.Meet(this, warp.Meeting, 0);
        return warp.Read(sourceLane, round, value);
    }

    /// <summary>
    /// Memory of the group: the n-th call of each thread gives the same memory, between <see cref="BeginScratch"/> and <see cref="EndScratch"/> each.
    /// </summary>
    public ArrayView<T> AllocateShared<T>(int length)
        where T : unmanaged
    {
        long bytes = (long)length * sizeof(T);
        return new(null, isScratch ? Group.Shared.Scratch(bytes, typeof(T)) : Group.Shared.Allocate(sharedAllocations++, bytes, typeof(T)), length);
    }

    /// <summary>
    /// What is allocated now is done with at the function's last barrier, so that calls in a loop take no further memory. (A device's compiler
    /// has one allocation for each place in the code anyway.)
    /// </summary>
    [KernelIgnored]
    public static void BeginScratch() => Running.isScratch = true;

    /// <summary>Ends <see cref="BeginScratch"/>.</summary>
    [KernelIgnored]
    public static void EndScratch() => Running.isScratch = false;

    /// <summary>The memory whose size the launch gives.</summary>
    public ArrayView<T> DynamicShared<T>()
        where T : unmanaged
    {
        int length = Group.DynamicSharedBytes / sizeof(T);
        return length == 0 ? default : new(null, Group.Shared.Dynamic, length);
    }

    /// <summary>Memory of this thread until the group is done.</summary>
    public ArrayView<T> AllocateLocal<T>(int length)
        where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        nuint bytes = (nuint)Math.Max(1, (long)length * sizeof(T));
        nint address = (nint)NativeMemory.AlignedAlloc(bytes, 16);
        // Not a number, minus one: what was not written shows.
        NativeMemory.Fill((void*)address, bytes, 0xff);
        localMemory.Add(address);
        return new(null, address, length);
    }

    /// <summary>Frees the local memory.</summary>
    public void FreeLocal()
    {
        foreach (nint address in localMemory)
        {
            NativeMemory.AlignedFree((void*)address);
        }
        localMemory.Clear();
    }

    /// <summary>Where it stands, for messages.</summary>
    public string Describe() => $"group {Group.GridIndex}, thread {GroupIndex}";
}

/// <summary>Threads of a group that exchange registers.</summary>
internal sealed unsafe class CpuWarp(int firstThread, int size)
{
    private const int SlotBytes = 64;

    // Two sets of slots in turn: a lane that is already in the next exchange does not overwrite what another still reads.
    private readonly byte[] slots = new byte[2 * size * SlotBytes];
    private readonly int[] rounds = new int[size];

    /// <summary>The number within the group of lane 0.</summary>
    public int FirstThread { get; } = firstThread;

    /// <summary>Where its threads meet.</summary>
    public CpuMeeting Meeting { get; } = new();

    /// <summary>Forgets the exchanges of the last group.</summary>
    public void Reset(int threads)
    {
        Meeting.Reset(threads);
        Array.Clear(rounds);
    }

    /// <summary>Puts down a lane's value; returns the exchange's number.</summary>
    public int Write<T>(int lane, T value)
        where T : unmanaged
    {
        if (sizeof(T) > SlotBytes)
        {
            throw new NotSupportedException($"A shuffle of {typeof(T).Name} ({sizeof(T)} bytes): at most {SlotBytes} bytes are exchanged.");
        }
        int round = ++rounds[lane];
        Unsafe.WriteUnaligned(ref slots[Slot(lane, round)], value);
        return round;
    }

    /// <summary>The value that a lane put down in an exchange; `own` where it did not take part.</summary>
    public T Read<T>(int lane, int round, T own)
        where T : unmanaged
        => (uint)lane < (uint)rounds.Length && rounds[lane] >= round ? Unsafe.ReadUnaligned<T>(ref slots[Slot(lane, round)]) : own;

    private int Slot(int lane, int round) => (((round & 1) * rounds.Length) + lane) * SlotBytes;
}

/// <summary>A barrier: who waits, and for how many.</summary>
internal sealed class CpuMeeting
{
    /// <summary>Threads that have not left the kernel.</summary>
    public int Alive { get; set; }

    /// <summary>Those that wait.</summary>
    public List<CpuThread> Waiting { get; } = [];

    /// <summary>Sum of what they brought.</summary>
    public int Sum { get; set; }

    /// <summary>Begins anew with a number of threads.</summary>
    public void Reset(int threads)
    {
        Alive = threads;
        Waiting.Clear();
        Sum = 0;
    }
}
