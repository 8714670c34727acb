using ILGPU.Runtime.CPU;

namespace ILGPU;

/// <summary>The threads that run together: where this one stands among them, and how they meet.</summary>
public static class Group
{
    /// <summary>This thread's x within the group.</summary>
    public static int IdxX => CpuThread.Running.GroupIndex.X;

    /// <summary>This thread's y within the group.</summary>
    public static int IdxY => CpuThread.Running.GroupIndex.Y;

    /// <summary>This thread's z within the group.</summary>
    public static int IdxZ => CpuThread.Running.GroupIndex.Z;

    /// <summary>The group's size along x.</summary>
    public static int DimX => CpuThread.Running.Group.GroupDim.X;

    /// <summary>The group's size along y.</summary>
    public static int DimY => CpuThread.Running.Group.GroupDim.Y;

    /// <summary>The group's size along z.</summary>
    public static int DimZ => CpuThread.Running.Group.GroupDim.Z;

    /// <summary>This thread's position within the group.</summary>
    public static Index3D Index => new(IdxX, IdxY, IdxZ);

    /// <summary>The group's size.</summary>
    public static Index3D Dimension => new(DimX, DimY, DimZ);

    /// <summary>This thread's number within the group: x runs fastest, then y, then z.</summary>
    public static int LinearIndex => IdxX + (DimX * (IdxY + (DimY * IdxZ)));

    /// <summary>Whether this is thread 0 of the group.</summary>
    public static bool IsFirstThread => LinearIndex == 0;

    /// <summary>Whether this is the last thread of the group.</summary>
    public static bool IsLastThread => LinearIndex == (DimX * DimY * DimZ) - 1;

    /// <summary>All threads of the group meet here, and see each other's earlier writes.</summary>
    public static void Barrier() => CpuThread.Running.Barrier();

    /// <summary>A barrier that tells every thread for how many of the group the predicate held.</summary>
    public static int BarrierPopCount(bool predicate) => CpuThread.Running.BarrierCount(predicate);

    /// <summary>A barrier that tells every thread whether the predicate held for all.</summary>
    public static bool BarrierAnd(bool predicate) => CpuThread.Running.BarrierCount(!predicate) == 0;

    /// <summary>A barrier that tells every thread whether the predicate held for any.</summary>
    public static bool BarrierOr(bool predicate) => CpuThread.Running.BarrierCount(predicate) != 0;

    /// <summary>A barrier that gives every thread the value of one of them, named by its number within the group.</summary>
    public static T Broadcast<T>(T value, int groupIndex)
        where T : unmanaged
    {
        CpuThread.BeginScratch();
        ref T slot = ref SharedMemory.Allocate<T>();
        CpuThread.EndScratch();
        if (LinearIndex == groupIndex)
        {
            slot = value;
        }
        Barrier();
        T result = slot;
        Barrier();
        return result;
    }
}
