using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>
/// One token in exact precision against 16 rows of an integer format: a register holds one column of all rows, so that scales lie as they are
/// needed and no lanes are added up. The eight lanes of <see cref="Lanes"/> are eight registers.
/// </summary>
internal static unsafe class ExactColumns<TFormat>
    where TFormat : struct, IIntegerFormat
{
    private const int Rows = SixteenRows.Count, Part = QuantisedInput.Block;

    /// <summary>Adds `parts` parts to the rows' sums, which are [8 lanes, 16 rows].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* sums, in LinearArguments arguments, int firstRow, int firstPart, int parts, float* scales, float* minima)
    {
        int inBlock = TFormat.Elements / Part, part = 0;
        nint rowBytes = (nint)arguments.RowBytes;
        byte* block = arguments.Weight + (firstRow * rowBytes) + (firstPart / inBlock * TFormat.Bytes);
        byte* ahead = arguments.Ahead(firstRow, Rows) + (firstPart / inBlock * TFormat.Bytes * Rows);
        Vector512<float> s0 = Vector512.Load(sums), s1 = Vector512.Load(sums + Rows), s2 = Vector512.Load(sums + (2 * Rows)), s3 = Vector512.Load(sums + (3 * Rows));
        Vector512<float> s4 = Vector512.Load(sums + (4 * Rows)), s5 = Vector512.Load(sums + (5 * Rows)), s6 = Vector512.Load(sums + (6 * Rows)), s7 = Vector512.Load(sums + (7 * Rows));
        for (float* x = arguments.Input + (firstPart * Part), end = x + (parts * Part); x < end; x += Part)
        {
            for (byte* stop = ahead + (Rows * TFormat.Bytes / inBlock); ahead < stop; ahead += 64)
                Sse.Prefetch0(ahead);
            SixteenRows.Columns<TFormat>(
                out SixteenColumns low,
                out SixteenColumns high, block, rowBytes, part);
            Vector512<float> scale = Vector512.Load(scales), rest = Rest(scale, minima);
            Four(ref s0, ref s1, ref s2, ref s3, low.A, x, scale, rest);
            Four(ref s4, ref s5, ref s6, ref s7, low.B, x + 4, scale, rest);
            Four(ref s0, ref s1, ref s2, ref s3, low.C, x + 8, scale, rest);
            Four(ref s4, ref s5, ref s6, ref s7, low.D, x + 12, scale, rest);
            if (TFormat.HasHalfScales)
            {
                scales += Rows;
                scale = Vector512.Load(scales);
                rest = Rest(scale, minima);
            }
            Four(ref s0, ref s1, ref s2, ref s3, high.A, x + 16, scale, rest);
            Four(ref s4, ref s5, ref s6, ref s7, high.B, x + 20, scale, rest);
            Four(ref s0, ref s1, ref s2, ref s3, high.C, x + 24, scale, rest);
            Four(ref s4, ref s5, ref s6, ref s7, high.D, x + 28, scale, rest);
            scales += Rows;
            minima += Rows;
            if (++part == inBlock)
            {
                part = 0;
                block += TFormat.Bytes;
            }
        }
        FloatTile.Store(sums, s0, s1, s2, s3);
        FloatTile.Store(sums + (4 * Rows), s4, s5, s6, s7);
    }

    // What is added to scale · q: the minimum; for signed integers, that have 128 added, the exact number that takes it off again.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Rest(Vector512<float> scale, float* minima) => TFormat.HasMinimum ? Vector512.Load(minima) : scale * -128f;

    // Four columns: byte i of each double word.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(
        ref Vector512<float> a, ref Vector512<float> b, ref Vector512<float> c, ref Vector512<float> d, Vector512<byte> columns, float* x, Vector512<float> scale, Vector512<float> rest)
    {
        Vector512<uint> packed = columns.AsUInt32(), first = Vector512.Create(255u);
        a = Add(a, packed & first, x, scale, rest);
        b = Add(b, Vector512.ShiftRightLogical(packed, 8) & first, x + 1, scale, rest);
        c = Add(c, Vector512.ShiftRightLogical(packed, 16) & first, x + 2, scale, rest);
        d = Add(d, Vector512.ShiftRightLogical(packed, 24), x + 3, scale, rest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Add(Vector512<float> sum, Vector512<uint> integers, float* x, Vector512<float> scale, Vector512<float> rest)
    {
        Vector512<float> q = Vector512.ConvertToSingle(integers.AsInt32());
        // scale · (q + 128) − 128 · scale, rounded once, is scale · q rounded once; scale · q of the others is exact, so that only the sum is rounded.
        Vector512<float> weights = Avx512F.FusedMultiplyAdd(q, scale, rest);
        return Avx512F.FusedMultiplyAdd(weights, Vector512.Create(*x), sum);
    }
}
