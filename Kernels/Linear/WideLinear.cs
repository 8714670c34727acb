using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>One token where registers have 512 bits and weights are unsigned: a register holds a part of two rows, and 16 rows go together.</summary>
internal static unsafe class WideLinear<TFormat>
    where TFormat : struct, IIntegerFormat
{
    /// <summary>Whether the machine and the format are ones that this kernel computes.</summary>
    public static bool IsSupported => Avx512BW.IsSupported && !TFormat.IsSigned && TFormat.HasMinimum && !TFormat.HasHalfScales;

    /// <summary>Adds `parts` parts of the 16 rows from `firstRow` on to their sums: of the products, and of the minima.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OneToken(float* sumOfProducts, float* sumOfMinima, in LinearArguments arguments, int firstRow, int firstPart, int parts, in TileScales<TFormat> tile)
    {
        int inBlock = TFormat.Elements / QuantisedInput.Block;
        nint row = (nint)arguments.RowBytes, threeRows = 3 * row;
        byte* a = arguments.Weight + (firstRow * row) + (firstPart / inBlock * TFormat.Bytes), b = a + (4 * row), c = b + (4 * row), d = c + (4 * row);
        float* scales = tile.Scales, minima = tile.Minima, s = arguments.Quantised.Scales + firstPart, sums = arguments.Quantised.Sums + firstPart;
        sbyte* x = arguments.Quantised.Values + (firstPart * QuantisedInput.Block), end = x + (parts * QuantisedInput.Block);
        byte* ahead = arguments.Ahead(firstRow, TileScales<TFormat>.Rows) + (firstPart / inBlock * TFormat.Bytes * TileScales<TFormat>.Rows);
        Vector512<float> products = Vector512.Load(sumOfProducts), rest = Vector512.Load(sumOfMinima);
        for (int part = 0; x < end; x += QuantisedInput.Block)
        {
            LinearArguments.Prefetch(ref ahead, TileScales<TFormat>.Rows * TFormat.Bytes / inBlock);
            Vector512<sbyte> values = Avx512F.BroadcastVector256ToVector512((long*)x).AsSByte();
            Vector512<short> low = RowSums.Four(
                Avx512BW.MultiplyAddAdjacent(TFormat.UnpackTwo(a, b, part), values),
                Avx512BW.MultiplyAddAdjacent(TFormat.UnpackTwo(a + row, b + row, part), values),
                Avx512BW.MultiplyAddAdjacent(TFormat.UnpackTwo(a + (2 * row), b + (2 * row), part), values),
                Avx512BW.MultiplyAddAdjacent(TFormat.UnpackTwo(a + threeRows, b + threeRows, part), values));
            Vector512<short> high = RowSums.Four(
                Avx512BW.MultiplyAddAdjacent(TFormat.UnpackTwo(c, d, part), values),
                Avx512BW.MultiplyAddAdjacent(TFormat.UnpackTwo(c + row, d + row, part), values),
                Avx512BW.MultiplyAddAdjacent(TFormat.UnpackTwo(c + (2 * row), d + (2 * row), part), values),
                Avx512BW.MultiplyAddAdjacent(TFormat.UnpackTwo(c + threeRows, d + threeRows, part), values));
            Vector512<int> dots = RowSums.Both(
                Avx512BW.MultiplyAddAdjacent(low, Vector512.Create((short)1)), Avx512BW.MultiplyAddAdjacent(high, Vector512.Create((short)1)));
            products = Avx512F.FusedMultiplyAdd(Vector512.ConvertToSingle(dots), Vector512.Load(scales) * Vector512.Create(*s++), products);
            rest = Avx512F.FusedMultiplyAdd(Vector512.Load(minima), Vector512.Create(*sums++), rest);
            scales += TileScales<TFormat>.Rows;
            minima += TileScales<TFormat>.Rows;
            if (++part == inBlock)
            {
                part = 0;
                a += TFormat.Bytes;
                b += TFormat.Bytes;
                c += TFormat.Bytes;
                d += TFormat.Bytes;
            }
        }
        products.Store(sumOfProducts);
        rest.Store(sumOfMinima);
    }
}
