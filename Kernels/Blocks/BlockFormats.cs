namespace Managed.Kernels.Blocks;

/// <summary>What is known of each storage type: its block, how it becomes float32, whether kernels read it in place.</summary>
internal static unsafe class BlockFormats
{
    private sealed class Entry(int elements, int bytes, delegate*<float*, byte*, void> dequantise, bool direct)
    {
        public readonly int Elements = elements;
        public readonly int Bytes = bytes;
        public readonly delegate*<float*, byte*, void> Dequantise = dequantise;
        public readonly bool Direct = direct;
    }

    private static readonly Dictionary<WeightType, Entry> Entries = new()
    {
        [WeightType.F32] = Of<F32>(direct: true),
        [WeightType.F16] = Of<F16>(direct: true),
        [WeightType.BF16] = Of<BF16>(direct: true),
        [WeightType.Q8_0] = Of<Q8_0>(direct: true),
        [WeightType.Q4_0] = Of<Q4_0>(direct: true),
        [WeightType.Q4_1] = Of<Q4_1>(direct: true),
        [WeightType.Q5_0] = Of<Q5_0>(direct: true),
        [WeightType.Q5_1] = Of<Q5_1>(direct: true),
        [WeightType.Q4_K] = Of<Q4_K>(direct: true),
        [WeightType.Q5_K] = Of<Q5_K>(direct: true),
        [WeightType.Q6_K] = Of<Q6_K>(direct: true),
        [WeightType.IQ4_NL] = Of<IQ4_NL>(direct: true),
        [WeightType.MXFP4] = Of<MXFP4>(direct: true),
        [WeightType.Q2_K] = Of<Q2_K>(direct: false),
        [WeightType.Q3_K] = Of<Q3_K>(direct: false),
        [WeightType.IQ4_XS] = Of<IQ4_XS>(direct: false),
        [WeightType.IQ2_XXS] = Of<IQ2_XXS>(direct: false),
        [WeightType.IQ2_XS] = Of<IQ2_XS>(direct: false),
        [WeightType.IQ2_S] = Of<IQ2_S>(direct: false),
        [WeightType.IQ3_XXS] = Of<IQ3_XXS>(direct: false),
        [WeightType.IQ3_S] = Of<IQ3_S>(direct: false),
        [WeightType.IQ1_S] = Of<IQ1_S>(direct: false),
        [WeightType.IQ1_M] = Of<IQ1_M>(direct: false),
        [WeightType.TQ1_0] = Of<TQ1_0>(direct: false),
        [WeightType.TQ2_0] = Of<TQ2_0>(direct: false),
        [WeightType.NVFP4] = Of<NVFP4>(direct: false),
        [WeightType.Q1_0] = Of<Q1_0>(direct: false),
    };

    private static Entry Of<TFormat>(bool direct)
        where TFormat : struct, IBlockFormat =>
        new(TFormat.Elements, TFormat.Bytes, &TFormat.Dequantise, direct);

    /// <summary>Types that can be read at all.</summary>
    public static IEnumerable<WeightType> Known => Entries.Keys;

    /// <summary>Whether the type can be read at all.</summary>
    public static bool IsKnown(WeightType type) => Entries.ContainsKey(type);

    /// <summary>Whether kernels read the type in place.</summary>
    public static bool IsDirect(WeightType type) => Find(type).Direct;

    /// <summary>Elements of a block: a row's length is a multiple of it.</summary>
    public static int Elements(WeightType type) => Find(type).Elements;

    /// <summary>Bytes of a row.</summary>
    public static long RowBytes(WeightType type, int columns) => (long)columns / Find(type).Elements * Find(type).Bytes;

    /// <summary>Whole blocks as float32; `values` holds a multiple of the block's elements.</summary>
    public static void Dequantise(WeightType type, Span<float> values, byte* stored)
    {
        Entry entry = Find(type);
        fixed (float* output = values)
            for (int i = 0; i + entry.Elements <= values.Length; i += entry.Elements, stored += entry.Bytes)
                entry.Dequantise(output + i, stored);
    }

    private static Entry Find(WeightType type) => Entries.TryGetValue(type, out Entry? entry) ? entry
        : throw new DeviceException($"Weights of type {type} cannot be read: no decoder is known for it.");
}
