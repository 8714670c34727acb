using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>
/// The same with activations of 8 bits: y[t, o] = Σ_b (s_w·s_x)·Σ q_w·q_x + Σ_b m_w·(s_x·Σ q_x), b over blocks of 32.
/// An element's blocks are added in their order, its minima as <see cref="Lanes.DotWhole"/> adds, whatever rows and tokens
/// are computed beside it: two rows for one token, one row for four.
/// </summary>
internal static unsafe class FastLinear<TFormat>
    where TFormat : struct, IIntegerFormat
{
    // One row of weights, with its scales as float32.
    private struct Row
    {
        public byte* Blocks;
        public float* Scales;
        public float* Minima;
        public int Index;
    }

    public static void Run(in LinearArguments arguments, int firstRow, int endRow, float* scratch)
    {
        int tokens = arguments.Tokens, whole = tokens & ~3;
        for (int row = firstRow; row < endRow; row += 2)
        {
            Row a = Read(arguments, row, scratch);
            bool pair = row + 1 < endRow;
            Row b = pair ? Read(arguments, row + 1, scratch + (3 * arguments.Quantised.Stride)) : a;
            for (int token = 0; token < whole; token += 4)
            {
                FourTokens(arguments, token, a);
                if (pair)
                    FourTokens(arguments, token, b);
            }
            for (int token = whole; token < tokens; token++)
                OneToken(arguments, token, a, b, pair);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Row Read(in LinearArguments arguments, int index, float* scratch)
    {
        int parts = arguments.Columns / 32, padded = arguments.Quantised.Stride;
        var row = new Row { Blocks = arguments.Weight + (index * arguments.RowBytes), Scales = scratch, Minima = scratch + (2 * padded), Index = index };
        for (int part = parts; part < padded; part++)
            row.Minima[part] = 0;
        TFormat.ReadScales(row.Scales, row.Minima, row.Blocks, parts);
        return row;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Add(Vector256<float> sum, Vector256<byte> weights, float* scales, int part, sbyte* values, float valueScale)
    {
        Vector256<float> scale = TFormat.HasHalfScales
            ? Vector256.Create(Vector128.Create(scales[2 * part] * valueScale), Vector128.Create(scales[(2 * part) + 1] * valueScale))
            : Vector256.Create(scales[part] * valueScale);
        return Lanes.MultiplyAdd(Vector256.ConvertToSingle(IntegerDot.Lanes(weights, Vector256.Load(values), TFormat.IsSigned)), scale, sum);
    }

    // Not inlined: a call in the caller would push its sums out of their registers.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Store(in LinearArguments arguments, int token, in Row row, float value)
    {
        if (TFormat.HasMinimum)
            value += Lanes.DotWhole(row.Minima, arguments.Quantised.Sums + ((long)token * arguments.Quantised.Stride), arguments.Quantised.Stride);
        arguments.Store(token, row.Index, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneToken(in LinearArguments arguments, int token, in Row a, in Row b, bool pair)
    {
        int parts = arguments.Columns / 32, inBlock = TFormat.Elements / 32;
        sbyte* x = arguments.Quantised.Values + ((long)token * arguments.Columns);
        float* s = arguments.Quantised.Scales + ((long)token * arguments.Quantised.Stride), scalesA = a.Scales, scalesB = b.Scales;
        byte* blockA = a.Blocks, blockB = b.Blocks;
        Vector256<float> sumA = default, sumB = default;
        for (int p = 0; p < parts; blockA += TFormat.Bytes, blockB += TFormat.Bytes)
            for (int part = 0; part < inBlock; part++, p++)
            {
                sumA = Add(sumA, TFormat.Unpack(blockA, part), scalesA, p, x + (32 * p), s[p]);
                sumB = Add(sumB, TFormat.Unpack(blockB, part), scalesB, p, x + (32 * p), s[p]);
            }
        float valueA = Lanes.Sum(sumA), valueB = Lanes.Sum(sumB);
        Store(arguments, token, a, valueA);
        if (pair)
            Store(arguments, token, b, valueB);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourTokens(in LinearArguments arguments, int token, in Row row)
    {
        int columns = arguments.Columns, parts = columns / 32, inBlock = TFormat.Elements / 32, stride = arguments.Quantised.Stride;
        sbyte* x0 = arguments.Quantised.Values + ((long)token * columns), x1 = x0 + columns, x2 = x1 + columns, x3 = x2 + columns;
        float* s0 = arguments.Quantised.Scales + ((long)token * stride), s1 = s0 + stride, s2 = s1 + stride, s3 = s2 + stride, scales = row.Scales;
        byte* block = row.Blocks;
        Vector256<float> sum0 = default, sum1 = default, sum2 = default, sum3 = default;
        for (int p = 0; p < parts; block += TFormat.Bytes)
            for (int part = 0; part < inBlock; part++, p++)
            {
                Vector256<byte> w = TFormat.Unpack(block, part);
                sum0 = Add(sum0, w, scales, p, x0 + (32 * p), s0[p]);
                sum1 = Add(sum1, w, scales, p, x1 + (32 * p), s1[p]);
                sum2 = Add(sum2, w, scales, p, x2 + (32 * p), s2[p]);
                sum3 = Add(sum3, w, scales, p, x3 + (32 * p), s3[p]);
            }
        float value0 = Lanes.Sum(sum0), value1 = Lanes.Sum(sum1), value2 = Lanes.Sum(sum2), value3 = Lanes.Sum(sum3);
        Store(arguments, token, row, value0);
        Store(arguments, token + 1, row, value1);
        Store(arguments, token + 2, row, value2);
        Store(arguments, token + 3, row, value3);
    }
}
