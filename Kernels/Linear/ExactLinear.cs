using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Managed.Kernels.Linear;

/// <summary>
/// y[t, o] = Σ_k w[o, k]·x[t, k] with float32 activations. Rows of weights become float32 in a small scratch that stays in the
/// first-level cache; then tiles of rows and tokens share their loads. Every element keeps the order of <see cref="Lanes"/>.
/// </summary>
internal static unsafe class ExactLinear<TRows>
    where TRows : struct, IRowReader
{
    private const int RowTile = 4;

    /// <summary>Floats of scratch that a worker needs.</summary>
    public static int ScratchLength(int columns) =>
        FloatTile.IsSupported ? ExactTiles<TRows>.ScratchLength(columns) : RowTile * RowReaders.ScratchLength(columns);

    /// <summary>Any number of tokens: blocks of them are this kernel's own affair.</summary>
    public static void Run(in LinearArguments arguments, int firstRow, int endRow, float* scratch)
    {
        if (FloatTile.IsSupported)
        {
            ExactTiles<TRows>.Run(arguments, firstRow, endRow, scratch);
            return;
        }
        for (int token = 0; token < arguments.Tokens; token += LinearArguments.TokenBlock)
            Narrow(arguments.Slice(token, Math.Min(LinearArguments.TokenBlock, arguments.Tokens - token)), firstRow, endRow, scratch);
    }

    private static void Narrow(in LinearArguments arguments, int firstRow, int endRow, float* scratch)
    {
        int room = RowReaders.ScratchLength(arguments.Columns);
        byte** stored = stackalloc byte*[RowTile];
        float** rows = stackalloc float*[RowTile];
        for (int row = firstRow; row < endRow; row += RowTile)
        {
            int count = Math.Min(RowTile, endRow - row), token = 0;
            for (int r = 0; r < RowTile; r++)
                stored[r] = arguments.Weight + ((row + (r < count ? r : 0)) * arguments.RowBytes);
            if (TRows.IsPlain && arguments.Tokens == 1 && arguments.Columns % 8 == 0)
            {
                OnePlainToken(arguments, row, count, stored);
                continue;
            }
            arguments.Prefetch(row, RowTile);
            for (int r = 0; r < RowTile; r++)
                rows[r] = r < count ? TRows.Read(scratch + ((long)r * room), stored[r], arguments.Columns) : rows[0];
            for (; token + 2 <= arguments.Tokens; token += 2)
                TwoTokens(arguments, token, row, count, rows);
            if (token < arguments.Tokens)
                OneToken(arguments, token, row, count, rows);
        }
    }

    // A single token reads the weights where they lie.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OnePlainToken(in LinearArguments arguments, int row, int count, byte** rows)
    {
        float* x = arguments.Input;
        byte* w0 = rows[0], w1 = rows[1], w2 = rows[2], w3 = rows[3], ahead = arguments.Ahead(row, RowTile);
        Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default;
        int columns = arguments.Columns;
        for (int k = 0; k < columns; k += 8)
        {
            LinearArguments.Prefetch(ref ahead, RowTile * 8 * TRows.ElementBytes);
            Vector256<float> a = Vector256.Load(x + k);
            s0 = Lanes.MultiplyAdd(a, TRows.Load(w0, k), s0);
            s1 = Lanes.MultiplyAdd(a, TRows.Load(w1, k), s1);
            s2 = Lanes.MultiplyAdd(a, TRows.Load(w2, k), s2);
            s3 = Lanes.MultiplyAdd(a, TRows.Load(w3, k), s3);
        }
        arguments.StoreRows(0, row, count, Lanes.Sums(s0, s1, s2, s3));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneToken(in LinearArguments arguments, int token, int row, int count, float** rows)
    {
        float* x = arguments.Input + (token * arguments.InputStride), w0 = rows[0], w1 = rows[1], w2 = rows[2], w3 = rows[3];
        Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default;
        int columns = arguments.Columns, k = 0;
        for (; k + 8 <= columns; k += 8)
        {
            Vector256<float> a = Vector256.Load(x + k);
            s0 = Lanes.MultiplyAdd(a, Vector256.Load(w0 + k), s0);
            s1 = Lanes.MultiplyAdd(a, Vector256.Load(w1 + k), s1);
            s2 = Lanes.MultiplyAdd(a, Vector256.Load(w2 + k), s2);
            s3 = Lanes.MultiplyAdd(a, Vector256.Load(w3 + k), s3);
        }
        if (k < columns)
        {
            int rest = columns - k;
            Vector256<float> a = Lanes.LoadFirst(x + k, rest);
            s0 = Lanes.MultiplyAdd(a, Lanes.LoadFirst(w0 + k, rest), s0);
            s1 = Lanes.MultiplyAdd(a, Lanes.LoadFirst(w1 + k, rest), s1);
            s2 = Lanes.MultiplyAdd(a, Lanes.LoadFirst(w2 + k, rest), s2);
            s3 = Lanes.MultiplyAdd(a, Lanes.LoadFirst(w3 + k, rest), s3);
        }
        arguments.StoreRows(token, row, count, Lanes.Sums(s0, s1, s2, s3));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TwoTokens(in LinearArguments arguments, int token, int row, int count, float** rows)
    {
        float* x = arguments.Input + (token * arguments.InputStride), y = x + arguments.InputStride;
        float* w0 = rows[0], w1 = rows[1], w2 = rows[2], w3 = rows[3];
        Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default, t0 = default, t1 = default, t2 = default, t3 = default;
        int columns = arguments.Columns, k = 0;
        for (; k + 8 <= columns; k += 8)
        {
            Vector256<float> a = Vector256.Load(x + k), b = Vector256.Load(y + k), w = Vector256.Load(w0 + k);
            s0 = Lanes.MultiplyAdd(a, w, s0);
            t0 = Lanes.MultiplyAdd(b, w, t0);
            w = Vector256.Load(w1 + k);
            s1 = Lanes.MultiplyAdd(a, w, s1);
            t1 = Lanes.MultiplyAdd(b, w, t1);
            w = Vector256.Load(w2 + k);
            s2 = Lanes.MultiplyAdd(a, w, s2);
            t2 = Lanes.MultiplyAdd(b, w, t2);
            w = Vector256.Load(w3 + k);
            s3 = Lanes.MultiplyAdd(a, w, s3);
            t3 = Lanes.MultiplyAdd(b, w, t3);
        }
        if (k < columns)
        {
            int rest = columns - k;
            Vector256<float> a = Lanes.LoadFirst(x + k, rest), b = Lanes.LoadFirst(y + k, rest), w = Lanes.LoadFirst(w0 + k, rest);
            s0 = Lanes.MultiplyAdd(a, w, s0);
            t0 = Lanes.MultiplyAdd(b, w, t0);
            w = Lanes.LoadFirst(w1 + k, rest);
            s1 = Lanes.MultiplyAdd(a, w, s1);
            t1 = Lanes.MultiplyAdd(b, w, t1);
            w = Lanes.LoadFirst(w2 + k, rest);
            s2 = Lanes.MultiplyAdd(a, w, s2);
            t2 = Lanes.MultiplyAdd(b, w, t2);
            w = Lanes.LoadFirst(w3 + k, rest);
            s3 = Lanes.MultiplyAdd(a, w, s3);
            t3 = Lanes.MultiplyAdd(b, w, t3);
        }
        arguments.StoreRows(token, row, count, Lanes.Sums(s0, s1, s2, s3));
        arguments.StoreRows(token + 1, row, count, Lanes.Sums(t0, t1, t2, t3));
    }
}
