using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>Which kernel computes a linear layer of which weight type, in which precision.</summary>
internal static unsafe class LinearKernels
{
    private static readonly delegate*<in LinearArguments, int, int, float*, void>[] Exact = new delegate*<in LinearArguments, int, int, float*, void>[64];
    private static readonly delegate*<in LinearArguments, int, int, float*, void>[] Fast = new delegate*<in LinearArguments, int, int, float*, void>[64];
    private static readonly TilePacking?[] s_packing = new TilePacking?[64];

    static LinearKernels()
    {
        Exact[(int)WeightType.F32] = &ExactLinear<SingleRows>.Run;
        Exact[(int)WeightType.F16] = &ExactLinear<HalfRows<AnyHalves>>.Run;
        Exact[(int)WeightType.BF16] = &ExactLinear<BrainRows>.Run;
        Add<Q4_0>(WeightType.Q4_0);
        Add<Q4_1>(WeightType.Q4_1);
        Add<Q5_0>(WeightType.Q5_0);
        Add<Q5_1>(WeightType.Q5_1);
        Add<Q8_0>(WeightType.Q8_0);
        Add<Q4_K>(WeightType.Q4_K);
        Add<Q5_K>(WeightType.Q5_K);
        Add<Q6_K>(WeightType.Q6_K);
        Add<IQ4_NL>(WeightType.IQ4_NL);
        Add<MXFP4>(WeightType.MXFP4);
    }

    private static void Add<TFormat>(WeightType type)
        where TFormat : struct, IIntegerFormat
    {
        Exact[(int)type] = &ExactLinear<IntegerRows<TFormat>>.Run;
        Fast[(int)type] = &FastLinear<TFormat>.Run;
        if (PackedTile<TFormat>.IsSupported)
            s_packing[(int)type] = new TilePacking<TFormat>();
    }

    /// <summary>Whether the type has a kernel for 8-bit activations.</summary>
    public static bool HasFast(WeightType type) => Fast[(int)type] != null;

    /// <summary>How rows of the type are packed; null: they stay as they are stored.</summary>
    public static TilePacking? Packing(WeightType type) => s_packing[(int)type];

    /// <summary>What computes outputs [first row, end row) of all tokens, with some scratch; null: the type has no kernel of this precision.</summary>
    public static delegate*<in LinearArguments, int, int, float*, void> Kernel(WeightType type, bool fast) => (fast ? Fast : Exact)[(int)type];

    /// <summary>The same for float16 weights that are known to be finite.</summary>
    public static delegate*<in LinearArguments, int, int, float*, void> FiniteHalfKernel => &ExactLinear<HalfRows<FiniteHalves>>.Run;
}
