using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>
/// Panels for <see cref="FloatTile"/> from a <see cref="PackedTile{TFormat}"/>'s integers: the bits of the format's own definition. A permutation brings
/// the double words of two rows' eight columns into one register, each four times; a shift leaves in each lane its own column.
/// </summary>
internal static unsafe class PackedPanels<TFormat>
    where TFormat : struct, IIntegerFormat
{
    private const int Rows = LinearArguments.TileRows, Step = 8 * FloatTile.Rows; // floats of a panel's eight columns

    /// <summary>One of the tile's two panels.</summary>
    /// <param name="panel">[4 · parts, 8 rows, 8].</param>
    /// <param name="integers">The first part's.</param>
    /// <param name="half">0: the first eight rows; 1: the others.</param>
    /// <param name="parts">How many parts.</param>
    /// <param name="scales">[parts, 16 rows].</param>
    /// <param name="minima">[parts, 16 rows].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Fill(float* panel, byte* integers, int half, int parts, float* scales, float* minima)
    {
        Vector512<int> rows0 = Vector512.Create(0, 0, 0, 0, 16, 16, 16, 16, 1, 1, 1, 1, 17, 17, 17, 17) + Vector512.Create(half * FloatTile.Rows);
        Vector512<int> rows2 = rows0 + Vector512.Create(2), rows4 = rows0 + Vector512.Create(4), rows6 = rows0 + Vector512.Create(6);
        byte* ahead = integers + LinearArguments.PackedDistance;
        scales += half * FloatTile.Rows;
        minima += half * FloatTile.Rows;
        for (byte* end = integers + (parts * PackedTile<TFormat>.PartBytes); integers < end;
            integers += PackedTile<TFormat>.PartBytes, panel += 4 * Step, scales += Rows, minima += Rows)
        {
            if (half == 0)
                LinearArguments.Prefetch(ref ahead, PackedTile<TFormat>.PartBytes);
            Vector512<float> s0 = RowReaders.OfTwo(scales), s2 = RowReaders.OfTwo(scales + 2), s4 = RowReaders.OfTwo(scales + 4), s6 = RowReaders.OfTwo(scales + 6);
            Vector512<float> m0 = Rest(s0, minima), m2 = Rest(s2, minima + 2), m4 = Rest(s4, minima + 4), m6 = Rest(s6, minima + 6);
            for (int eight = 0; eight < (TFormat.IsSigned ? 4 : 2); eight++)
            {
                Vector512<int> a = Vector512.Load((int*)(integers + (eight * 128))), b = Vector512.Load((int*)(integers + (eight * 128) + 64));
                float* to = panel + (eight * Step);
                Two(to, a, b, rows0, s0, m0);
                Two(to + 16, a, b, rows2, s2, m2);
                Two(to + 32, a, b, rows4, s4, m4);
                Two(to + 48, a, b, rows6, s6, m6);
            }
        }
    }

    // What is added to scale · q: the minimum; for signed integers, that have 128 added, the exact number that takes it off again.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Rest(Vector512<float> scale, float* minima) => TFormat.HasMinimum ? RowReaders.OfTwo(minima) : scale * -128f;

    // Eight columns of two rows; of nibbles the eight 16 columns further on as well.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Two(float* to, Vector512<int> firstFour, Vector512<int> secondFour, Vector512<int> rows, Vector512<float> scale, Vector512<float> rest)
    {
        Vector512<uint> packed = Avx512F.PermuteVar16x32x2(firstFour, rows, secondFour).AsUInt32();
        Vector512<uint> own = Avx512F.ShiftRightLogicalVariable(packed, Vector512.Create(0u, 8, 16, 24, 0, 8, 16, 24, 0, 8, 16, 24, 0, 8, 16, 24));
        if (TFormat.IsSigned)
        {
            // scale · (q + 128) − 128 · scale, rounded once, is scale · q rounded once.
            Avx512F.FusedMultiplyAdd(Vector512.ConvertToSingle((own & Vector512.Create(255u)).AsInt32()), scale, rest).Store(to);
            return;
        }
        Vector512<uint> next = Avx512F.ShiftRightLogicalVariable(packed, Vector512.Create(4u, 12, 20, 28, 4, 12, 20, 28, 4, 12, 20, 28, 4, 12, 20, 28));
        Avx512F.FusedMultiplyAdd(Nibble(own), scale, rest).Store(to); // scale · q is exact
        Avx512F.FusedMultiplyAdd(Nibble(next), scale, rest).Store(to + (2 * Step));
    }

    /// <summary>The low four bits of each lane as a number: a permutation looks at them alone, so that no mask and no conversion is needed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Nibble(Vector512<uint> lanes) =>
        Avx512F.PermuteVar16x32(Vector512.Create(0f, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), lanes.AsInt32());
}
