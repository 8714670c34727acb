using ILGPU;

namespace Managed.Kernels.Gpu;

/// <summary>
/// Sums and maxima where threads of a warp can exchange values: first within each warp, then over the warps' results, each time with the
/// lane whose number differs in one bit. The group's size is a multiple of the warp's, at most 32 warps; one barrier before and one after.
/// </summary>
internal readonly struct WarpReduction : IGroupReduction
{
    public static float Sum(float value, ArrayView<float> shared)
    {
        float within = SumOfWarp(value);
        return SumOfWarp(Exchange(within, 0, shared));
    }

    public static float Maximum(float value, ArrayView<float> shared)
    {
        float within = MaximumOfWarp(value);
        return MaximumOfWarp(Exchange(within, float.NegativeInfinity, shared));
    }

    // Lane i gets the result of warp i, or what changes nothing.
    private static float Exchange(float ofWarp, float neutral, ArrayView<float> shared)
    {
        int lane = Group.IdxX & 31;
        Group.Barrier(); // what was exchanged last has been read
        if (lane == 0)
            shared[Group.IdxX >> 5] = ofWarp;
        Group.Barrier();
        return lane < (Group.DimX >> 5) ? shared[lane] : neutral;
    }

    /// <summary>The sum over the warp's lanes.</summary>
    public static float SumOfWarp(float value)
    {
        value += Warp.ShuffleXor(value, 16);
        value += Warp.ShuffleXor(value, 8);
        value += Warp.ShuffleXor(value, 4);
        value += Warp.ShuffleXor(value, 2);
        return value + Warp.ShuffleXor(value, 1);
    }

    private static float MaximumOfWarp(float value)
    {
        value = MathF.Max(value, Warp.ShuffleXor(value, 16));
        value = MathF.Max(value, Warp.ShuffleXor(value, 8));
        value = MathF.Max(value, Warp.ShuffleXor(value, 4));
        value = MathF.Max(value, Warp.ShuffleXor(value, 2));
        return MathF.Max(value, Warp.ShuffleXor(value, 1));
    }
}
