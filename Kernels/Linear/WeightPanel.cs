using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>
/// The integers of 16 rows, four columns of all rows after each other, so that a group of four activations meets all rows in one
/// instruction: [columns / 4, rows, 4]. Signed weights have 128 added. Lives in a worker's scratch while all tokens pass by.
/// </summary>
internal static unsafe class WeightPanel<TFormat>
    where TFormat : struct, IIntegerFormat
{
    private const int Rows = TileScales<TFormat>.Rows;

    /// <summary>Bytes of one part of 32 columns.</summary>
    public const int PartBytes = Rows * QuantisedInput.Block;

    /// <summary>Floats of scratch for rows of so many columns.</summary>
    public static int ScratchLength(int columns) => (Rows * columns / sizeof(float)) + 16;

    /// <summary>Takes `count` rows; the last one stands for those beyond.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Fill(byte* panel, in LinearArguments arguments, int firstRow, int count)
    {
        int parts = arguments.Columns / QuantisedInput.Block, inBlock = TFormat.Elements / QuantisedInput.Block;
        byte** rows = stackalloc byte*[Rows];
        for (int r = 0; r < Rows; r++)
            rows[r] = arguments.Weight + ((firstRow + Math.Min(r, count - 1)) * arguments.RowBytes);
        for (int p = 0; p < parts; p++, panel += PartBytes)
        {
            nint at = p / inBlock * TFormat.Bytes;
            if (Avx512F.IsSupported)
                Wide(panel, rows, at, p % inBlock);
            else
                Narrow(panel, rows, at, p % inBlock);
        }
    }

    // A transposition of 16 × 8 double words.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Wide(byte* panel, byte** rows, nint at, int part)
    {
        (Vector512<long> low0, Vector512<long> low1, Vector512<long> low2, Vector512<long> low3) = Columns(rows, at, part);
        (Vector512<long> high0, Vector512<long> high1, Vector512<long> high2, Vector512<long> high3) = Columns(rows + 8, at, part);
        Store(panel, low0, high0);
        Store(panel + 64, low1, high1);
        Store(panel + 128, low2, high2);
        Store(panel + 192, low3, high3);
    }

    // Group g of rows 0…3, group g + 4 of them, and both of rows 4…7, for g = 0…3.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<long>, Vector512<long>, Vector512<long>, Vector512<long>) Columns(byte** rows, nint at, int part)
    {
        Vector512<int> a = Two(rows, 0, at, part), b = Two(rows, 1, at, part), c = Two(rows, 2, at, part), d = Two(rows, 3, at, part);
        Vector512<long> ab = Avx512F.UnpackLow(a, b).AsInt64(), cd = Avx512F.UnpackLow(c, d).AsInt64();
        Vector512<long> abHigh = Avx512F.UnpackHigh(a, b).AsInt64(), cdHigh = Avx512F.UnpackHigh(c, d).AsInt64();
        return (Avx512F.UnpackLow(ab, cd), Avx512F.UnpackHigh(ab, cd), Avx512F.UnpackLow(abHigh, cdHigh), Avx512F.UnpackHigh(abHigh, cdHigh));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Two(byte** rows, int row, nint at, int part)
    {
        Vector512<byte> both = TFormat.UnpackTwo(rows[row] + at, rows[row + 4] + at, part);
        return (TFormat.IsSigned ? both ^ Vector512.Create((byte)128) : both).AsInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(byte* panel, Vector512<long> low, Vector512<long> high)
    {
        Avx512F.Shuffle4x128(low, high, 0b10_00_10_00).AsByte().Store(panel);
        Avx512F.Shuffle4x128(low, high, 0b11_01_11_01).AsByte().Store(panel + 256);
    }

    private static void Narrow(byte* panel, byte** rows, nint at, int part)
    {
        for (int r = 0; r < Rows; r++)
        {
            Vector256<byte> row = TFormat.Unpack(rows[r] + at, part);
            Vector256<uint> groups = (TFormat.IsSigned ? row ^ Vector256.Create((byte)128) : row).AsUInt32();
            for (int group = 0; group < 8; group++)
                ((uint*)panel)[(group * Rows) + r] = groups.GetElement(group);
        }
    }
}
