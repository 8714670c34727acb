using ILGPU;
using Managed.Kernels.Gpu.Formats;

namespace Managed.Kernels.Gpu.Matrix;

/// <summary>Rows of float32 become rows of bfloat16, two to a word: what the tensor cores multiply.</summary>
internal static class BrainPacking
{
    /// <summary>Words of a packed row: whole pieces of eight columns, that is of 16 bytes.</summary>
    public static int Stride(int columns) => ((columns + 7) >> 3) << 2;

    /// <summary>Eight columns a thread, `pieces` in all; what lies past the row's end is zero.</summary>
    public static void Pack(ArrayView<Words> packed, RowsView rows, int piecesOfRow, int pieces)
    {
        int piece = (Grid.IdxX * Group.DimX) + Group.IdxX;
        if (piece >= pieces)
            return;
        int row = piece / piecesOfRow, eight = piece - (row * piecesOfRow), rest = rows.Width - (8 * eight);
        long at = rows.Start(row) + (8 * eight);
        Eight x = rest >= 8 ? Eight.Load(rows.Values, at) : Eight.LoadFirst(rows.Values, at, rest);
        packed[piece] = Round(x);
    }

    /// <summary>The same for the rows of a weight from `firstRow` on: what the format says the numbers are, rounded.</summary>
    public static void Unpack<TFormat>(ArrayView<Words> packed, WeightView weight, int firstRow, int piecesOfRow, int pieces)
        where TFormat : struct, IWeightFormat
    {
        int piece = (Grid.IdxX * Group.DimX) + Group.IdxX;
        if (piece >= pieces)
            return;
        int row = piece / piecesOfRow;
        packed[piece] = Round(TFormat.Read(weight, firstRow + row, piece - (row * piecesOfRow)));
    }

    private static Words Round(Eight x)
    {
        Words words;
        words.W0 = Pair(x.V0, x.V1);
        words.W1 = Pair(x.V2, x.V3);
        words.W2 = Pair(x.V4, x.V5);
        words.W3 = Pair(x.V6, x.V7);
        return words;
    }

    /// <summary>Two numbers rounded to the nearest bfloat16, ties to even; the first in the low half.</summary>
    public static uint Pair(float low, float high) => Round(low) | (Round(high) << 16);

    private static uint Round(float value)
    {
        uint bits = Interop.FloatAsInt(value);
        return (bits & 0x7FFFFFFFu) > 0x7F800000u ? 0x7FFFu : (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
    }
}

/// <summary>16 bytes that are read and written at once.</summary>
internal struct Words
{
    public uint W0, W1, W2, W3;
}
