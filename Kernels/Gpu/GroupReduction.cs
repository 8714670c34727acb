using ILGPU;

namespace Managed.Kernels.Gpu;

/// <summary>How the threads of a group agree on a number. Every thread of the group calls, and gets the result.</summary>
internal interface IGroupReduction
{
    /// <summary>The sum of all threads' values, in an order that depends on the group's size alone.</summary>
    static abstract float Sum(float value, ArrayView<float> shared);

    /// <summary>The greatest of all threads' values.</summary>
    static abstract float Maximum(float value, ArrayView<float> shared);
}

/// <summary>
/// Sums and maxima over the threads of a group, in shared memory: the plain way, for every device. Thread i's value is added to
/// thread i + half's, with half from half the group down to 1, so that the order depends on the group's size alone.
/// The group's size is a power of two.
/// </summary>
internal readonly struct GroupReduction : IGroupReduction
{
    /// <summary>Threads a group may have.</summary>
    public const int MostThreads = 256;

    /// <summary>The memory that a kernel's reductions share: once for each kernel.</summary>
    public static ArrayView<float> Allocate() => SharedMemory.Allocate<float>(MostThreads);

    public static float Sum(float value, ArrayView<float> shared)
    {
        int thread = Group.IdxX;
        shared[thread] = value;
        Group.Barrier();
        for (int half = Group.DimX >> 1; half > 0; half >>= 1)
        {
            if (thread < half)
                shared[thread] += shared[thread + half];
            Group.Barrier();
        }
        float sum = shared[0];
        Group.Barrier();
        return sum;
    }

    public static float Maximum(float value, ArrayView<float> shared)
    {
        int thread = Group.IdxX;
        shared[thread] = value;
        Group.Barrier();
        for (int half = Group.DimX >> 1; half > 0; half >>= 1)
        {
            if (thread < half)
                shared[thread] = MathF.Max(shared[thread], shared[thread + half]);
            Group.Barrier();
        }
        float most = shared[0];
        Group.Barrier();
        return most;
    }
}
