using ILGPU;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>How a number becomes two that the tensor cores take.</summary>
internal interface ITokenPlanes
{
    /// <inheritdoc cref="PlaneKernels.WriteBrain{TTokens}"/>
    static abstract void Write<TTokens>(ArrayView<Quad> planes, int token, int eight, int tileQuads, Eight x)
        where TTokens : struct, IConstant;
}

/// <summary>x ≈ greater + lesser, both bfloat16: to 2⁻¹⁷ of x.</summary>
internal readonly struct BrainPlanes : ITokenPlanes
{
    public static void Write<TTokens>(ArrayView<Quad> planes, int token, int eight, int tileQuads, Eight x)
        where TTokens : struct, IConstant => PlaneKernels.WriteBrain<TTokens>(planes, token, eight, tileQuads, x);
}

/// <summary>x ≈ scale · (256·greater + lesser), both signed bytes, with a scale for 32 columns: to 2⁻¹⁶ of the greatest of these.</summary>
internal readonly struct BytePlanes : ITokenPlanes
{
    public static void Write<TTokens>(ArrayView<Quad> planes, int token, int eight, int tileQuads, Eight x)
        where TTokens : struct, IConstant => PlaneKernels.WriteBytes<TTokens>(planes, token, eight, tileQuads, x);
}

/// <summary>Sorts activations into <see cref="TokenPlanes"/>; a thread for each eight columns of a token, the padding's too.</summary>
internal static class PlaneKernels
{
    /// <param name="planes">Where to.</param>
    /// <param name="input">The activations. // [tokens, columns]</param>
    /// <param name="tileQuads"><see cref="TokenPlanes.TileQuads"/>.</param>
    /// <param name="apart">1; or <see cref="TokenPlanes.TokensOfTile"/>: each token has a tile to itself.</param>
    public static void Run<TPlanes, TOrder>(ArrayView<Quad> planes, StoredRows input, int tileQuads, int apart)
        where TPlanes : struct, ITokenPlanes
        where TOrder : struct, ILaunchOrder
    {
        TOrder.LetNextBegin();
        TOrder.AwaitPrevious();
        int eight = (Grid.IdxX * Group.DimX) + Group.IdxX, token = Grid.IdxY;
        TPlanes.Write<TileTokens>(planes, token * apart, eight, tileQuads, input.Read(token, eight));
    }

    /// <summary>Writes eight columns of a token; TTokens are those of a tile.</summary>
    /// <param name="planes">Where to.</param>
    /// <param name="token">Its place among the tiles' tokens.</param>
    /// <param name="eight">Which eight columns.</param>
    /// <param name="tileQuads"><see cref="TokenPlanes.TileQuads"/>.</param>
    /// <param name="x">The activations.</param>
    public static void WriteBrain<TTokens>(ArrayView<Quad> planes, int token, int eight, int tileQuads, Eight x)
        where TTokens : struct, IConstant
    {
        int tile = token / TTokens.Value, part = 2 * (token % TTokens.Value);
        int at = (tile * tileQuads) + (TokenPlanes.BrainStep(TTokens.Value) * (eight >> 2)) + (4 * part) + (eight & 3);
        Quad greater = Pack(x.V0, x.V1, x.V2, x.V3, x.V4, x.V5, x.V6, x.V7), lesser = Pack(
            x.V0 - Low(greater.X), x.V1 - High(greater.X), x.V2 - Low(greater.Y), x.V3 - High(greater.Y),
            x.V4 - Low(greater.Z), x.V5 - High(greater.Z), x.V6 - Low(greater.W), x.V7 - High(greater.W));
        planes[at] = greater;
        planes[at + 4] = lesser;
    }

    private static Quad Pack(float a, float b, float c, float d, float e, float f, float g, float h)
    {
        Quad packed;
        packed.X = Nearest(a) | (Nearest(b) << 16);
        packed.Y = Nearest(c) | (Nearest(d) << 16);
        packed.Z = Nearest(e) | (Nearest(f) << 16);
        packed.W = Nearest(g) | (Nearest(h) << 16);
        return packed;
    }

    private static float Low(uint pair) => Arithmetic.Brain(pair);

    private static float High(uint pair) => Interop.IntAsFloat(pair & 0xFFFF0000u);

    // To nearest, ties to even; what is not a number stays so.
    private static uint Nearest(float x)
    {
        uint bits = Interop.FloatAsInt(x);
        return (bits & 0x7FFFFFFFu) > 0x7F800000u ? 0x7FC0u : (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
    }

    /// <summary>As <see cref="WriteBrain{TTokens}"/>; four neighbouring threads of a warp write 32 columns, and all threads of the warp call.</summary>
    public static void WriteBytes<TTokens>(ArrayView<Quad> planes, int token, int eight, int tileQuads, Eight x)
        where TTokens : struct, IConstant
    {
        float most = MathF.Max(
            MathF.Max(MathF.Max(MathF.Abs(x.V0), MathF.Abs(x.V1)), MathF.Max(MathF.Abs(x.V2), MathF.Abs(x.V3))),
            MathF.Max(MathF.Max(MathF.Abs(x.V4), MathF.Abs(x.V5)), MathF.Max(MathF.Abs(x.V6), MathF.Abs(x.V7))));
        most = MathF.Max(most, Warp.ShuffleXor(most, 1));
        most = MathF.Max(most, Warp.ShuffleXor(most, 2));
        float inverse = most >= Least ? Greatest / most : 0; // not a number: the scale says so
        int v0 = Whole(x.V0 * inverse), v1 = Whole(x.V1 * inverse), v2 = Whole(x.V2 * inverse), v3 = Whole(x.V3 * inverse);
        int v4 = Whole(x.V4 * inverse), v5 = Whole(x.V5 * inverse), v6 = Whole(x.V6 * inverse), v7 = Whole(x.V7 * inverse);
        int tile = token / TTokens.Value, of = token % TTokens.Value, block = eight >> 2, span = eight >> 5;
        ArrayView<Quad> here = planes.SubView((tile * tileQuads) + (span * TokenPlanes.ByteSpan(TTokens.Value)), TokenPlanes.ByteSpan(TTokens.Value));
        ArrayView<Pair> pairs = here.Cast<Pair>();
        int at = (2 * ((((block & 7) >> 1) * 8 * TTokens.Value) + (8 * of) + (eight & 3))) + (block & 1);
        pairs[at] = new Pair(Join(Upper(v0), Upper(v2), Upper(v4), Upper(v6)), Join(Upper(v1), Upper(v3), Upper(v5), Upper(v7)));
        pairs[at + 8] = new Pair(Join(v0, v2, v4, v6), Join(v1, v3, v5, v7));
        int sum = v0 + v1 + v2 + v3 + (v4 + v5 + v6 + v7);
        sum += Warp.ShuffleXor(sum, 1);
        sum += Warp.ShuffleXor(sum, 2);
        if ((eight & 3) == 0)
        {
            float scale = most * (1f / Greatest);
            ArrayView<float> numbers = here.Cast<float>();
            numbers[(4 * (TokenPlanes.ByteScales(TTokens.Value) + (2 * of))) + (block & 7)] = scale;
            numbers[(4 * (TokenPlanes.ByteSums(TTokens.Value) + (2 * of))) + (block & 7)] = scale * sum;
        }
    }

    // 127·256 + 127: the greater byte stays within 127.
    private const float Greatest = 32639f, Least = 1e-30f;

    private static int Whole(float x) => (int)MathF.Round(x);

    // (v − lesser) / 256, where the lesser byte is signed.
    private static int Upper(int v) => (v + 128) >> 8;

    private static uint Join(int a, int b, int c, int d) =>
        ((uint)a & 255u) | (((uint)b & 255u) << 8) | (((uint)c & 255u) << 16) | ((uint)d << 24);

    private readonly struct Pair(uint even, uint odd)
    {
        public readonly uint Even = even, Odd = odd;
    }
}
