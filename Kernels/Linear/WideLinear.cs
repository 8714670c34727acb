using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>
/// One token where registers have 512 bits: a register holds a part of two rows. Each row keeps its own eight lanes and the
/// order of its additions, so an element has the bits that <see cref="FastLinear{TFormat}"/> gives it.
/// </summary>
internal static unsafe class WideLinear<TFormat>
    where TFormat : struct, IIntegerFormat
{
    private const int RowTile = 8;

    /// <summary>Rows of scratch: for a tile products of scales, minima, and the scales of the activations once for each row.</summary>
    public const int ScratchRows = 3 * RowTile;

    /// <summary>Whether the machine, the format and the width are ones that this kernel computes.</summary>
    public static bool Handles(in LinearArguments arguments) =>
        Avx512BW.IsSupported && !TFormat.IsSigned && TFormat.HasMinimum && !TFormat.HasHalfScales && arguments.Columns >= 8 * QuantisedInput.Block
        && arguments.RowBytes == (long)arguments.Columns / TFormat.Elements * TFormat.Bytes;

    /// <summary>Computes whole tiles of rows and returns the first row that is left.</summary>
    public static int Run(in LinearArguments arguments, int firstRow, int endRow, float* scratch)
    {
        int parts = arguments.Columns / QuantisedInput.Block;
        float* products = scratch, minima = products + (RowTile * parts), valueScales = minima + (RowTile * parts);
        for (int row = 0; row < RowTile; row++)
            new Span<float>(arguments.Quantised.Scales, parts).CopyTo(new Span<float>(valueScales + (row * parts), parts));
        for (; firstRow + RowTile <= endRow; firstRow += RowTile)
            EightRows(arguments, firstRow, products, minima, valueScales);
        return firstRow;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void EightRows(in LinearArguments arguments, int firstRow, float* products, float* minima, float* valueScales)
    {
        int parts = arguments.Columns / QuantisedInput.Block, inBlock = TFormat.Elements / QuantisedInput.Block;
        nint row = (nint)arguments.RowBytes, threeRows = 3 * row, threeParts = 3 * parts;
        byte* low = arguments.Weight + (firstRow * row), high = low + (4 * row);
        // Rows follow each other without gaps: one run of blocks.
        byte* block = low;
        for (int part = 0; part < RowTile * parts; part += 8, block += 8 / inBlock * TFormat.Bytes)
        {
            Vector512<float> both = TFormat.ReadEight(block);
            (both.GetLower() * Vector256.Load(valueScales + part)).Store(products + part);
            both.GetUpper().Store(minima + part);
        }

        sbyte* x = arguments.Quantised.Values, end = x + (parts * QuantisedInput.Block);
        byte* ahead = arguments.Ahead(firstRow, RowTile);
        float* highProducts = products + (4 * parts);
        Vector512<float> sum01 = default, sum23 = default, sum45 = default, sum67 = default;
        for (int part = 0; x < end; x += QuantisedInput.Block)
        {
            LinearArguments.Prefetch(ref ahead, RowTile * TFormat.Bytes / inBlock);
            Vector512<sbyte> values = Avx512F.BroadcastVector256ToVector512((long*)x).AsSByte();
            sum01 = Add(sum01, TFormat.UnpackTwo(low, low + row, part), values, products, products + parts);
            sum23 = Add(sum23, TFormat.UnpackTwo(low + (2 * row), low + threeRows, part), values, products + (2 * parts), products + threeParts);
            sum45 = Add(sum45, TFormat.UnpackTwo(high, high + row, part), values, highProducts, highProducts + parts);
            sum67 = Add(sum67, TFormat.UnpackTwo(high + (2 * row), high + threeRows, part), values, highProducts + (2 * parts), highProducts + threeParts);
            products++;
            highProducts++;
            if (++part == inBlock)
            {
                part = 0;
                low += TFormat.Bytes;
                high += TFormat.Bytes;
            }
        }
        // Both before the first call: what lives on behind a call would have its place in memory throughout the loop.
        Vector128<float> first = Sums(sum01, sum23), second = Sums(sum45, sum67);
        first += FastLinear<TFormat>.Minima(arguments.Quantised, minima, parts);
        second += FastLinear<TFormat>.Minima(arguments.Quantised, minima + (4 * parts), parts);
        arguments.StoreRows(0, firstRow, 4, first);
        arguments.StoreRows(0, firstRow + 4, 4, second);
    }

    private static Vector128<float> Sums(Vector512<float> ab, Vector512<float> cd) =>
        Lanes.Sums(ab.GetLower(), ab.GetUpper(), cd.GetLower(), cd.GetUpper());

    // Lanes 0 to 7 belong to one row, 8 to 15 to another; so do the two scales.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Add(Vector512<float> sum, Vector512<byte> weights, Vector512<sbyte> values, float* lower, float* upper)
    {
        Vector512<int> dot = Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(weights, values), Vector512.Create((short)1));
        Vector512<float> scale = Vector512.ConditionalSelect(Vector512.Create(-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0).AsSingle(), Vector512.Create(*lower), Vector512.Create(*upper));
        return Avx512F.FusedMultiplyAdd(Vector512.ConvertToSingle(dot), scale, sum);
    }
}
