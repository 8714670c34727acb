using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>
/// <see cref="ExactLinear{TRows}"/> where registers have 512 bits: 16 rows at a time. One token, or a few of plain rows or packed ones
/// (<see cref="ExactPacked{TFormat}"/>), meet their weights as they are read; for more tokens they become panels first (<see cref="ExactPanels{TRows}"/>).
/// </summary>
internal static unsafe class ExactTiles<TRows>
    where TRows : struct, IRowReader
{
    private const int Rows = LinearArguments.TileRows, Part = 32;

    // Of plain rows: how many are met at once, by how many tokens at most, and how far ahead a row's weights are asked for, in bytes.
    private const int PlainRows = 8, PlainTokens = 4, RowDistance = 768;

    private const int ShortColumns = 64; // of rows that panels would only copy

    private const int TokenSums = 2 * FloatTile.CarryLength; // floats that a token's sums of 16 rows take

    /// <summary>Floats of scratch that a worker needs.</summary>
    public static int ScratchLength(int columns) => Math.Max(
        Math.Max(ExactPanels<TRows>.ScratchLength(columns), ExactPacked<Q8_0>.ScratchLength), ScalesLength + (PlainTokens * TokenSums));

    private static int ScalesLength => ExactPanels<TRows>.ScalesLength;

    public static void Run(in LinearArguments arguments, int firstRow, int endRow, float* scratch)
    {
        if (TRows.IsPlain && arguments.Columns % 8 == 0 && arguments.Columns <= ShortColumns && (arguments.Columns % Part != 0 || arguments.Tokens > PlainTokens))
            ShortRows(arguments, firstRow, endRow);
        else if (arguments.Packed is not null && arguments.Tokens <= ExactPacked<Q8_0>.MostTokens)
            PackedTiles(arguments, firstRow, endRow, scratch);
        else if (arguments.Columns % Part != 0 || arguments.Tokens > (TRows.IsPlain ? PlainTokens : 1))
            ExactPanels<TRows>.Run(arguments, firstRow, endRow, scratch);
        else if (TRows.IsPlain)
            FewTokens(arguments, firstRow, endRow, scratch);
        else
            OneToken(arguments, firstRow, endRow, scratch);
    }

    // Of plain rows.
    private static void FewTokens(in LinearArguments arguments, int firstRow, int endRow, float* scratch)
    {
        float* sums = scratch + ScalesLength;
        byte** rows = stackalloc byte*[Rows];
        for (int row = firstRow, count; row < endRow; row += count)
        {
            count = Place(rows, arguments, row, Math.Min(Rows, endRow - row));
            for (int r = 0; r < Rows; r += PlainRows)
                EightPlainRows(sums + (r * 8), arguments, rows + r);
            for (int token = 0; token < arguments.Tokens; token++)
                arguments.StoreTile(token, row, count, FloatTile.Sums(sums + (token * TokenSums)));
        }
    }

    // Of a few columns, as the second matrix of a low-rank change: any number of tokens meets 16 rows, which stay in the first-level cache.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ShortRows(in LinearArguments arguments, int firstRow, int endRow)
    {
        byte** rows = stackalloc byte*[Rows];
        for (int row = firstRow, count; row < endRow; row += count)
        {
            count = Place(rows, arguments, row, Math.Min(Rows, endRow - row));
            for (int token = 0; token < arguments.Tokens; token++)
            {
                Vector512<float> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
                float* x = arguments.Input + (token * arguments.InputStride);
                for (int k = 0; k < arguments.Columns; k += 8)
                {
                    Vector512<float> eight = Twice(x + k);
                    a0 = Avx512F.FusedMultiplyAdd(EightOfTwo(rows[0], rows[1], k), eight, a0);
                    a1 = Avx512F.FusedMultiplyAdd(EightOfTwo(rows[2], rows[3], k), eight, a1);
                    a2 = Avx512F.FusedMultiplyAdd(EightOfTwo(rows[4], rows[5], k), eight, a2);
                    a3 = Avx512F.FusedMultiplyAdd(EightOfTwo(rows[6], rows[7], k), eight, a3);
                    b0 = Avx512F.FusedMultiplyAdd(EightOfTwo(rows[8], rows[9], k), eight, b0);
                    b1 = Avx512F.FusedMultiplyAdd(EightOfTwo(rows[10], rows[11], k), eight, b1);
                    b2 = Avx512F.FusedMultiplyAdd(EightOfTwo(rows[12], rows[13], k), eight, b2);
                    b3 = Avx512F.FusedMultiplyAdd(EightOfTwo(rows[14], rows[15], k), eight, b3);
                }
                arguments.StoreTile(token, row, count, Lanes.Sums(a0, a1, a2, a3, b0, b1, b2, b3));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> EightOfTwo(byte* first, byte* second, int column) => Packed.Join(TRows.Load(first, column), TRows.Load(second, column));

    // Whole tiles as they are packed; a last one that is not full is read as it is stored.
    private static void PackedTiles(in LinearArguments arguments, int firstRow, int endRow, float* scratch)
    {
        for (int row = firstRow, count; row < endRow; row += count)
        {
            count = Math.Min(Rows - (row % Rows), endRow - row);
            if (count == Rows)
                TRows.RunPacked(arguments, row, scratch);
            else if (arguments.Tokens == 1)
                OneToken(arguments, row, row + count, scratch);
            else
                ExactPanels<TRows>.Run(arguments, row, row + count, scratch);
        }
    }

    // Of blocks as they are stored.
    private static void OneToken(in LinearArguments arguments, int firstRow, int endRow, float* scratch)
    {
        int parts = arguments.Columns / Part, piece = ExactPanels<TRows>.Piece(parts);
        float* sums = scratch + ScalesLength;
        byte** rows = stackalloc byte*[Rows];
        for (int row = firstRow, count; row < endRow; row += count)
        {
            count = Place(rows, arguments, row, Math.Min(Rows, endRow - row));
            new Span<float>(sums, TokenSums).Clear();
            for (int first = 0; first < parts; first += piece)
            {
                int length = Math.Min(piece, parts - first);
                TRows.ReadScales(out float* scales, out float* minima, arguments, row, count, first, length, scratch);
                if (count == Rows)
                    TRows.AddColumns(sums, arguments, row, first, length, scales, minima);
                else
                    TwoByTwo(sums, arguments, row, rows, first, length, scales, minima);
            }
            arguments.StoreTile(0, row, count, count == Rows ? Lanes.SumOfLanes(sums) : FloatTile.Sums(sums));
        }
    }

    // Where a tile's rows are; the last one stands for those beyond.
    private static int Place(byte** rows, in LinearArguments arguments, int row, int count)
    {
        for (int r = 0; r < Rows; r++)
            rows[r] = arguments.Weight + ((row + Math.Min(r, count - 1)) * arguments.RowBytes);
        return count;
    }

    private static void EightPlainRows(float* sums, in LinearArguments arguments, byte** rows)
    {
        switch (arguments.Tokens)
        {
            case 1: EightPlainRows<One>(sums, arguments, rows); break;
            case 2: EightPlainRows<Two>(sums, arguments, rows); break;
            case 3: EightPlainRows<Three>(sums, arguments, rows); break;
            default: EightPlainRows<Four>(sums, arguments, rows); break;
        }
    }

    // Whole rows of plain numbers. Each row's weights to come are asked for in the row itself, so that the processor sees runs of bytes, and
    // then in the row that follows it here: weights asked for in the order in which they lie in memory are read a third slower. One line of each page
    // of the eight rows to come is asked for meanwhile, so that their addresses are known by then: rows of a page would all want theirs at once.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void EightPlainRows<TCount>(float* sums, in LinearArguments arguments, byte** rows)
        where TCount : struct, IConstant
    {
        byte* r0 = rows[0], r1 = rows[1], r2 = rows[2], r3 = rows[3], r4 = rows[4], r5 = rows[5], r6 = rows[6], r7 = rows[7];
        nint bytes = arguments.Columns / Part * TRows.BlockBytes, ahead = Math.Min(RowDistance, bytes), turn = bytes - ahead;
        nint toNext = (PlainRows * (nint)arguments.RowBytes) - bytes, stride = (nint)arguments.InputStride;
        Vector512<float> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
        Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default, d0 = default, d1 = default, d2 = default, d3 = default;
        byte* pages = r0 + (PlainRows * (nint)arguments.RowBytes);
        float* x = arguments.Input;
        for (nint at = 0; at < bytes; at += TRows.BlockBytes, ahead += TRows.BlockBytes, x += Part)
        {
            if (at == turn)
                ahead += toNext;
            if (at % (Lanes.Page / PlainRows) == 0)
                Sse.Prefetch1(pages + (PlainRows * at));
            Prefetch(r0 + ahead);
            Prefetch(r1 + ahead);
            Prefetch(r2 + ahead);
            Prefetch(r3 + ahead);
            Prefetch(r4 + ahead);
            Prefetch(r5 + ahead);
            Prefetch(r6 + ahead);
            Prefetch(r7 + ahead);
            (Vector512<float> A, Vector512<float> B, Vector512<float> C, Vector512<float> D) xa = Part32(x), xb = default, xc = default, xd = default;
            if (TCount.Value > 1)
                xb = Part32(x + stride);
            if (TCount.Value > 2)
                xc = Part32(x + (2 * stride));
            if (TCount.Value > 3)
                xd = Part32(x + (3 * stride));
            Add<TCount>(ref a0, ref b0, ref c0, ref d0, TRows.ReadTwo(r0 + at, r1 + at, 0, null, null), xa, xb, xc, xd);
            Add<TCount>(ref a1, ref b1, ref c1, ref d1, TRows.ReadTwo(r2 + at, r3 + at, 0, null, null), xa, xb, xc, xd);
            Add<TCount>(ref a2, ref b2, ref c2, ref d2, TRows.ReadTwo(r4 + at, r5 + at, 0, null, null), xa, xb, xc, xd);
            Add<TCount>(ref a3, ref b3, ref c3, ref d3, TRows.ReadTwo(r6 + at, r7 + at, 0, null, null), xa, xb, xc, xd);
        }
        FloatTile.Store(sums, a0, a1, a2, a3);
        if (TCount.Value > 1)
            FloatTile.Store(sums + TokenSums, b0, b1, b2, b3);
        if (TCount.Value > 2)
            FloatTile.Store(sums + (2 * TokenSums), c0, c1, c2, c3);
        if (TCount.Value > 3)
            FloatTile.Store(sums + (3 * TokenSums), d0, d1, d2, d3);
    }

    // 32 columns of two rows with each token.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TCount>(
        ref Vector512<float> a, ref Vector512<float> b, ref Vector512<float> c, ref Vector512<float> d,
        in (Vector512<float> A, Vector512<float> B, Vector512<float> C, Vector512<float> D) weights, in (Vector512<float> A, Vector512<float> B, Vector512<float> C, Vector512<float> D) xa,
        in (Vector512<float> A, Vector512<float> B, Vector512<float> C, Vector512<float> D) xb, in (Vector512<float> A, Vector512<float> B, Vector512<float> C, Vector512<float> D) xc,
        in (Vector512<float> A, Vector512<float> B, Vector512<float> C, Vector512<float> D) xd)
        where TCount : struct, IConstant
    {
        a = Add(a, weights, xa);
        if (TCount.Value > 1)
            b = Add(b, weights, xb);
        if (TCount.Value > 2)
            c = Add(c, weights, xc);
        if (TCount.Value > 3)
            d = Add(d, weights, xd);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Add(
        Vector512<float> sum, in (Vector512<float> A, Vector512<float> B, Vector512<float> C, Vector512<float> D) weights,
        in (Vector512<float> A, Vector512<float> B, Vector512<float> C, Vector512<float> D) x)
    {
        sum = Avx512F.FusedMultiplyAdd(weights.A, x.A, sum);
        sum = Avx512F.FusedMultiplyAdd(weights.B, x.B, sum);
        sum = Avx512F.FusedMultiplyAdd(weights.C, x.C, sum);
        return Avx512F.FusedMultiplyAdd(weights.D, x.D, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<float>, Vector512<float>, Vector512<float>, Vector512<float>) Part32(float* x) => (Twice(x), Twice(x + 8), Twice(x + 16), Twice(x + 24));

    // The 32 columns from there on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* at)
    {
        Sse.Prefetch0(at);
        if (TRows.BlockBytes > 64)
            Sse.Prefetch0(at + 64);
    }

    // Sums stay in the first-level cache: 16 rows and what unpacks them need more registers than there are.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TwoByTwo(float* sums, in LinearArguments arguments, int row, byte** rows, int firstPart, int parts, float* scales, float* minima)
    {
        int inBlock = TRows.BlockColumns / Part;
        nint at = firstPart / inBlock * TRows.BlockBytes;
        byte* ahead = arguments.Ahead(row, Rows) + (at * Rows);
        int part = 0;
        for (float* x = arguments.Input + (firstPart * Part), end = x + (parts * Part); x < end; x += Part)
        {
            for (byte* stop = ahead + (Rows * TRows.BlockBytes / inBlock); ahead < stop; ahead += 64)
                Sse.Prefetch0(ahead);
            Vector512<float> x0 = Twice(x), x1 = Twice(x + 8), x2 = Twice(x + 16), x3 = Twice(x + 24);
            for (nint r = 0; r < Rows; r += 2)
            {
                (Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d) =
                    TRows.ReadTwo(rows[r] + at, rows[r + 1] + at, part, scales + r, minima + r);
                Vector512<float> sum = Vector512.Load(sums + (r * 8));
                sum = Avx512F.FusedMultiplyAdd(a, x0, sum);
                sum = Avx512F.FusedMultiplyAdd(b, x1, sum);
                sum = Avx512F.FusedMultiplyAdd(c, x2, sum);
                Avx512F.FusedMultiplyAdd(d, x3, sum).Store(sums + (r * 8));
            }
            scales += TRows.ScaleStride;
            minima += Rows;
            if (++part == inBlock)
            {
                part = 0;
                at += TRows.BlockBytes;
            }
        }
    }

    // Eight numbers in both halves. (A broadcast would read from elsewhere: the compiler scales its constant offsets wrongly.)
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Twice(float* from)
    {
        Vector256<float> eight = Vector256.Load(from);
        return Packed.Join(eight, eight);
    }
}
