using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>
/// The same with activations of 8 bits: y[t, o] = Σ_b (s_w·s_x)·Σ q_w·q_x + Σ_b m_w·(s_x·Σ q_x), b over blocks of 32.
/// An element's blocks are added in their order, its minima likewise in eight lanes, whatever rows
/// and tokens are computed beside it: four rows for one token, two rows for four.
/// </summary>
internal static unsafe class FastLinear<TFormat>
    where TFormat : struct, IIntegerFormat
{
    private const int RowTile = 4;

    // One row of weights, with its scales as float32.
    private struct Row
    {
        public byte* Blocks;
        public float* Scales;
        public float* Minima;
    }

    /// <summary>Floats of scratch that a worker needs: for each row of a tile its scales, two a part at most, and its minima.</summary>
    public static int ScratchLength(int columns) => Math.Max(RowTile * 3, WideLinear<TFormat>.ScratchRows) * QuantisedInput.PaddedBlocks(columns);

    public static void Run(in LinearArguments arguments, int firstRow, int endRow, float* scratch)
    {
        if (arguments.Tokens == 1 && WideLinear<TFormat>.Handles(arguments))
            firstRow = WideLinear<TFormat>.Run(arguments, firstRow, endRow, scratch);
        int tokens = arguments.Tokens, whole = tokens & ~3;
        Row* rows = stackalloc Row[RowTile];
        for (int row = firstRow; row < endRow; row += RowTile)
        {
            int count = Math.Min(RowTile, endRow - row);
            if (tokens > 1)
                arguments.Prefetch(row, RowTile);
            Read(arguments, rows, row, count, scratch);
            for (int token = 0; token < whole; token += 4)
                for (int pair = 0; pair < count; pair += 2)
                    FourTokens(arguments, token, rows[pair], rows[pair + 1], row + pair, Math.Min(2, count - pair));
            for (int token = whole; token < tokens; token++)
                OneToken(arguments, token, rows, row, count);
        }
    }

    // Rows that follow each other without gaps are one run of blocks.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Read(in LinearArguments arguments, Row* rows, int firstRow, int count, float* scratch)
    {
        int parts = arguments.Columns / QuantisedInput.Block;
        float* scales = scratch, minima = scratch + (2 * RowTile * parts);
        int scaleStride = TFormat.HasHalfScales ? 2 * parts : parts;
        byte* blocks = arguments.Weight + (firstRow * arguments.RowBytes);
        for (int r = 0; r < RowTile; r++)
            rows[r] = r >= count ? rows[0]
                : new Row { Blocks = blocks + (r * arguments.RowBytes), Scales = scales + (r * scaleStride), Minima = minima + (r * parts) };
        if (arguments.RowBytes == (long)arguments.Columns / TFormat.Elements * TFormat.Bytes)
            TFormat.ReadScales(scales, minima, blocks, count * parts);
        else
            for (int r = 0; r < count; r++)
                TFormat.ReadScales(rows[r].Scales, rows[r].Minima, rows[r].Blocks, parts);
    }

    // Scale of a part of weights times scale of a block of activations, for each lane.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Scale(float* scales, nint part, float* valueScales)
    {
        return TFormat.HasHalfScales
            ? Vector256.Create(Vector128.Create(scales[2 * part] * valueScales[part]), Vector128.Create(scales[(2 * part) + 1] * valueScales[part]))
            : Vector256.Create(scales[part]) * Vector256.Create(valueScales[part]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Add(Vector256<float> sum, Vector256<byte> weights, Vector256<sbyte> values, Vector256<float> scale) =>
        Lanes.MultiplyAdd(Vector256.ConvertToSingle(IntegerDot.Lanes(weights, values, TFormat.IsSigned)), scale, sum);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneToken(in LinearArguments arguments, int token, Row* rows, int firstRow, int count)
    {
        int parts = arguments.Columns / QuantisedInput.Block, inBlock = TFormat.Elements / QuantisedInput.Block;
        sbyte* x = arguments.Quantised.Values + ((long)token * arguments.Columns);
        float* s = arguments.Quantised.Scales + ((long)token * arguments.Quantised.Stride);
        float* scales0 = rows[0].Scales, scales1 = rows[1].Scales, scales2 = rows[2].Scales, scales3 = rows[3].Scales;
        byte* block0 = rows[0].Blocks, block1 = rows[1].Blocks, block2 = rows[2].Blocks, block3 = rows[3].Blocks;
        byte* ahead = arguments.Ahead(firstRow, RowTile);
        Vector256<float> sum0 = default, sum1 = default, sum2 = default, sum3 = default;
        for (nint p = 0; p < parts; p++)
        {
            int part = (int)p & (inBlock - 1);
            LinearArguments.Prefetch(ref ahead, RowTile * TFormat.Bytes / inBlock);
            Vector256<sbyte> values = Vector256.Load(x + (QuantisedInput.Block * p));
            sum0 = Add(sum0, TFormat.Unpack(block0, part), values, Scale(scales0, p, s));
            sum1 = Add(sum1, TFormat.Unpack(block1, part), values, Scale(scales1, p, s));
            sum2 = Add(sum2, TFormat.Unpack(block2, part), values, Scale(scales2, p, s));
            sum3 = Add(sum3, TFormat.Unpack(block3, part), values, Scale(scales3, p, s));
            if (part == inBlock - 1)
            {
                block0 += TFormat.Bytes;
                block1 += TFormat.Bytes;
                block2 += TFormat.Bytes;
                block3 += TFormat.Bytes;
            }
        }
        Vector128<float> result = Lanes.Sums(sum0, sum1, sum2, sum3);
        if (TFormat.HasMinimum)
            result += Minima(arguments, token, rows[0], rows[1], rows[2], rows[3]);
        arguments.StoreRows(token, firstRow, count, result);
    }

    // Σ m_w·(s_x·Σ q_x) of four rows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Minima(in LinearArguments arguments, int token, in Row a, in Row b, in Row c, in Row d) =>
        Minima(arguments.Quantised.Sums + ((long)token * arguments.Quantised.Stride), a.Minima, b.Minima, c.Minima, d.Minima, arguments.Columns / QuantisedInput.Block);

    /// <summary>Σ m_w·(s_x·Σ q_x) of four rows that follow each other, of the first token.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Minima(in QuantisedInput input, float* minima, int parts) =>
        Minima(input.Sums, minima, minima + parts, minima + (2 * parts), minima + (3 * parts), parts);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Minima(float* sums, float* m0, float* m1, float* m2, float* m3, int parts)
    {
        int part = 0;
        Vector256<float> sum0 = default, sum1 = default, sum2 = default, sum3 = default;
        for (; part + 8 <= parts; part += 8)
        {
            Vector256<float> x = Vector256.Load(sums + part);
            sum0 = Lanes.MultiplyAdd(Vector256.Load(m0 + part), x, sum0);
            sum1 = Lanes.MultiplyAdd(Vector256.Load(m1 + part), x, sum1);
            sum2 = Lanes.MultiplyAdd(Vector256.Load(m2 + part), x, sum2);
            sum3 = Lanes.MultiplyAdd(Vector256.Load(m3 + part), x, sum3);
        }
        if (part < parts)
        {
            // The sums behind a row's end are zero; the minima there are those of another row.
            Vector256<float> x = Vector256.Load(sums + part), own = Lanes.FirstLanes(parts - part);
            sum0 = Lanes.MultiplyAdd(Vector256.Load(m0 + part) & own, x, sum0);
            sum1 = Lanes.MultiplyAdd(Vector256.Load(m1 + part) & own, x, sum1);
            sum2 = Lanes.MultiplyAdd(Vector256.Load(m2 + part) & own, x, sum2);
            sum3 = Lanes.MultiplyAdd(Vector256.Load(m3 + part) & own, x, sum3);
        }
        return Lanes.Sums(sum0, sum1, sum2, sum3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourTokens(in LinearArguments arguments, int token, in Row a, in Row b, int firstRow, int count)
    {
        int columns = arguments.Columns, parts = columns / QuantisedInput.Block, inBlock = TFormat.Elements / QuantisedInput.Block;
        int stride = arguments.Quantised.Stride;
        sbyte* x0 = arguments.Quantised.Values + ((long)token * columns), x1 = x0 + columns, x2 = x1 + columns, x3 = x2 + columns;
        float* s0 = arguments.Quantised.Scales + ((long)token * stride), s1 = s0 + stride, s2 = s1 + stride, s3 = s2 + stride;
        float* scalesA = a.Scales, scalesB = b.Scales;
        byte* blockA = a.Blocks, blockB = b.Blocks;
        Vector256<float> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
        for (nint p = 0; p < parts; p++)
        {
            int part = (int)p & (inBlock - 1);
            Vector256<byte> u = TFormat.Unpack(blockA, part), v = TFormat.Unpack(blockB, part);
            Vector256<sbyte> values = Vector256.Load(x0 + (QuantisedInput.Block * p));
            a0 = Add(a0, u, values, Scale(scalesA, p, s0));
            b0 = Add(b0, v, values, Scale(scalesB, p, s0));
            values = Vector256.Load(x1 + (QuantisedInput.Block * p));
            a1 = Add(a1, u, values, Scale(scalesA, p, s1));
            b1 = Add(b1, v, values, Scale(scalesB, p, s1));
            values = Vector256.Load(x2 + (QuantisedInput.Block * p));
            a2 = Add(a2, u, values, Scale(scalesA, p, s2));
            b2 = Add(b2, v, values, Scale(scalesB, p, s2));
            values = Vector256.Load(x3 + (QuantisedInput.Block * p));
            a3 = Add(a3, u, values, Scale(scalesA, p, s3));
            b3 = Add(b3, v, values, Scale(scalesB, p, s3));
            if (part == inBlock - 1)
            {
                blockA += TFormat.Bytes;
                blockB += TFormat.Bytes;
            }
        }
        Store(arguments, token, a, firstRow, Lanes.Sums(a0, a1, a2, a3));
        if (count > 1)
            Store(arguments, token, b, firstRow + 1, Lanes.Sums(b0, b1, b2, b3));
    }

    // Results of four tokens for one row. Not inlined: a call in the caller would push its sums out of their registers.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Store(in LinearArguments arguments, int token, in Row row, int index, Vector128<float> values)
    {
        for (int t = 0; t < 4; t++)
        {
            float value = values.GetElement(t);
            if (TFormat.HasMinimum)
                value += Minima(arguments, token + t, row, row, row, row).ToScalar();
            arguments.Store(token + t, index, value);
        }
    }
}
