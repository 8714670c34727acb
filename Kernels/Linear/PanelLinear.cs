using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>Several tokens against a <see cref="WeightPanel{TFormat}"/>: 16 outputs of one token in one register (<see cref="TileLinear{TFormat}"/>), or in two of 256 bits.</summary>
internal static unsafe class PanelLinear<TFormat>
    where TFormat : struct, IIntegerFormat
{
    private const int Rows = TileScales<TFormat>.Rows, Step = 4 * Rows;

    /// <summary>Whether the machine multiplies what the panel holds.</summary>
    public static bool IsSupported => TileLinear<TFormat>.IsSupported || AvxVnni.IsSupported || (Avx2.IsSupported && !TFormat.IsSigned);

    /// <summary>All tokens for the panel's rows; what lies `ahead` is asked for on the way.</summary>
    public static void Run(in LinearArguments arguments, int firstRow, int count, byte* panel, in TileScales<TFormat> tile, byte* ahead, nint aheadBytes)
    {
        int token = 0;
        if (TileLinear<TFormat>.IsSupported)
        {
            Wide(arguments, firstRow, count, panel, tile, ahead, aheadBytes);
            return;
        }
        for (byte* last = ahead + aheadBytes; ahead < last;)
            LinearArguments.Prefetch(ref ahead, 64);
        for (; token + 4 <= arguments.Tokens; token += 4)
            Run<Four>(arguments, token, firstRow, count, panel, tile);
        switch (arguments.Tokens - token)
        {
            case 3: Run<Three>(arguments, token, firstRow, count, panel, tile); break;
            case 2: Run<Two>(arguments, token, firstRow, count, panel, tile); break;
            case 1: Run<One>(arguments, token, firstRow, count, panel, tile); break;
        }
    }

    private static void Run<TCount>(in LinearArguments arguments, int token, int firstRow, int count, byte* panel, in TileScales<TFormat> tile)
        where TCount : struct, IConstant
    {
        float* results = stackalloc float[Rows * 4];
        Narrow<TCount>(results, arguments, token, panel, tile);
        for (int t = 0; t < TCount.Value; t++)
            arguments.StoreTile(token + t, firstRow, count, Vector512.Load(results + (t * Rows)) + Minima(arguments.Quantised, token + t, tile));
    }

    // Σ m_w·(s_x·Σ q_x)
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Minima(in QuantisedInput input, int token, in TileScales<TFormat> tile)
    {
        if (!TFormat.HasMinimum)
            return default;
        float* sums = input.Sums + ((long)token * input.Stride), end = sums + (input.Columns / QuantisedInput.Block), minima = tile.Minima;
        Vector256<float> low = default, high = default;
        for (; sums < end; sums++, minima += Rows)
        {
            Vector256<float> sum = Vector256.Create(*sums);
            low = Lanes.MultiplyAdd(Vector256.Load(minima), sum, low);
            high = Lanes.MultiplyAdd(Vector256.Load(minima + 8), sum, high);
        }
        return Packed.Join(low, high);
    }

    // Weights of the rows that follow are asked for on the way, some lines with every part: all at once they would keep the loads behind them waiting. Packed
    // ones, which come here with many tokens, are asked for between these: the multiplications of a kernel that asks take longer.
    private static void Wide(in LinearArguments arguments, int firstRow, int count, byte* panel, in TileScales<TFormat> tile, byte* ahead, nint aheadBytes)
    {
        const int Most = TileLinear<TFormat>.MostTokens, Line = 64;
        float* sums = stackalloc float[Most * 2 * Rows];
        byte* last = ahead + aheadBytes;
        int parts = arguments.Columns / QuantisedInput.Block;
        nint share = aheadBytes * Most / arguments.Tokens;
        for (int token = 0; token < arguments.Tokens; token += Most)
        {
            int tokens = Math.Min(Most, arguments.Tokens - token), left = (int)Math.Clamp(last - ahead, 0, share);
            int lines = PackedTile<TFormat>.IsSupported ? 0 : Math.Min(AskedLines.Most, (left + (parts * Line) - 1) / (parts * Line));
            for (byte* end = ahead + left; lines == 0 && ahead < end;)
                LinearArguments.Prefetch(ref ahead, Line);
            if (TFormat.IsFourBits)
            {
                NibblePanel<TFormat>.Run(sums, arguments.Quantised, token, tokens, panel, tile);
                for (int t = 0; t < tokens; t++)
                    arguments.StoreTile(token + t, firstRow, count, Vector512.Load(sums + (t * Rows)));
            }
            else
            {
                TileLinear<TFormat>.Run<PanelColumns>(sums, arguments, token, tokens, panel, ahead, 0, parts, tile, lines);
                TileLinear<TFormat>.Store(arguments, token, tokens, firstRow, count, sums);
            }
            ahead += lines * Line * parts;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Narrow<TCount>(float* results, in LinearArguments arguments, int token, byte* panel, in TileScales<TFormat> tile)
        where TCount : struct, IConstant
    {
        const int Pieces = 2; // of 16 columns, which have scales of their own in some formats
        int columns = arguments.Columns, stride = arguments.Quantised.Stride;
        sbyte* x0 = arguments.Quantised.Values + ((long)token * columns), x1 = x0 + columns, x2 = x1 + columns, x3 = x2 + columns, end = x0 + columns;
        float* s0 = arguments.Quantised.Scales + ((long)token * stride), s1 = s0 + stride, s2 = s1 + stride, s3 = s2 + stride, scales = tile.Scales;
        int* o0 = arguments.Quantised.Offsets + ((long)token * Pieces * stride), o1 = o0 + (Pieces * stride), o2 = o1 + (Pieces * stride), o3 = o2 + (Pieces * stride);
        Vector256<float> low0 = default, low1 = default, low2 = default, low3 = default;
        Vector256<float> high0 = default, high1 = default, high2 = default, high3 = default;
        int steps = TFormat.HasHalfScales ? 4 : 8;
        while (x0 < end)
        {
            for (int piece = 0; piece < (TFormat.HasHalfScales ? 2 : 1); piece++)
            {
                Vector256<int> l0 = Start(ref o0), l1 = TCount.Value > 1 ? Start(ref o1) : default;
                Vector256<int> l2 = TCount.Value > 2 ? Start(ref o2) : default, l3 = TCount.Value > 3 ? Start(ref o3) : default;
                Vector256<int> h0 = l0, h1 = l1, h2 = l2, h3 = l3;
                for (byte* last = panel + (steps * Step); panel < last; panel += Step)
                {
                    Vector256<byte> low = Vector256.Load(panel), high = Vector256.Load(panel + 32);
                    Vector256<sbyte> values = Vector256.Create(*(int*)x0).AsSByte();
                    x0 += 4;
                    l0 = Add(l0, low, values);
                    h0 = Add(h0, high, values);
                    if (TCount.Value > 1)
                    {
                        values = Vector256.Create(*(int*)x1).AsSByte();
                        x1 += 4;
                        l1 = Add(l1, low, values);
                        h1 = Add(h1, high, values);
                    }
                    if (TCount.Value > 2)
                    {
                        values = Vector256.Create(*(int*)x2).AsSByte();
                        x2 += 4;
                        l2 = Add(l2, low, values);
                        h2 = Add(h2, high, values);
                    }
                    if (TCount.Value > 3)
                    {
                        values = Vector256.Create(*(int*)x3).AsSByte();
                        x3 += 4;
                        l3 = Add(l3, low, values);
                        h3 = Add(h3, high, values);
                    }
                }
                Vector256<float> lowScale = Vector256.Load(scales), highScale = Vector256.Load(scales + 8), scale = Vector256.Create(*s0);
                scales += Rows;
                low0 = Lanes.MultiplyAdd(Vector256.ConvertToSingle(l0), lowScale * scale, low0);
                high0 = Lanes.MultiplyAdd(Vector256.ConvertToSingle(h0), highScale * scale, high0);
                if (TCount.Value > 1)
                {
                    scale = Vector256.Create(*s1);
                    low1 = Lanes.MultiplyAdd(Vector256.ConvertToSingle(l1), lowScale * scale, low1);
                    high1 = Lanes.MultiplyAdd(Vector256.ConvertToSingle(h1), highScale * scale, high1);
                }
                if (TCount.Value > 2)
                {
                    scale = Vector256.Create(*s2);
                    low2 = Lanes.MultiplyAdd(Vector256.ConvertToSingle(l2), lowScale * scale, low2);
                    high2 = Lanes.MultiplyAdd(Vector256.ConvertToSingle(h2), highScale * scale, high2);
                }
                if (TCount.Value > 3)
                {
                    scale = Vector256.Create(*s3);
                    low3 = Lanes.MultiplyAdd(Vector256.ConvertToSingle(l3), lowScale * scale, low3);
                    high3 = Lanes.MultiplyAdd(Vector256.ConvertToSingle(h3), highScale * scale, high3);
                }
            }
            s0++;
            s1++;
            s2++;
            s3++;
        }
        low0.Store(results);
        high0.Store(results + 8);
        low1.Store(results + Rows);
        high1.Store(results + Rows + 8);
        low2.Store(results + (2 * Rows));
        high2.Store(results + (2 * Rows) + 8);
        low3.Store(results + (3 * Rows));
        high3.Store(results + (3 * Rows) + 8);
    }

    // −128·Σ q_x, for the 128 that was added to signed weights.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Start(ref int* offsets)
    {
        if (!TFormat.IsSigned)
            return default;
        if (TFormat.HasHalfScales)
            return Vector256.Create(*offsets++);
        offsets += 2;
        return Vector256.Create(offsets[-2] + offsets[-1]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Add(Vector256<int> sum, Vector256<byte> weights, Vector256<sbyte> values) => AvxVnni.IsSupported
        ? AvxVnni.MultiplyWideningAndAdd(sum, weights, values)
        : sum + Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(weights, values), Vector256.Create((short)1));
}
