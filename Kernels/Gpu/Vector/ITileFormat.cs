using ILGPU;
using Managed.Ilgpu.Extensions;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>How a stored type meets the tensor cores: a warp multiplies 16 rows and a span of columns, lane 4g + c the rows g and g + 8.</summary>
internal interface ITileFormat
{
    /// <summary>Columns of a span.</summary>
    static abstract int Columns { get; }

    /// <summary>Quads of a row that a lane reads for a span: every fourth, from the (lane mod 4)-th on.</summary>
    static abstract int Quads { get; }

    /// <summary>Quads of a row's scales for a span, which every lane reads.</summary>
    static abstract int ScaleQuads { get; }

    /// <summary>Quads of <see cref="TokenPlanes"/> for a span of four tokens.</summary>
    static abstract int InputSpan { get; }

    /// <summary>What all sums are to be multiplied by in the end.</summary>
    static abstract float Factor { get; }

    /// <summary>Adds the products of a span; the sums of rows g and g + 8 for token c.</summary>
    /// <param name="sum0">Of row g.</param>
    /// <param name="sum8">Of row g + 8.</param>
    /// <param name="w">Quads of row g, then of row g + 8.</param>
    /// <param name="first">The first of them.</param>
    /// <param name="scales">Quads of scales of row g and of row g + 8.</param>
    /// <param name="scale">The first of them.</param>
    /// <param name="input">The span of <see cref="TokenPlanes"/>.</param>
    /// <param name="lane">The lane whose activations these are.</param>
    static abstract void MultiplyAdd(
        ref float sum0, ref float sum8, ArrayView<Quad> w, int first, ArrayView<Quad> scales, int scale, ArrayView<Quad> input, int lane);
}

/// <summary>bfloat16 weights: the sums of a span are the tensor cores', the rest is added in float32.</summary>
internal readonly struct BrainTile : ITileFormat
{
    public static int Columns => 128;

    public static int Quads => 4;

    public static int ScaleQuads => 0;

    public static int InputSpan => TokenPlanes.BrainStep * Columns / 32;

    public static float Factor => 1;

    public static void MultiplyAdd(
        ref float sum0, ref float sum8, ArrayView<Quad> w, int first, ArrayView<Quad> scales, int scale, ArrayView<Quad> input, int lane)
    {
        TileSums<float> sums = default, others = default; // two chains, so that neither waits for itself
        for (int i = 0; i < Quads; i++)
        {
            Quad x = input[(TokenPlanes.BrainStep * i) + lane], w0 = w[first + i], w8 = w[first + Quads + i];
            TensorMath.MultiplyAdd(ref sums, w0.X, w8.X, w0.Y, w8.Y, x.X, x.Y);
            TensorMath.MultiplyAdd(ref others, w0.Z, w8.Z, w0.W, w8.W, x.Z, x.W);
        }
        sum0 += sums.Greater0 + others.Greater0 + (sums.Lesser0 + others.Lesser0);
        sum8 += sums.Greater8 + others.Greater8 + (sums.Lesser8 + others.Lesser8);
    }
}

/// <summary>Integers with a half for each 32: the tensor cores' sums of 32 columns are exact, the rest is added in float32.</summary>
internal readonly struct ByteTile<TIntegers> : ITileFormat
    where TIntegers : struct, ITileIntegers
{
    public static int Columns => 256;

    public static int Quads => TIntegers.Quads;

    public static int ScaleQuads => 1;

    public static int InputSpan => TokenPlanes.ByteSpan;

    public static float Factor => TIntegers.Factor;

    public static void MultiplyAdd(
        ref float sum0, ref float sum8, ArrayView<Quad> w, int first, ArrayView<Quad> scales, int scale, ArrayView<Quad> input, int lane)
    {
        Quad s0 = scales[scale], s8 = scales[scale + 1];
        int token = (4 * 32) + (2 * (lane & 3));
        Quad t0 = input[token], t1 = input[token + 1];
        for (int i = 0; i < 4; i++)
        {
            Quad x = input[(32 * i) + lane];
            uint pair0 = Word(s0, i), pair8 = Word(s8, i);
            Add(ref sum0, ref sum8, w, first, 2 * i, x.X, x.Y, Low(pair0), Low(pair8), Interop.IntAsFloat(Word(i < 2 ? t0 : t1, 2 * (i & 1))));
            Add(ref sum0, ref sum8, w, first, (2 * i) + 1, x.Z, x.W, High(pair0), High(pair8), Interop.IntAsFloat(Word(i < 2 ? t0 : t1, (2 * (i & 1)) + 1)));
        }
    }

    private static void Add(
        ref float sum0, ref float sum8, ArrayView<Quad> w, int first, int block, uint even, uint odd, float scale0, float scale8, float tokenScale)
    {
        uint w0 = TIntegers.Even(w, first, block), w0Odd = TIntegers.Odd(w, first, block);
        uint w8 = TIntegers.Even(w, first + Quads, block), w8Odd = TIntegers.Odd(w, first + Quads, block);
        TileSums<int> sums = TensorMath.Multiply(w0, w8, w0Odd, w8Odd, even, odd);
        sum0 = Arithmetic.MultiplyAdd((sums.Greater0 << 8) + sums.Lesser0, scale0 * tokenScale, sum0);
        sum8 = Arithmetic.MultiplyAdd((sums.Greater8 << 8) + sums.Lesser8, scale8 * tokenScale, sum8);
    }

    private static uint Word(Quad quad, int i) => i == 0 ? quad.X : i == 1 ? quad.Y : i == 2 ? quad.Z : quad.W;

    private static float Low(uint pair) => (float)BitConverter.UInt16BitsToHalf((ushort)(pair & 0xFFFFu));

    private static float High(uint pair) => (float)BitConverter.UInt16BitsToHalf((ushort)(pair >> 16));
}

/// <summary>Eight neighbouring integers of a block of 32 as signed bytes: those in even and in odd columns.</summary>
internal interface ITileIntegers
{
    static abstract int Quads { get; }

    static abstract float Factor { get; }

    static abstract uint Even(ArrayView<Quad> w, int first, int block);

    static abstract uint Odd(ArrayView<Quad> w, int first, int block);
}

/// <summary>Signed bytes: a quad holds the lane's eight of two blocks.</summary>
internal readonly struct TileBytes : ITileIntegers
{
    public static int Quads => 4;

    public static float Factor => 1;

    public static uint Even(ArrayView<Quad> w, int first, int block)
    {
        Quad quad = w[first + (block >> 1)];
        return (block & 1) == 0 ? Permute(quad.X, quad.Y, 0x6420) : Permute(quad.Z, quad.W, 0x6420);
    }

    public static uint Odd(ArrayView<Quad> w, int first, int block)
    {
        Quad quad = w[first + (block >> 1)];
        return (block & 1) == 0 ? Permute(quad.X, quad.Y, 0x7531) : Permute(quad.Z, quad.W, 0x7531);
    }

    private static uint Permute(uint low, uint high, uint order)
    {
        ILGPU.Runtime.Cuda.CudaAsm.Emit("prmt.b32 %0, %1, %2, %3;", out uint result, low, high, order);
        return result;
    }
}

/// <summary>Nibbles less 8, sixteenfold: a quad holds the lane's eight of four blocks.</summary>
internal readonly struct TileNibblesCentred : ITileIntegers
{
    public static int Quads => 2;

    public static float Factor => 1f / 16;

    public static uint Even(ArrayView<Quad> w, int first, int block) => ((Word(w, first, block) << 4) & 0xF0F0F0F0u) ^ 0x80808080u;

    public static uint Odd(ArrayView<Quad> w, int first, int block) => (Word(w, first, block) & 0xF0F0F0F0u) ^ 0x80808080u;

    private static uint Word(ArrayView<Quad> w, int first, int block)
    {
        Quad quad = w[first + (block >> 2)];
        int i = block & 3;
        return i == 0 ? quad.X : i == 1 ? quad.Y : i == 2 ? quad.Z : quad.W;
    }
}
