using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Managed.Kernels.Linear;

/// <summary>Activations rounded to 8 bits: x ≈ Scale · Value in blocks of 32.</summary>
internal unsafe struct QuantisedInput
{
    public const int Block = 32;

    public sbyte* Values; // [tokens, inputs]
    public float* Scales; // [tokens, Stride]
    public float* Sums; // [tokens, Stride]: scale · Σ values, which minima of weights multiply; zeros behind the row's end
    public int* Offsets; // [tokens, 2 · Stride]: −128 · Σ values of each 16, for weights that have 128 added
    public int Columns;

    /// <summary>Blocks of a row, rounded up to whole vectors.</summary>
    public readonly int Stride => PaddedBlocks(Columns);

    public static int PaddedBlocks(int columns) => ((columns / Block) + 7) & ~7;

    /// <summary>The rows from a token on.</summary>
    public readonly QuantisedInput Slice(int firstToken)
    {
        return this with
        {
            Values = Values + ((long)firstToken * Columns),
            Scales = Scales + ((long)firstToken * Stride),
            Sums = Sums + ((long)firstToken * Stride),
            Offsets = Offsets + ((long)firstToken * 2 * Stride),
        };
    }

    /// <summary>Asks for a row.</summary>
    public readonly void PrefetchRow(int token)
    {
        Lanes.Prefetch((float*)(Values + ((long)token * Columns)), Columns / sizeof(float));
        Lanes.Prefetch(Scales + ((long)token * Stride), Stride);
        Lanes.Prefetch(Sums + ((long)token * Stride), Stride);
        Lanes.Prefetch((float*)Offsets + ((long)token * 2 * Stride), 2 * Stride);
    }

    /// <summary>One row: the largest magnitude of a block becomes 127.</summary>
    public readonly void QuantiseRow(int token, float* input) => Quantise(token, input, 0, Columns);

    /// <summary>Whole blocks of a row, of the elements from `first` to before `end`.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Quantise(int token, float* input, int first, int end)
    {
        int blocks = Columns / Block;
        sbyte* values = Values + ((long)token * Columns);
        float* scales = Scales + ((long)token * Stride), sums = Sums + ((long)token * Stride);
        int* offsets = Offsets + ((long)token * 2 * Stride);
        for (int b = end == Columns ? blocks : Stride; b < Stride; b++)
            scales[b] = sums[b] = 0;
        for (int b = first / Block; b < end / Block; b++)
        {
            float* x = input + (b * Block);
            Vector256<float> v0 = Vector256.Load(x), v1 = Vector256.Load(x + 8), v2 = Vector256.Load(x + 16), v3 = Vector256.Load(x + 24);
            float largest = LargestMagnitude(v0, v1, v2, v3), scale = largest / 127f, inverse = largest > 0 ? 127f / largest : 0;
            scales[b] = scale;
            if (!float.IsFinite(scale))
                v0 = v1 = v2 = v3 = default; // the scale alone says what became of the block
            Vector256<int> i0 = Round(v0 * inverse), i1 = Round(v1 * inverse), i2 = Round(v2 * inverse), i3 = Round(v3 * inverse);
            Narrow(i0, i1, i2, i3).Store(values + (b * Block));
            int low = Vector256.Sum(i0 + i1), high = Vector256.Sum(i2 + i3);
            sums[b] = scale * (low + high);
            offsets[2 * b] = -128 * low;
            offsets[(2 * b) + 1] = -128 * high;
        }
    }

    // Magnitudes compare like the integers that they are stored as; what is not a number is the largest.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float LargestMagnitude(Vector256<float> a, Vector256<float> b, Vector256<float> c, Vector256<float> d)
    {
        Vector256<int> most = Vector256.Max(
            Vector256.Max(Vector256.Abs(a).AsInt32(), Vector256.Abs(b).AsInt32()), Vector256.Max(Vector256.Abs(c).AsInt32(), Vector256.Abs(d).AsInt32()));
        Vector128<int> four = Vector128.Max(most.GetLower(), most.GetUpper());
        four = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        four = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(1, 0, 3, 2)));
        return four.AsSingle().ToScalar();
    }

    // 32 integers of −127…127 as bytes, in order.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<sbyte> Narrow(Vector256<int> a, Vector256<int> b, Vector256<int> c, Vector256<int> d)
    {
        if (!Avx2.IsSupported)
            return Vector256.Narrow(Vector256.Narrow(a, b), Vector256.Narrow(c, d));
        // Packing works on each half of a register: fours of a, b, c, d, and again.
        Vector256<sbyte> mixed = Avx2.PackSignedSaturate(Avx2.PackSignedSaturate(a, b), Avx2.PackSignedSaturate(c, d));
        return Avx2.PermuteVar8x32(mixed.AsInt32(), Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7)).AsSByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Round(Vector256<float> values) =>
        Avx.IsSupported ? Avx.ConvertToVector256Int32(values) : Vector256.ConvertToInt32(Vector256.Round(values));
}
