using ILGPU;
using Managed.Ilgpu.Extensions;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>Eight neighbouring weights as bfloat16 parts whose sum they are.</summary>
internal interface ITileNumbers
{
    /// <summary>Quads for eight weights: 1 or 2.</summary>
    static abstract int Quads { get; }

    static abstract int Parts { get; }

    /// <summary>Weights 2·pair and 2·pair + 1, the first in the low half.</summary>
    static abstract uint Part(ArrayView<Quad> w, int first, int pair, int part);
}

/// <summary>Floating-point weights: the sums of a span are the tensor cores', the rest is added in float32.</summary>
internal readonly struct NumberTile<TNumbers> : ITileFormat
    where TNumbers : struct, ITileNumbers
{
    // Four quads of a row are on their way at once.
    private static int Steps => 4 / TNumbers.Quads;

    public static int Columns => 32 * Steps;

    public static int Quads => 4;

    public static int ScaleQuads => 0;

    public static int InputSpan(int tokens) => TokenPlanes.BrainStep(tokens) * Steps;

    public static bool TakesBytes => false;

    public static int SpansTogether => 2;

    // Halves are loaded and taken apart side by side: 128 registers are too few for that.
    public static int MostWarps => TNumbers.Parts == 2 ? 12 : 16;

    // Two groups of eight, where weights need no taking apart.
    public static int SortingWarps => TNumbers.Parts == 1 ? 16 : 8;

    public static (int Least, int Together) Warps(bool isPaired) => (isPaired && TNumbers.Parts == 1 ? 8 : 4, 16);

    public static bool TileAfterTile => false;

    public static float Factor => 1;

    public static Quad Read(VectorProjection matrix, long row, int span, int c, int i)
    {
        int step = (span * Steps) + (i / TNumbers.Quads), quad = (((4 * step) + c) * TNumbers.Quads) + (i % TNumbers.Quads);
        return ReadOnly.LoadOnceAhead(ref matrix.Quants[(row * matrix.QuantStride) + IntrinsicMath.Min(quad, matrix.QuantStride - 1)]);
    }

    public static Quad ReadScale(VectorProjection matrix, long row, int span, int i) => default;

    public static void MultiplyAdd<TTokens>(
        ref float sum0, ref float sum8, ArrayView<Quad> w, int first, ArrayView<Quad> scales, int firstScale, ArrayView<Quad> input, int lane, int token)
        where TTokens : struct, IConstant
    {
        TileSums<float> sums = default, others = default; // two chains, so that neither waits for itself
        for (int i = 0; i < Steps; i++)
        {
            Quad x = input[(TokenPlanes.BrainStep(TTokens.Value) * i) + lane];
            int w0 = first + (i * TNumbers.Quads), w8 = w0 + Quads;
            for (int part = 0; part < TNumbers.Parts; part++)
            {
                TensorMath.MultiplyAdd(ref sums, TNumbers.Part(w, w0, 0, part), TNumbers.Part(w, w8, 0, part), TNumbers.Part(w, w0, 1, part), TNumbers.Part(w, w8, 1, part), x.X, x.Y);
                TensorMath.MultiplyAdd(ref others, TNumbers.Part(w, w0, 2, part), TNumbers.Part(w, w8, 2, part), TNumbers.Part(w, w0, 3, part), TNumbers.Part(w, w8, 3, part), x.Z, x.W);
            }
        }
        sum0 += sums.Greater0 + others.Greater0 + (sums.Lesser0 + others.Lesser0);
        sum8 += sums.Greater8 + others.Greater8 + (sums.Lesser8 + others.Lesser8);
    }
}

/// <summary>bfloat16 as it is stored.</summary>
internal readonly struct TileBrains : ITileNumbers
{
    public static int Quads => 1;

    public static int Parts => 1;

    public static uint Part(ArrayView<Quad> w, int first, int pair, int part) => w[first].Word(pair);
}

/// <summary>IEEE halves: eight bits of the significand, and the other three.</summary>
internal readonly struct TileHalves : ITileNumbers
{
    public static int Quads => 1;

    public static int Parts => 2;

    public static uint Part(ArrayView<Quad> w, int first, int pair, int part)
    {
        uint word = w[first].Word(pair);
        return Parting.Part(TileScales.Low(word), TileScales.High(word), part);
    }
}

/// <summary>float32: three times eight bits of the significand.</summary>
internal readonly struct TileSingles : ITileNumbers
{
    public static int Quads => 2;

    public static int Parts => 3;

    public static uint Part(ArrayView<Quad> w, int first, int pair, int part)
    {
        Quad quad = w[first + (pair >> 1)];
        return Parting.Part(Interop.IntAsFloat(quad.Word(2 * (pair & 1))), Interop.IntAsFloat(quad.Word((2 * (pair & 1)) + 1)), part);
    }
}

/// <summary>Numbers as sums of bfloat16: each part is cut off, and the next one is of what is left.</summary>
internal static class Parting
{
    public static uint Part(float low, float high, int part)
    {
        for (int i = 0; i < part; i++)
        {
            low -= Cut(low);
            high -= Cut(high);
        }
        return (Interop.FloatAsInt(low) >> 16) | (Interop.FloatAsInt(high) & 0xFFFF0000u);
    }

    private static float Cut(float x) => Interop.IntAsFloat(Interop.FloatAsInt(x) & 0xFFFF0000u);
}
