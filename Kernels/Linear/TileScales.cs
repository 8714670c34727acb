using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>Scales and minima of 16 rows of weights, part by part: what multiplies the rows' integer sums of one part lies side by side.</summary>
internal unsafe struct TileScales<TFormat>
    where TFormat : struct, IIntegerFormat
{
    /// <summary>Rows of weights that are computed together.</summary>
    public const int Rows = LinearArguments.TileRows;

    public float* Scales; // [parts, Rows], or [2 · parts, Rows] for a format with half scales
    public float* Minima; // [parts, Rows]
    public byte* Headers; // what scales and minima are still to be read from, where the columns have such; then the others are room for those of a block

    /// <summary>Floats of scratch for a row of so many columns.</summary>
    public static int ScratchLength(int columns) => Rows * 6 * QuantisedInput.PaddedBlocks(columns);

    /// <summary>Those of the rows from `row` on.</summary>
    public readonly TileScales<TFormat> From(int row) => new() { Scales = Scales + row, Minima = Minima + row };

    /// <summary>Reads those of `parts` parts of `count` rows; what stands for rows beyond them is not used.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static TileScales<TFormat> Read(in LinearArguments arguments, int firstRow, int count, int firstPart, int parts, float* scratch)
    {
        int room = (parts + 7) & ~7, perRow = TFormat.HasHalfScales ? 2 * parts : parts;
        float* rowScales = scratch, rowMinima = rowScales + (2 * Rows * room); // [rows, parts] as they are stored
        TileScales<TFormat> tile = new() { Scales = rowMinima + (Rows * room), Minima = rowMinima + (3 * Rows * room) };
        byte* blocks = arguments.Weight + (firstRow * arguments.RowBytes) + (firstPart * QuantisedInput.Block / TFormat.Elements * TFormat.Bytes);
        if (Avx512BW.IsSupported && count == Rows && parts >= 4 && TFormat.TryReadTile(tile.Scales, tile.Minima, blocks, (nint)arguments.RowBytes, parts))
            return tile;
        // Rows that follow each other without gaps are one run of blocks.
        if (arguments.RowBytes == (long)parts * QuantisedInput.Block / TFormat.Elements * TFormat.Bytes)
            TFormat.ReadScales(rowScales, rowMinima, blocks, count * parts);
        else
            for (int r = 0; r < count; r++)
                TFormat.ReadScales(rowScales + (r * perRow), rowMinima + (r * parts), blocks + (r * arguments.RowBytes), parts);
        Transpose(tile.Scales, rowScales, perRow);
        if (TFormat.HasMinimum)
            Transpose(tile.Minima, rowMinima, parts);
        return tile;
    }

    // to[i, r] = from[r, i]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(float* to, float* from, int length)
    {
        if (!Avx.IsSupported || length < 4)
        {
            for (int i = 0; i < length; i++)
                for (int r = 0; r < Rows; r++)
                    to[(i * Rows) + r] = from[(r * length) + i];
            return;
        }
        // The last four may overlap those before them.
        for (int done = 0; done < length; done += 4)
        {
            int i = Math.Min(done, length - 4);
            if (Avx512F.IsSupported)
                SixteenRows(to + (i * Rows), from + i, length);
            else
                for (int r = 0; r < Rows; r += 8)
                    EightRows(to + (i * Rows) + r, from + (r * length) + i, length);
        }
    }

    // Four elements of each row: a register holds those of rows r, r + 4, r + 8, r + 12.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SixteenRows(float* to, float* from, nint length)
    {
        float* below = from + (8 * length);
        Vector512<float> a = Packed.Join(Two(from, length), Two(below, length)), b = Packed.Join(Two(from + length, length), Two(below + length, length));
        from += 2 * length;
        below += 2 * length;
        Vector512<float> c = Packed.Join(Two(from, length), Two(below, length)), d = Packed.Join(Two(from + length, length), Two(below + length, length));
        Vector512<double> ab = Avx512F.UnpackLow(a, b).AsDouble(), cd = Avx512F.UnpackLow(c, d).AsDouble();
        Avx512F.UnpackLow(ab, cd).AsSingle().Store(to);
        Avx512F.UnpackHigh(ab, cd).AsSingle().Store(to + Rows);
        ab = Avx512F.UnpackHigh(a, b).AsDouble();
        cd = Avx512F.UnpackHigh(c, d).AsDouble();
        Avx512F.UnpackLow(ab, cd).AsSingle().Store(to + (2 * Rows));
        Avx512F.UnpackHigh(ab, cd).AsSingle().Store(to + (3 * Rows));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void EightRows(float* to, float* from, nint length)
    {
        Vector256<float> a = Two(from, length), b = Two(from + length, length), c = Two(from + (2 * length), length), d = Two(from + (3 * length), length);
        Vector256<double> ab = Avx.UnpackLow(a, b).AsDouble(), cd = Avx.UnpackLow(c, d).AsDouble();
        Avx.UnpackLow(ab, cd).AsSingle().Store(to);
        Avx.UnpackHigh(ab, cd).AsSingle().Store(to + Rows);
        ab = Avx.UnpackHigh(a, b).AsDouble();
        cd = Avx.UnpackHigh(c, d).AsDouble();
        Avx.UnpackLow(ab, cd).AsSingle().Store(to + (2 * Rows));
        Avx.UnpackHigh(ab, cd).AsSingle().Store(to + (3 * Rows));
    }

    // Four elements of a row and of the row four below it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Two(float* row, nint length) =>
        Vector128.Load(row).ToVector256Unsafe().WithUpper(Vector128.Load(row + (4 * length)));
}
