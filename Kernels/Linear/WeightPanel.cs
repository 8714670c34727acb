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
        if (Avx512BW.IsSupported && count == Rows)
        {
            Wide(panel, arguments.Weight + (firstRow * arguments.RowBytes), (nint)arguments.RowBytes, parts);
            return;
        }
        byte** rows = stackalloc byte*[Rows];
        for (int r = 0; r < Rows; r++)
            rows[r] = arguments.Weight + ((firstRow + Math.Min(r, count - 1)) * arguments.RowBytes);
        for (int p = 0; p < parts; p++, panel += PartBytes)
            Narrow(panel, rows, p / inBlock * TFormat.Bytes, p % inBlock);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Wide(byte* panel, byte* block, nint rowBytes, int parts)
    {
        for (int p = 0, part = 0; p < parts; p++, panel += PartBytes)
        {
            SixteenRows.Columns<TFormat>(out SixteenColumns low,
                out SixteenColumns high, block, rowBytes, part);
            low.A.Store(panel);
            low.B.Store(panel + 64);
            low.C.Store(panel + 128);
            low.D.Store(panel + 192);
            high.A.Store(panel + 256);
            high.B.Store(panel + 320);
            high.C.Store(panel + 384);
            high.D.Store(panel + 448);
            if (++part == TFormat.Elements / QuantisedInput.Block)
            {
                part = 0;
                block += TFormat.Bytes;
            }
        }
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
