using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>
/// A few tokens in exact precision against the 16 rows of a <see cref="PackedTile{TFormat}"/>: a register holds one column of all rows, so that scales lie as
/// they are needed and no lanes are added up. The eight lanes of <see cref="Lanes"/> are registers: of a single token all eight; of several tokens four, and the
/// other four when the tile's columns pass by again. A column's weights are made once for all tokens.
/// </summary>
internal static unsafe class ExactPacked<TFormat>
    where TFormat : struct, IIntegerFormat
{
    /// <summary>Most tokens for which this is faster than panels are.</summary>
    public const int MostTokens = 3 * TokensAtOnce;

    /// <summary>Floats of scratch that a worker needs: scales and minima of a block, and sums.</summary>
    public const int ScratchLength = (2 * Rows * MostPartsOfBlock) + (TokensAtOnce * TokenSums);

    private const int Rows = SixteenRows.Count, Part = QuantisedInput.Block, TokenSums = 8 * Rows;

    private const int MostPartsOfBlock = 8; // a block is 256 elements at most
    private const int TokensAtOnce = 6; // whose sums fit in registers beside what makes the weights

    // Bytes are put into a float32's bits from 12 on, all others of which are those of 2048: that is 2048 + q without a conversion.
    private const int Bit = 12;
    private const float Start = 1 << (23 - Bit);

    private static int PartsOfBlock
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.Elements / Part;
    }

    /// <summary>Writes all tokens' outputs of a tile's rows.</summary>
    /// <param name="arguments">The layer, whose rows are packed.</param>
    /// <param name="row">The tile's first row.</param>
    /// <param name="tile">The tile.</param>
    /// <param name="scratch">Room for <see cref="ScratchLength"/> floats.</param>
    public static void Run(in LinearArguments arguments, int row, byte* tile, float* scratch)
    {
        byte* integers = tile + PackedTile<TFormat>.IntegersAt(arguments.Columns);
        for (int token = 0, groups = (arguments.Tokens + TokensAtOnce - 1) / TokensAtOnce, count; groups > 0; groups--, token += count)
        {
            count = (arguments.Tokens - token + groups - 1) / groups;
            switch (count)
            {
                case 1: OneOrTwo<One>(arguments, row, token, tile, integers, scratch); break;
                case 2: OneOrTwo<Two>(arguments, row, token, tile, integers, scratch); break;
                case 3: ThreeToSix<Three>(arguments, row, token, tile, integers, scratch); break;
                case 4: ThreeToSix<Four>(arguments, row, token, tile, integers, scratch); break;
                case 5: ThreeToSix<Five>(arguments, row, token, tile, integers, scratch); break;
                default: ThreeToSix<Six>(arguments, row, token, tile, integers, scratch); break;
            }
        }
    }

    private static void OneOrTwo<TCount>(in LinearArguments arguments, int row, int token, byte* tile, byte* integers, float* scratch)
        where TCount : struct, IConstant
    {
        float* results = scratch + (2 * Rows * PartsOfBlock);
        AllLanes<TCount>(results, arguments.Input + (token * arguments.InputStride), (nint)arguments.InputStride, tile, integers, arguments.Columns, scratch);
        for (int i = 0; i < TCount.Value; i++)
            arguments.StoreTile(token + i, row, Rows, Vector512.Load(results + (i * Rows)));
    }

    private static void ThreeToSix<TCount>(in LinearArguments arguments, int row, int token, byte* tile, byte* integers, float* scratch)
        where TCount : struct, IConstant
    {
        float* x = arguments.Input + (token * arguments.InputStride), sums = scratch + (2 * Rows * PartsOfBlock);
        byte* ahead = token == 0 ? tile + LinearArguments.PackedDistance : null;
        HalfOfLanes<TCount>(sums, x, (nint)arguments.InputStride, tile, integers, ahead, arguments.Columns, scratch);
        HalfOfLanes<TCount>(sums + (TokenSums / 2), x + 4, (nint)arguments.InputStride, tile, integers + 64, null, arguments.Columns, scratch);
        for (int i = 0; i < TCount.Value; i++)
            arguments.StoreTile(token + i, row, Rows, Lanes.SumOfLanes(sums + (i * TokenSums)));
    }

    // One or two tokens: results are [tokens, 16].
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AllLanes<TCount>(float* results, float* x, nint stride, byte* headers, byte* integers, int columns, float* scratch)
        where TCount : struct, IConstant
    {
        Vector512<float> a0 = default, a1 = default, a2 = default, a3 = default, a4 = default, a5 = default, a6 = default, a7 = default;
        Vector512<float> b0 = default, b1 = default, b2 = default, b3 = default, b4 = default, b5 = default, b6 = default, b7 = default;
        byte* ahead = headers + LinearArguments.PackedDistance;
        int part = 0;
        for (float* end = x + columns; x < end; x += Part, integers += PackedTile<TFormat>.PartBytes)
        {
            LinearArguments.Prefetch(ref ahead, PackedColumns<TFormat>.PartBytes);
            Vector512<float> scale = Scale(out Vector512<float> rest, ref headers, part++, scratch);
            Vector512<uint> packed = Vector512.Load((uint*)integers), next = Vector512.Load((uint*)(integers + 64));
            FourColumns<TCount>(ref a0, ref a1, ref a2, ref a3, ref b0, ref b1, ref b2, ref b3, packed, x, stride, scale, rest);
            FourColumns<TCount>(ref a4, ref a5, ref a6, ref a7, ref b4, ref b5, ref b6, ref b7, next, x + 4, stride, scale, rest);
            Vector512<uint> third = Vector512.Load((uint*)(integers + 128)), fourth = Vector512.Load((uint*)(integers + 192));
            FourColumns<TCount>(ref a0, ref a1, ref a2, ref a3, ref b0, ref b1, ref b2, ref b3, third, x + 8, stride, scale, rest);
            FourColumns<TCount>(ref a4, ref a5, ref a6, ref a7, ref b4, ref b5, ref b6, ref b7, fourth, x + 12, stride, scale, rest);
            packed = TFormat.IsSigned ? Vector512.Load((uint*)(integers + 256)) : Vector512.ShiftRightLogical(packed, 4);
            next = TFormat.IsSigned ? Vector512.Load((uint*)(integers + 320)) : Vector512.ShiftRightLogical(next, 4);
            FourColumns<TCount>(ref a0, ref a1, ref a2, ref a3, ref b0, ref b1, ref b2, ref b3, packed, x + 16, stride, scale, rest);
            FourColumns<TCount>(ref a4, ref a5, ref a6, ref a7, ref b4, ref b5, ref b6, ref b7, next, x + 20, stride, scale, rest);
            packed = TFormat.IsSigned ? Vector512.Load((uint*)(integers + 384)) : Vector512.ShiftRightLogical(third, 4);
            next = TFormat.IsSigned ? Vector512.Load((uint*)(integers + 448)) : Vector512.ShiftRightLogical(fourth, 4);
            FourColumns<TCount>(ref a0, ref a1, ref a2, ref a3, ref b0, ref b1, ref b2, ref b3, packed, x + 24, stride, scale, rest);
            FourColumns<TCount>(ref a4, ref a5, ref a6, ref a7, ref b4, ref b5, ref b6, ref b7, next, x + 28, stride, scale, rest);
        }
        Lanes.SumOfLanes(a0, a1, a2, a3, a4, a5, a6, a7).Store(results);
        if (TCount.Value > 1)
            Lanes.SumOfLanes(b0, b1, b2, b3, b4, b5, b6, b7).Store(results + Rows);
    }

    // Four columns.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourColumns<TCount>(
        ref Vector512<float> a0, ref Vector512<float> a1, ref Vector512<float> a2, ref Vector512<float> a3,
        ref Vector512<float> b0, ref Vector512<float> b1, ref Vector512<float> b2, ref Vector512<float> b3,
        Vector512<uint> packed, float* x, nint stride, Vector512<float> scale, Vector512<float> rest)
        where TCount : struct, IConstant
    {
        Vector512<float> first = First(packed, scale, rest), second = Second(packed, scale, rest), third = Third(packed, scale, rest), fourth = Fourth(packed, scale, rest);
        a0 = Avx512F.FusedMultiplyAdd(first, Vector512.Create(*x), a0);
        a1 = Avx512F.FusedMultiplyAdd(second, Vector512.Create(x[1]), a1);
        a2 = Avx512F.FusedMultiplyAdd(third, Vector512.Create(x[2]), a2);
        a3 = Avx512F.FusedMultiplyAdd(fourth, Vector512.Create(x[3]), a3);
        if (TCount.Value == 1)
            return;
        x += stride;
        b0 = Avx512F.FusedMultiplyAdd(first, Vector512.Create(*x), b0);
        b1 = Avx512F.FusedMultiplyAdd(second, Vector512.Create(x[1]), b1);
        b2 = Avx512F.FusedMultiplyAdd(third, Vector512.Create(x[2]), b2);
        b3 = Avx512F.FusedMultiplyAdd(fourth, Vector512.Create(x[3]), b3);
    }

    // Four lanes of all tokens, of sums that are [tokens, 8 lanes, 16 rows]: columns 0…3 of each eight from where x and the integers begin.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void HalfOfLanes<TCount>(float* sums, float* x0, nint stride, byte* headers, byte* integers, byte* ahead, int columns, float* scratch)
        where TCount : struct, IConstant
    {
        float* x1 = x0 + stride, x2 = x1 + stride, x3 = x2 + stride, x4 = x3 + stride, x5 = x4 + stride;
        Vector512<float> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
        Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default, d0 = default, d1 = default, d2 = default, d3 = default;
        Vector512<float> e0 = default, e1 = default, e2 = default, e3 = default, f0 = default, f1 = default, f2 = default, f3 = default;
        int part = 0;
        for (nint k = 0; k < columns; integers += PackedTile<TFormat>.PartBytes)
        {
            if (ahead is not null)
                LinearArguments.Prefetch(ref ahead, PackedColumns<TFormat>.PartBytes);
            Vector512<float> scale = Scale(out Vector512<float> rest, ref headers, part++, scratch);
            for (nint at = 0; at < PackedTile<TFormat>.PartBytes; at += 128, k += 8)
            {
                Vector512<uint> packed = Vector512.Load((uint*)(integers + at));
                Column<TCount>(ref a0, ref b0, ref c0, ref d0, ref e0, ref f0, First(packed, scale, rest), x0 + k, x1 + k, x2 + k, x3 + k, x4 + k, x5 + k);
                Column<TCount>(ref a1, ref b1, ref c1, ref d1, ref e1, ref f1, Second(packed, scale, rest), x0 + k + 1, x1 + k + 1, x2 + k + 1, x3 + k + 1, x4 + k + 1, x5 + k + 1);
                Column<TCount>(ref a2, ref b2, ref c2, ref d2, ref e2, ref f2, Third(packed, scale, rest), x0 + k + 2, x1 + k + 2, x2 + k + 2, x3 + k + 2, x4 + k + 2, x5 + k + 2);
                Column<TCount>(ref a3, ref b3, ref c3, ref d3, ref e3, ref f3, Fourth(packed, scale, rest), x0 + k + 3, x1 + k + 3, x2 + k + 3, x3 + k + 3, x4 + k + 3, x5 + k + 3);
            }
            if (TFormat.IsSigned)
                continue;
            for (nint at = 0; at < PackedTile<TFormat>.PartBytes; at += 128, k += 8) // a loop of its own: in one with the low nibbles sums leave the registers
            {
                Vector512<uint> packed = Vector512.ShiftRightLogical(Vector512.Load((uint*)(integers + at)), 4);
                Column<TCount>(ref a0, ref b0, ref c0, ref d0, ref e0, ref f0, First(packed, scale, rest), x0 + k, x1 + k, x2 + k, x3 + k, x4 + k, x5 + k);
                Column<TCount>(ref a1, ref b1, ref c1, ref d1, ref e1, ref f1, Second(packed, scale, rest), x0 + k + 1, x1 + k + 1, x2 + k + 1, x3 + k + 1, x4 + k + 1, x5 + k + 1);
                Column<TCount>(ref a2, ref b2, ref c2, ref d2, ref e2, ref f2, Third(packed, scale, rest), x0 + k + 2, x1 + k + 2, x2 + k + 2, x3 + k + 2, x4 + k + 2, x5 + k + 2);
                Column<TCount>(ref a3, ref b3, ref c3, ref d3, ref e3, ref f3, Fourth(packed, scale, rest), x0 + k + 3, x1 + k + 3, x2 + k + 3, x3 + k + 3, x4 + k + 3, x5 + k + 3);
            }
        }
        FloatTile.Store(sums, a0, a1, a2, a3);
        FloatTile.Store(sums + TokenSums, b0, b1, b2, b3);
        FloatTile.Store(sums + (2 * TokenSums), c0, c1, c2, c3);
        if (TCount.Value > 3)
            FloatTile.Store(sums + (3 * TokenSums), d0, d1, d2, d3);
        if (TCount.Value > 4)
            FloatTile.Store(sums + (4 * TokenSums), e0, e1, e2, e3);
        if (TCount.Value > 5)
            FloatTile.Store(sums + (5 * TokenSums), f0, f1, f2, f3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Column<TCount>(
        ref Vector512<float> a, ref Vector512<float> b, ref Vector512<float> c, ref Vector512<float> d, ref Vector512<float> e, ref Vector512<float> f,
        Vector512<float> weights, float* x0, float* x1, float* x2, float* x3, float* x4, float* x5)
        where TCount : struct, IConstant
    {
        a = Avx512F.FusedMultiplyAdd(weights, Vector512.Create(*x0), a);
        b = Avx512F.FusedMultiplyAdd(weights, Vector512.Create(*x1), b);
        c = Avx512F.FusedMultiplyAdd(weights, Vector512.Create(*x2), c);
        if (TCount.Value > 3)
            d = Avx512F.FusedMultiplyAdd(weights, Vector512.Create(*x3), d);
        if (TCount.Value > 4)
            e = Avx512F.FusedMultiplyAdd(weights, Vector512.Create(*x4), e);
        if (TCount.Value > 5)
            f = Avx512F.FusedMultiplyAdd(weights, Vector512.Create(*x5), f);
    }

    // A part's scales, and what is added to scale · number: its minima, or what takes off a byte's 2048 and 128 again.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Scale(out Vector512<float> rest, ref byte* headers, int part, float* scratch)
    {
        Vector512<float> scale;
        if (PartsOfBlock == 1)
        {
            scale = TFormat.ReadHeader(headers, out rest);
            headers += TFormat.HeaderBytes * Rows;
        }
        else
        {
            part &= PartsOfBlock - 1;
            float* minima = scratch + (Rows * PartsOfBlock);
            if (part == 0)
            {
                TFormat.ReadHeaders(scratch, minima, headers, PartsOfBlock);
                headers += TFormat.HeaderBytes * Rows;
            }
            (scale, rest) = (Vector512.Load(scratch + (Rows * part)), Vector512.Load(minima + (Rows * part)));
        }
        if (TFormat.IsSigned)
            rest = scale * -(Start + 128f); // exact
        return scale;
    }

    // The weights of a column, from the first to the fourth byte of each lane. Products of scales and integers are exact: what is rounded is rounded once, as in the format's definition.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> First(Vector512<uint> packed, Vector512<float> scale, Vector512<float> rest) =>
        TFormat.IsSigned ? Bytes(Vector512.ShiftLeft(packed, Bit), scale, rest) : Nibbles(packed, scale, rest);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Second(Vector512<uint> packed, Vector512<float> scale, Vector512<float> rest) =>
        TFormat.IsSigned ? Bytes(Vector512.ShiftLeft(packed, Bit - 8), scale, rest) : Nibbles(Vector512.ShiftRightLogical(packed, 8), scale, rest);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Third(Vector512<uint> packed, Vector512<float> scale, Vector512<float> rest) =>
        TFormat.IsSigned ? Bytes(Vector512.ShiftRightLogical(packed, 16 - Bit), scale, rest) : Nibbles(Vector512.ShiftRightLogical(packed, 16), scale, rest);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Fourth(Vector512<uint> packed, Vector512<float> scale, Vector512<float> rest) =>
        TFormat.IsSigned ? Bytes(Vector512.ShiftRightLogical(packed, 24 - Bit), scale, rest) : Nibbles(Vector512.ShiftRightLogical(packed, 24), scale, rest);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Nibbles(Vector512<uint> lanes, Vector512<float> scale, Vector512<float> rest) =>
        Avx512F.FusedMultiplyAdd(PackedPanels<TFormat>.Nibble(lanes), scale, rest);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Bytes(Vector512<uint> lanes, Vector512<float> scale, Vector512<float> rest)
    {
        const byte SelectOr = 0xEA; // (lanes & mask) | start
        Vector512<uint> number = Avx512F.TernaryLogic(lanes, Vector512.Create(255u << Bit), Vector512.Create(Start).AsUInt32(), SelectOr);
        return Avx512F.FusedMultiplyAdd(number.AsSingle(), scale, rest);
    }
}
