using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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
    }

    /// <summary>One row: the largest magnitude of a block becomes 127.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void QuantiseRow(int token, float* input)
    {
        int blocks = Columns / Block;
        sbyte* values = Values + ((long)token * Columns);
        float* scales = Scales + ((long)token * Stride), sums = Sums + ((long)token * Stride);
        int* offsets = Offsets + ((long)token * 2 * Stride);
        for (int b = blocks; b < Stride; b++)
            scales[b] = sums[b] = 0;
        for (int b = 0; b < blocks; b++)
        {
            float* x = input + (b * Block);
            Vector256<float> v0 = Vector256.Load(x), v1 = Vector256.Load(x + 8), v2 = Vector256.Load(x + 16), v3 = Vector256.Load(x + 24);
            Vector256<float> most = Vector256.Max(
                Vector256.Max(Vector256.Abs(v0), Vector256.Abs(v1)), Vector256.Max(Vector256.Abs(v2), Vector256.Abs(v3)));
            float largest = 0;
            for (int i = 0; i < 8; i++)
                largest = MathF.Max(largest, most.GetElement(i));
            float scale = largest / 127f, inverse = largest > 0 ? 127f / largest : 0;
            Vector256<int> i0 = Round(v0 * inverse), i1 = Round(v1 * inverse), i2 = Round(v2 * inverse), i3 = Round(v3 * inverse);
            Vector256<sbyte> packed = Vector256.Narrow(Vector256.Narrow(i0, i1), Vector256.Narrow(i2, i3));
            packed.Store(values + (b * Block));
            scales[b] = scale;
            int first = Vector256.Sum(i0 + i1), second = Vector256.Sum(i2 + i3);
            sums[b] = scale * (first + second);
            offsets[2 * b] = -128 * first;
            offsets[(2 * b) + 1] = -128 * second;
        }
    }

    private static Vector256<int> Round(Vector256<float> values) => Vector256.ConvertToInt32(Vector256.Round(values));
}
