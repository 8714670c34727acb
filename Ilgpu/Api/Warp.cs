using ILGPU.Runtime.CPU;

namespace ILGPU;

/// <summary>The threads of a group that run in lock step and can read each other's registers.</summary>
/// <remarks>A lane that asks for a value from outside its warp (or its sub-warp) gets its own.</remarks>
public static class Warp
{
    /// <summary>Threads of a warp.</summary>
    public static int WarpSize => CpuThread.Running.Group.WarpSize;

    /// <summary>This thread's place in its warp.</summary>
    public static int LaneIdx => CpuThread.Running.Lane;

    /// <summary>Whether this is lane 0.</summary>
    public static bool IsFirstLane => LaneIdx == 0;

    /// <summary>Whether this is the last lane.</summary>
    public static bool IsLastLane => LaneIdx == WarpSize - 1;

    /// <summary>The warp's number within the group.</summary>
    public static int WarpIdx => Group.LinearIndex / WarpSize;

    /// <summary>The warp of a thread of the group.</summary>
    public static int ComputeWarpIdx(Index1D groupThreadIdx) => groupThreadIdx.X / WarpSize;

    /// <summary>The lane of a thread of the group.</summary>
    public static int ComputeWarpThreadIdx(Index1D groupThreadIdx) => groupThreadIdx.X % WarpSize;

    /// <summary>The threads of the warp meet, and see each other's earlier writes.</summary>
    public static void Barrier() => CpuThread.Running.WarpBarrier();

    /// <summary>The value of another lane.</summary>
    public static T Shuffle<T>(T variable, int sourceLane)
        where T : unmanaged
        => Shuffle(variable, sourceLane, WarpSize);

    /// <summary>The value of another lane of the sub-warp of `width` lanes (a power of two).</summary>
    public static T Shuffle<T>(T variable, int sourceLane, int width)
        where T : unmanaged
    {
        CpuThread thread = CpuThread.Running;
        int first = thread.Lane & -width;
        return thread.Shuffle(variable, first + (sourceLane & (width - 1)));
    }

    /// <summary>The value of the lane that stands `delta` further on.</summary>
    public static T ShuffleDown<T>(T variable, int delta)
        where T : unmanaged
        => ShuffleDown(variable, delta, WarpSize);

    /// <summary>The value of the lane that stands `delta` further on in the sub-warp of `width` lanes (a power of two).</summary>
    public static T ShuffleDown<T>(T variable, int delta, int width)
        where T : unmanaged
    {
        CpuThread thread = CpuThread.Running;
        int source = thread.Lane + delta;
        return thread.Shuffle(variable, source < (thread.Lane & -width) + width ? source : thread.Lane);
    }

    /// <summary>The value of the lane that stands `delta` before.</summary>
    public static T ShuffleUp<T>(T variable, int delta)
        where T : unmanaged
        => ShuffleUp(variable, delta, WarpSize);

    /// <summary>The value of the lane that stands `delta` before in the sub-warp of `width` lanes (a power of two).</summary>
    public static T ShuffleUp<T>(T variable, int delta, int width)
        where T : unmanaged
    {
        CpuThread thread = CpuThread.Running;
        int source = thread.Lane - delta;
        return thread.Shuffle(variable, source >= (thread.Lane & -width) ? source : thread.Lane);
    }

    /// <summary>The value of the lane whose number is this one's xor the mask.</summary>
    public static T ShuffleXor<T>(T variable, int mask)
        where T : unmanaged
        => ShuffleXor(variable, mask, WarpSize);

    /// <summary>The value of the lane whose number is this one's xor the mask, if it lies in the same sub-warp of `width` lanes (a power of two).</summary>
    public static T ShuffleXor<T>(T variable, int mask, int width)
        where T : unmanaged
    {
        CpuThread thread = CpuThread.Running;
        int source = thread.Lane ^ mask;
        return thread.Shuffle(variable, source < (thread.Lane & -width) + width ? source : thread.Lane);
    }

    /// <summary>The value of one lane for the whole warp.</summary>
    public static T Broadcast<T>(T value, int sourceLane)
        where T : unmanaged
        => Shuffle(value, sourceLane);
}
