using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>
/// <see cref="ExactLinear{TRows}"/> where registers have 512 bits: 16 rows at a time. One token, or a few of plain rows, meet their weights as
/// they are read; for more tokens they become panels first (<see cref="ExactPanels{TRows}"/>).
/// </summary>
internal static unsafe class ExactTiles<TRows>
    where TRows : struct, IRowReader
{
    private const int Rows = LinearArguments.TileRows, Part = 32;

    private const int PartsAtOnce = 24;

    // Of plain rows: how many are met at once, by how many tokens at most, and how far ahead a row's weights are asked for, in bytes.
    private const int PlainRows = 4, PlainTokens = 4, RowDistance = 2048;

    private const int TokenSums = 2 * FloatTile.CarryLength; // floats that a token's sums of 16 rows take

    /// <summary>Floats of scratch that a worker needs.</summary>
    public static int ScratchLength(int columns) => Math.Max(ExactPanels<TRows>.ScratchLength(columns), ScalesLength + (PlainTokens * (TokenSums + Rows)));

    private static int ScalesLength => TileScales<Q8_0>.ScratchLength(PartsAtOnce * Part);

    public static void Run(in LinearArguments arguments, int firstRow, int endRow, float* scratch)
    {
        if (arguments.Columns % Part != 0 || arguments.Tokens > (TRows.IsPlain ? PlainTokens : 1))
            ExactPanels<TRows>.Run(arguments, firstRow, endRow, scratch);
        else if (TRows.IsPlain)
            FewTokens(arguments, firstRow, endRow, scratch);
        else
            OneToken(arguments, firstRow, endRow, scratch);
    }

    // Of plain rows.
    private static void FewTokens(in LinearArguments arguments, int firstRow, int endRow, float* scratch)
    {
        float* sums = scratch + ScalesLength, results = sums + (PlainTokens * TokenSums);
        byte** rows = stackalloc byte*[Rows];
        for (int row = firstRow, count; row < endRow; row += count)
        {
            count = Place(rows, arguments, row, Math.Min(Rows, endRow - row));
            for (int r = 0; r < Rows; r += PlainRows)
                FourPlainRows(sums + (r * 8), arguments, rows + r);
            for (int token = 0; token < arguments.Tokens; token++)
            {
                FloatTile.Sums(results, sums + (token * TokenSums));
                arguments.StoreTile(token, row, count, Vector512.Load(results));
            }
        }
    }

    // Of blocks.
    private static void OneToken(in LinearArguments arguments, int firstRow, int endRow, float* scratch)
    {
        int parts = arguments.Columns / Part, pieces = (parts + PartsAtOnce - 1) / PartsAtOnce;
        int piece = Math.Min(PartsAtOnce, (((parts + pieces - 1) / pieces) + 7) & ~7); // whole blocks of every format
        float* sums = scratch + ScalesLength, results = sums + TokenSums;
        byte** rows = stackalloc byte*[Rows];
        bool packed = arguments.Packed is not null;
        for (int row = firstRow, count; row < endRow; row += count)
        {
            count = Place(rows, arguments, row, Math.Min(packed ? Rows - (row % Rows) : Rows, endRow - row));
            new Span<float>(sums, TokenSums).Clear();
            for (int first = 0; first < parts; first += piece)
            {
                int length = Math.Min(piece, parts - first);
                if (packed && count == Rows)
                {
                    TRows.AddPackedColumns(sums, arguments, row, first, length, scratch);
                    continue;
                }
                TRows.ReadScales(out float* scales, out float* minima, arguments, row, count, first, length, scratch);
                if (count == Rows)
                    TRows.AddColumns(sums, arguments, row, first, length, scales, minima);
                else
                    TwoByTwo(sums, arguments, row, rows, first, length, scales, minima);
            }
            if (count == Rows)
                TRows.SumColumns(results, sums);
            else
                FloatTile.Sums(results, sums);
            arguments.StoreTile(0, row, count, Vector512.Load(results));
        }
    }

    // Where a tile's rows are; the last one stands for those beyond.
    private static int Place(byte** rows, in LinearArguments arguments, int row, int count)
    {
        for (int r = 0; r < Rows; r++)
            rows[r] = arguments.Weight + ((row + Math.Min(r, count - 1)) * arguments.RowBytes);
        return count;
    }

    private static void FourPlainRows(float* sums, in LinearArguments arguments, byte** rows)
    {
        switch (arguments.Tokens)
        {
            case 1: FourPlainRows<OneToken>(sums, arguments, rows); break;
            case 2: FourPlainRows<TwoTokens>(sums, arguments, rows); break;
            case 3: FourPlainRows<ThreeTokens>(sums, arguments, rows); break;
            default: FourPlainRows<FourTokens>(sums, arguments, rows); break;
        }
    }

    // Whole rows of plain numbers, few at a time: rows of a power of two bytes would meet in the same places of the first-level cache.
    // Each row's weights to come are asked for in the row itself, so that the processor sees four runs of bytes; then in the row that follows it here.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourPlainRows<TCount>(float* sums, in LinearArguments arguments, byte** rows)
        where TCount : struct, ITokenCount
    {
        byte* r0 = rows[0], r1 = rows[1], r2 = rows[2], r3 = rows[3];
        nint bytes = arguments.Columns / Part * TRows.BlockBytes, ahead = Math.Min(RowDistance, bytes), stride = (nint)arguments.InputStride;
        byte* turn = r0 + bytes - ahead;
        Vector512<float> a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default, d0 = default, d1 = default;
        for (float* x = arguments.Input, end = x + arguments.Columns; x < end; x += Part, r0 += TRows.BlockBytes, r1 += TRows.BlockBytes, r2 += TRows.BlockBytes, r3 += TRows.BlockBytes)
        {
            if (r0 == turn)
                ahead += (PlainRows * (nint)arguments.RowBytes) - bytes;
            Prefetch(r0 + ahead);
            Prefetch(r1 + ahead);
            Prefetch(r2 + ahead);
            Prefetch(r3 + ahead);
            (Vector512<float> A, Vector512<float> B, Vector512<float> C, Vector512<float> D) low = TRows.ReadTwo(r0, r1, 0, null, null), high = TRows.ReadTwo(r2, r3, 0, null, null);
            Add(ref a0, ref a1, low, high, x);
            if (TCount.Count > 1)
                Add(ref b0, ref b1, low, high, x + stride);
            if (TCount.Count > 2)
                Add(ref c0, ref c1, low, high, x + (2 * stride));
            if (TCount.Count > 3)
                Add(ref d0, ref d1, low, high, x + (3 * stride));
        }
        Store(sums, a0, a1);
        if (TCount.Count > 1)
            Store(sums + TokenSums, b0, b1);
        if (TCount.Count > 2)
            Store(sums + (2 * TokenSums), c0, c1);
        if (TCount.Count > 3)
            Store(sums + (3 * TokenSums), d0, d1);
    }

    // 32 columns of four rows with a token.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(
        ref Vector512<float> s0, ref Vector512<float> s1, in (Vector512<float> A, Vector512<float> B, Vector512<float> C, Vector512<float> D) low,
        in (Vector512<float> A, Vector512<float> B, Vector512<float> C, Vector512<float> D) high, float* x)
    {
        Vector512<float> x0 = Twice(x), x1 = Twice(x + 8), x2 = Twice(x + 16), x3 = Twice(x + 24);
        s0 = Avx512F.FusedMultiplyAdd(low.A, x0, s0);
        s1 = Avx512F.FusedMultiplyAdd(high.A, x0, s1);
        s0 = Avx512F.FusedMultiplyAdd(low.B, x1, s0);
        s1 = Avx512F.FusedMultiplyAdd(high.B, x1, s1);
        s0 = Avx512F.FusedMultiplyAdd(low.C, x2, s0);
        s1 = Avx512F.FusedMultiplyAdd(high.C, x2, s1);
        s0 = Avx512F.FusedMultiplyAdd(low.D, x3, s0);
        s1 = Avx512F.FusedMultiplyAdd(high.D, x3, s1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* sums, Vector512<float> s0, Vector512<float> s1)
    {
        s0.Store(sums);
        s1.Store(sums + 16);
    }

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
