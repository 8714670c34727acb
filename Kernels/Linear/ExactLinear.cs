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
    public static int ScratchLength(int columns) => RowTile * (columns + 8);

    public static void Run(in LinearArguments arguments, int firstRow, int endRow, float* scratch)
    {
        int columns = arguments.Columns;
        float** rows = stackalloc float*[RowTile];
        for (int row = firstRow; row < endRow; row += RowTile)
        {
            int count = Math.Min(RowTile, endRow - row);
            for (int r = 0; r < count; r++)
                rows[r] = TRows.Read(scratch + ((long)r * (columns + 8)), arguments.Weight + ((row + r) * arguments.RowBytes), columns);
            for (int r = count; r < RowTile; r++)
                rows[r] = rows[0];
            int token = 0;
            for (; token + 2 <= arguments.Tokens; token += 2)
                TwoTokens(arguments, token, row, count, rows);
            if (token < arguments.Tokens)
                OneToken(arguments, token, row, count, rows);
        }
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
        Store(arguments, token, row, count, s0, s1, s2, s3);
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
        Store(arguments, token, row, count, s0, s1, s2, s3);
        Store(arguments, token + 1, row, count, t0, t1, t2, t3);
    }

    private static void Store(
        in LinearArguments arguments, int token, int row, int count,
        Vector256<float> s0, Vector256<float> s1, Vector256<float> s2, Vector256<float> s3)
    {
        arguments.Store(token, row, Lanes.Sum(s0));
        if (count > 1)
            arguments.Store(token, row + 1, Lanes.Sum(s1));
        if (count > 2)
            arguments.Store(token, row + 2, Lanes.Sum(s2));
        if (count > 3)
            arguments.Store(token, row + 3, Lanes.Sum(s3));
    }
}
