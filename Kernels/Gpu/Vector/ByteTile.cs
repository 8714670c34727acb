using ILGPU;
using Managed.Ilgpu.Extensions;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>
/// Integers with scales for 32 or 16 of them: the tensor cores' sums of a block are exact, the rest is added in float32.
/// w = scale · q + minimum.
/// </summary>
internal readonly struct ByteTile<TIntegers, TScales> : ITileFormat
    where TIntegers : struct, ITileIntegers
    where TScales : struct, ITileScales
{
    private const int Blocks = 8;

    public static int Columns => 32 * Blocks;

    public static int Quads => TIntegers.Quads + TIntegers.HighQuads;

    public static int ScaleQuads => TScales.Quads;

    public static int InputSpan(int tokens) => TokenPlanes.ByteSpan(tokens);

    public static bool TakesBytes => true;

    public static int SpansTogether => Quads + ScaleQuads <= 3 ? 2 : 1;

    public static int MostWarps => TIntegers.HighQuads > 0 ? 8 : SpansTogether > 1 || TScales.HasMinimum ? 12 : 16;

    public static int SortingWarps => 12;

    public static (int Least, int Together) Warps(bool isPaired) => (isPaired, Quads >= 4) switch
    {
        (false, true) => (4, 16),
        (false, false) => (2, 12),
        (true, false) when TScales.HasMinimum => (1, 8),
        (true, _) => (3, 12),
    };

    public static bool TileAfterTile => TIntegers.HighQuads > 0;

    public static float Factor => TIntegers.Factor;

    public static Quad Read(VectorProjection matrix, long row, int span, int c, int i)
    {
        if (i < TIntegers.Quads)
        {
            int quad = (4 * ((span * TIntegers.Quads) + i)) + c;
            return ReadOnly.LoadOnceAhead(ref matrix.Quants[(row * matrix.QuantStride) + IntrinsicMath.Min(quad, matrix.QuantStride - 1)]);
        }
        int high = TIntegers.HighQuad(span, c, i - TIntegers.Quads);
        return matrix.High[(row * matrix.HighStride) + IntrinsicMath.Min(high, matrix.HighStride - 1)];
    }

    public static Quad ReadScale(VectorProjection matrix, long row, int span, int i) => TScales.Read(matrix, row, span, i);

    public static void MultiplyAdd<TTokens>(
        ref float sum0, ref float sum8, ArrayView<Quad> w, int first, ArrayView<Quad> scales, int firstScale, ArrayView<Quad> input, int lane, int token)
        where TTokens : struct, IConstant
    {
        int c = lane & 3;
        Quad tokenScales = default, tokenSums = default, x = default;
        for (int i = 0; i < Blocks; i++)
        {
            if (i % 4 == 0)
            {
                tokenScales = input[TokenPlanes.ByteScales(TTokens.Value) + (2 * token) + (i / 4)];
                if (TScales.HasMinimum)
                    tokenSums = input[TokenPlanes.ByteSums(TTokens.Value) + (2 * token) + (i / 4)];
            }
            if (i % 2 == 0)
                x = input[(8 * TTokens.Value * (i / 2)) + lane];
            float tokenScale = Interop.IntAsFloat(tokenScales.Word(i & 3));
            uint even = (i & 1) == 0 ? x.X : x.Z, odd = (i & 1) == 0 ? x.Y : x.W;
            uint w0 = TIntegers.Even(w, first, i, c), w0Odd = TIntegers.Odd(w, first, i, c);
            uint w8 = TIntegers.Even(w, first + Quads, i, c), w8Odd = TIntegers.Odd(w, first + Quads, i, c);
            if (TScales.HalvesOfBlocks)
            {
                // the first 16 columns are those of lanes 0 and 1 of four
                uint keep = c < 2 ? ~0u : 0;
                Add(ref sum0, ref sum8, TensorMath.Multiply(w0 & keep, w8 & keep, w0Odd & keep, w8Odd & keep, even, odd), tokenScale, scales, firstScale, 2 * i);
                Add(ref sum0, ref sum8, TensorMath.Multiply(w0 & ~keep, w8 & ~keep, w0Odd & ~keep, w8Odd & ~keep, even, odd), tokenScale, scales, firstScale, (2 * i) + 1);
            }
            else
            {
                Add(ref sum0, ref sum8, TensorMath.Multiply(w0, w8, w0Odd, w8Odd, even, odd), tokenScale, scales, firstScale, i);
            }
            if (TScales.HasMinimum)
            {
                float tokenSum = Interop.IntAsFloat(tokenSums.Word(i & 3));
                sum0 = Arithmetic.MultiplyAdd(TScales.Minimum(scales, firstScale, i), tokenSum, sum0);
                sum8 = Arithmetic.MultiplyAdd(TScales.Minimum(scales, firstScale + ScaleQuads, i), tokenSum, sum8);
            }
        }
    }

    private static void Add(ref float sum0, ref float sum8, TileSums<int> sums, float tokenScale, ArrayView<Quad> scales, int firstScale, int i)
    {
        sum0 = Arithmetic.MultiplyAdd((sums.Greater0 << 8) + sums.Lesser0, TScales.Scale(scales, firstScale, i) * tokenScale, sum0);
        sum8 = Arithmetic.MultiplyAdd((sums.Greater8 << 8) + sums.Lesser8, TScales.Scale(scales, firstScale + ScaleQuads, i) * tokenScale, sum8);
    }
}
