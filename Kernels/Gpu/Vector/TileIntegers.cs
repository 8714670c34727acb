using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>
/// Eight neighbouring integers of a block of 32 as signed bytes: those in even and in odd columns. Lanes with c = 0 … 3 hold eight columns each.
/// </summary>
internal interface ITileIntegers
{
    /// <summary>Quads of the first plane for 256 columns, and of the second.</summary>
    static abstract int Quads { get; }

    static abstract int HighQuads { get; }

    /// <summary>What the bytes are to be multiplied by.</summary>
    static abstract float Factor { get; }

    /// <summary>Which quad of a row's second plane is the i-th that a lane reads.</summary>
    static abstract int HighQuad(int span, int c, int i);

    static abstract uint Even(ArrayView<Quad> w, int first, int block, int c);

    static abstract uint Odd(ArrayView<Quad> w, int first, int block, int c);
}

/// <summary>What the readers of integers share.</summary>
internal static class TileIntegers
{
    /// <summary>The eight nibbles of a block: a quad holds those of four blocks.</summary>
    public static uint Nibbles(ArrayView<Quad> w, int first, int block) => w[first + (block >> 2)].Word(block & 3);

    public static uint Permute(uint low, uint high, uint order)
    {
        CudaAsm.Emit("prmt.b32 %0, %1, %2, %3;", out uint result, low, high, order);
        return result;
    }

    public static uint EvenBytes(uint low, uint high) => Permute(low, high, 0x6420);

    public static uint OddBytes(uint low, uint high) => Permute(low, high, 0x7531);
}

/// <summary>Signed bytes: a quad holds the lane's eight of two blocks.</summary>
internal readonly struct TileBytes : ITileIntegers
{
    public static int Quads => 4;

    public static int HighQuads => 0;

    public static float Factor => 1;

    public static int HighQuad(int span, int c, int i) => 0;

    public static uint Even(ArrayView<Quad> w, int first, int block, int c)
    {
        Quad quad = w[first + (block >> 1)];
        return TileIntegers.EvenBytes(quad.Word(2 * (block & 1)), quad.Word((2 * (block & 1)) + 1));
    }

    public static uint Odd(ArrayView<Quad> w, int first, int block, int c)
    {
        Quad quad = w[first + (block >> 1)];
        return TileIntegers.OddBytes(quad.Word(2 * (block & 1)), quad.Word((2 * (block & 1)) + 1));
    }
}

/// <summary>Nibbles, 0 … 15.</summary>
internal readonly struct TileNibbles : ITileIntegers
{
    public static int Quads => 2;

    public static int HighQuads => 0;

    public static float Factor => 1;

    public static int HighQuad(int span, int c, int i) => 0;

    public static uint Even(ArrayView<Quad> w, int first, int block, int c) => TileIntegers.Nibbles(w, first, block) & 0x0F0F0F0Fu;

    public static uint Odd(ArrayView<Quad> w, int first, int block, int c) => (TileIntegers.Nibbles(w, first, block) >> 4) & 0x0F0F0F0Fu;
}

/// <summary>Nibbles less 8, sixteenfold.</summary>
internal readonly struct TileNibblesCentred : ITileIntegers
{
    public static int Quads => 2;

    public static int HighQuads => 0;

    public static float Factor => 1f / 16;

    public static int HighQuad(int span, int c, int i) => 0;

    public static uint Even(ArrayView<Quad> w, int first, int block, int c) => Centred(TileIntegers.Nibbles(w, first, block) << 4);

    public static uint Odd(ArrayView<Quad> w, int first, int block, int c) => Centred(TileIntegers.Nibbles(w, first, block));

    // (high nibbles) ^ 80808080: one instruction where an assembler makes two of C#'s operators.
    private static uint Centred(uint nibbles)
    {
        CudaAsm.Emit("lop3.b32 %0, %1, %2, %3, 0x6A;", out uint result, nibbles, 0xF0F0F0F0u, 0x80808080u);
        return result;
    }
}

/// <summary>Five bits, 0 … 31: the fifth ones of a block are a word of the second plane.</summary>
internal readonly struct TileFives : ITileIntegers
{
    public static int Quads => 2;

    public static int HighQuads => 2;

    public static float Factor => 1;

    public static int HighQuad(int span, int c, int i) => (2 * span) + i;

    public static uint Even(ArrayView<Quad> w, int first, int block, int c) => TileNibbles.Even(w, first, block, c) | (Fifths(w, first, block, 8 * c) << 4);

    public static uint Odd(ArrayView<Quad> w, int first, int block, int c) => TileNibbles.Odd(w, first, block, c) | (Fifths(w, first, block, (8 * c) + 1) << 4);

    /// <summary>Every other bit from one on, four of them, each into a byte.</summary>
    public static uint Fifths(ArrayView<Quad> w, int first, int block, int from) =>
        (((w[first + Quads + (block >> 2)].Word(block & 3) >> from) & 0x55u) * 0x41041u) & 0x01010101u;
}

/// <summary>Five bits less 16, eightfold.</summary>
internal readonly struct TileFivesCentred : ITileIntegers
{
    public static int Quads => 2;

    public static int HighQuads => 2;

    public static float Factor => 1f / 8;

    public static int HighQuad(int span, int c, int i) => (2 * span) + i;

    public static uint Even(ArrayView<Quad> w, int first, int block, int c) => (TileFives.Even(w, first, block, c) << 3) ^ 0x80808080u;

    public static uint Odd(ArrayView<Quad> w, int first, int block, int c) => (TileFives.Odd(w, first, block, c) << 3) ^ 0x80808080u;
}

/// <summary>Six bits less 32, fourfold: the two high ones stand as <see cref="Formats.WeightPlanes.PairWord"/> says.</summary>
internal readonly struct TileSixesCentred : ITileIntegers
{
    public static int Quads => 2;

    public static int HighQuads => 2;

    public static float Factor => 1f / 4;

    public static int HighQuad(int span, int c, int i) => (4 * span) + (2 * (c >> 1)) + i;

    public static uint Even(ArrayView<Quad> w, int first, int block, int c) => Join(TileNibbles.Even(w, first, block, c), Pairs(w, first, block, c));

    public static uint Odd(ArrayView<Quad> w, int first, int block, int c) => Join(TileNibbles.Odd(w, first, block, c), Pairs(w, first, block, c) >> 2);

    private static uint Pairs(ArrayView<Quad> w, int first, int block, int c) => w[first + Quads + (block >> 2)].Word(block & 3) >> ((c & 1) << 4);

    private static uint Join(uint nibbles, uint pairs)
    {
        uint spread = pairs & 0x3333u;
        spread = (spread | (spread << 8)) & 0x00FF00FFu;
        spread = (spread | (spread << 4)) & 0x03030303u;
        return ((nibbles << 2) | (spread << 6)) ^ 0x80808080u;
    }
}

/// <summary>Sixteen values that nibbles stand for.</summary>
internal interface ITileTable
{
    /// <summary>Values 4i … 4i + 3, the first lowest.</summary>
    static abstract uint Values(int i);
}

/// <summary>Nibbles that stand for the values of a table.</summary>
internal readonly struct TileLookup<TTable> : ITileIntegers
    where TTable : struct, ITileTable
{
    public static int Quads => 2;

    public static int HighQuads => 0;

    public static float Factor => 1;

    public static int HighQuad(int span, int c, int i) => 0;

    public static uint Even(ArrayView<Quad> w, int first, int block, int c)
    {
        uint nibbles = TileIntegers.Nibbles(w, first, block);
        return TileIntegers.EvenBytes(Four(nibbles), Four(nibbles >> 16));
    }

    public static uint Odd(ArrayView<Quad> w, int first, int block, int c)
    {
        uint nibbles = TileIntegers.Nibbles(w, first, block);
        return TileIntegers.OddBytes(Four(nibbles), Four(nibbles >> 16));
    }

    // The values of the four lowest nibbles.
    private static uint Four(uint nibbles)
    {
        uint low = TileIntegers.Permute(TTable.Values(0), TTable.Values(1), nibbles & 0x7777u);
        uint high = TileIntegers.Permute(TTable.Values(2), TTable.Values(3), nibbles & 0x7777u);
        uint isHigh = (nibbles >> 3) & 0x1111u;
        isHigh = (isHigh | (isHigh << 8)) & 0x00FF00FFu;
        isHigh = ((isHigh | (isHigh << 4)) & 0x01010101u) * 255u;
        return (low & ~isHigh) | (high & isHigh);
    }
}

/// <inheritdoc cref="Formats.NonLinearNibbles"/>
internal readonly struct NonLinearTable : ITileTable
{
    public static uint Values(int i) => i == 0 ? 0xBFAD9881u : i == 1 ? 0xF6EADDCFu : i == 2 ? 0x26190D01u : 0x71594535u;
}

/// <inheritdoc cref="Formats.MicroFloats"/>
internal readonly struct MicroFloatTable : ITileTable
{
    public static uint Values(int i) => i == 0 ? 0x03020100u : i == 1 ? 0x0C080604u : i == 2 ? 0xFDFEFF00u : 0xF4F8FAFCu;
}
