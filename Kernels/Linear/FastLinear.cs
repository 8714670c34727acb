using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>
/// The same with activations of 8 bits: y[t, o] = Σ_b (s_w·s_x)·Σ q_w·q_x + Σ_b m_w·(s_x·Σ q_x), b over blocks of 32.
/// A block of weights is unpacked once for four tokens; the order of additions of an element is that of its blocks.
/// </summary>
internal static unsafe class FastLinear<TFormat>
    where TFormat : struct, IIntegerFormat
{
    public static void Run(in LinearArguments arguments, int firstRow, int endRow, float* scratch)
    {
        for (int row = firstRow; row < endRow; row++)
        {
            int token = 0;
            for (; token + 4 <= arguments.Tokens; token += 4)
                FourTokens(arguments, token, row);
            for (; token < arguments.Tokens; token++)
                OneToken(arguments, token, row);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Add(Vector256<float> sum, Vector256<byte> weights, Vector256<float> scale, sbyte* values, float valueScale) =>
        Lanes.MultiplyAdd(Vector256.ConvertToSingle(IntegerDot.Lanes(weights, Vector256.Load(values), TFormat.IsSigned)), scale * valueScale, sum);

    private static void OneToken(in LinearArguments arguments, int token, int row)
    {
        int columns = arguments.Columns, blocks = columns / 32, parts = TFormat.Elements / 32;
        byte* block = arguments.Weight + (row * arguments.RowBytes);
        sbyte* x = arguments.Quantised.Values + ((long)token * columns);
        float* scales = arguments.Quantised.Scales + ((long)token * blocks), sums = arguments.Quantised.Sums + ((long)token * blocks);
        Vector256<float> sum = default;
        float minima = 0;
        for (int b = 0; b < blocks; block += TFormat.Bytes)
            for (int part = 0; part < parts; part++, b++)
            {
                Vector256<byte> w = TFormat.Unpack(block, part, out Vector256<float> scale, out float minimum);
                sum = Add(sum, w, scale, x + (32 * b), scales[b]);
                if (TFormat.HasMinimum)
                    minima += minimum * sums[b];
            }
        arguments.Store(token, row, Lanes.Sum(sum) + minima);
    }

    private static void FourTokens(in LinearArguments arguments, int token, int row)
    {
        int columns = arguments.Columns, blocks = columns / 32, parts = TFormat.Elements / 32;
        byte* block = arguments.Weight + (row * arguments.RowBytes);
        sbyte* x0 = arguments.Quantised.Values + ((long)token * columns), x1 = x0 + columns, x2 = x1 + columns, x3 = x2 + columns;
        float* s0 = arguments.Quantised.Scales + ((long)token * blocks), s1 = s0 + blocks, s2 = s1 + blocks, s3 = s2 + blocks;
        float* m0 = arguments.Quantised.Sums + ((long)token * blocks), m1 = m0 + blocks, m2 = m1 + blocks, m3 = m2 + blocks;
        Vector256<float> sum0 = default, sum1 = default, sum2 = default, sum3 = default;
        float minima0 = 0, minima1 = 0, minima2 = 0, minima3 = 0;
        for (int b = 0; b < blocks; block += TFormat.Bytes)
            for (int part = 0; part < parts; part++, b++)
            {
                Vector256<byte> w = TFormat.Unpack(block, part, out Vector256<float> scale, out float minimum);
                sum0 = Add(sum0, w, scale, x0 + (32 * b), s0[b]);
                sum1 = Add(sum1, w, scale, x1 + (32 * b), s1[b]);
                sum2 = Add(sum2, w, scale, x2 + (32 * b), s2[b]);
                sum3 = Add(sum3, w, scale, x3 + (32 * b), s3[b]);
                if (TFormat.HasMinimum)
                {
                    minima0 += minimum * m0[b];
                    minima1 += minimum * m1[b];
                    minima2 += minimum * m2[b];
                    minima3 += minimum * m3[b];
                }
            }
        arguments.Store(token, row, Lanes.Sum(sum0) + minima0);
        arguments.Store(token + 1, row, Lanes.Sum(sum1) + minima1);
        arguments.Store(token + 2, row, Lanes.Sum(sum2) + minima2);
        arguments.Store(token + 3, row, Lanes.Sum(sum3) + minima3);
    }
}
