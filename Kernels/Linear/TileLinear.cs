using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>Where a kernel finds the integers of 16 rows, four columns of all rows in a register.</summary>
internal unsafe interface IColumns
{
    /// <summary>The 32 columns of a part: 0…15 in `low`, the others in `high`. Signed ones have 128 added.</summary>
    static abstract void Read(
        out SixteenColumns low, out SixteenColumns high,
        byte* at, nint rowBytes, int part);

    /// <summary>Parts after which `at` moves on.</summary>
    static abstract int PartsOfStep { get; }

    /// <summary>By how much.</summary>
    static abstract int Step { get; }

    /// <summary>Bytes of memory that a part is; 0: it lies in scratch.</summary>
    static abstract int PartBytes { get; }

    /// <summary>Whether scales come from headers that are read on the way, so that memory is read evenly.</summary>
    static virtual bool HasHeaders
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => false;
    }
}

/// <summary>Blocks as they are stored.</summary>
internal readonly unsafe struct StoredColumns<TFormat> : IColumns
    where TFormat : struct, IIntegerFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(
        out SixteenColumns low, out SixteenColumns high,
        byte* at, nint rowBytes, int part) => SixteenRows.Columns<TFormat>(out low, out high, at, rowBytes, part);

    public static int PartsOfStep
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.Elements / QuantisedInput.Block;
    }

    public static int Step
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.Bytes;
    }

    public static int PartBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => SixteenRows.Count * TFormat.Bytes / PartsOfStep;
    }
}

/// <summary>A <see cref="WeightPanel{TFormat}"/>.</summary>
internal readonly unsafe struct PanelColumns : IColumns
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(
        out SixteenColumns low, out SixteenColumns high,
        byte* at, nint rowBytes, int part)
    {
        low = (Vector512.Load(at), Vector512.Load(at + 64), Vector512.Load(at + 128), Vector512.Load(at + 192));
        high = (Vector512.Load(at + 256), Vector512.Load(at + 320), Vector512.Load(at + 384), Vector512.Load(at + 448));
    }

    public static int PartsOfStep
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1;
    }

    public static int Step
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => SixteenRows.Count * QuantisedInput.Block;
    }

    public static int PartBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 0;
    }
}

/// <summary>
/// One to four tokens where registers have 512 bits: 32 columns of 16 rows are unpacked once, brought into registers that hold four columns
/// of all rows each, and meet every token there; a row's sum stays in its lane.
/// </summary>
internal static unsafe class TileLinear<TFormat>
    where TFormat : struct, IIntegerFormat
{
    private const int Rows = TileScales<TFormat>.Rows;

    // A power of two.
    private static int PartsOfBlock
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.Elements / QuantisedInput.Block;
    }

    /// <summary>Most tokens that go together.</summary>
    public const int MostTokens = 4;

    /// <summary>Whether the machine multiplies what the registers hold.</summary>
    public static bool IsSupported
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Avx512BW.IsSupported && (!TFormat.IsSigned || AvxVnni.IsSupported);
    }

    /// <summary>Adds `parts` parts of 16 rows to their sums, which begin with the first part.</summary>
    /// <param name="sums">Of the products, and of the minima. // [tokens, 2, Rows]</param>
    /// <param name="arguments">The layer and its tokens.</param>
    /// <param name="token">The first of them that is met here.</param>
    /// <param name="tokens">How many are, at most <see cref="MostTokens"/>.</param>
    /// <param name="columns">Where the integers are.</param>
    /// <param name="ahead">What memory is asked for on the way.</param>
    /// <param name="firstPart">First of the parts; begins a block.</param>
    /// <param name="parts">Their number.</param>
    /// <param name="tile">What multiplies the parts' integers.</param>
    /// <param name="lines">Lines of memory that are asked for with each part, at most <see cref="AskedLines.Most"/>, or <see cref="AskedLines.All"/> that a part is.</param>
    public static void Run<TColumns>(
        float* sums, in LinearArguments arguments, int token, int tokens, byte* columns, byte* ahead, int firstPart, int parts, in TileScales<TFormat> tile, int lines)
        where TColumns : struct, IColumns
    {
        switch (lines)
        {
            case 0: Run<TColumns, Zero>(sums, arguments, token, tokens, columns, ahead, firstPart, parts, tile); break;
            case 1: Run<TColumns, One>(sums, arguments, token, tokens, columns, ahead, firstPart, parts, tile); break;
            case 2: Run<TColumns, Two>(sums, arguments, token, tokens, columns, ahead, firstPart, parts, tile); break;
            case 3: Run<TColumns, Three>(sums, arguments, token, tokens, columns, ahead, firstPart, parts, tile); break;
            case 4: Run<TColumns, Four>(sums, arguments, token, tokens, columns, ahead, firstPart, parts, tile); break;
            case 5: Run<TColumns, Five>(sums, arguments, token, tokens, columns, ahead, firstPart, parts, tile); break;
            default: Run<TColumns, AllLines>(sums, arguments, token, tokens, columns, ahead, firstPart, parts, tile); break;
        }
    }

    private static void Run<TColumns, TAsked>(
        float* sums, in LinearArguments arguments, int token, int tokens, byte* columns, byte* ahead, int firstPart, int parts, in TileScales<TFormat> tile)
        where TColumns : struct, IColumns
        where TAsked : struct, IConstant
    {
        switch (tokens)
        {
            case 1: Run<TColumns, TAsked, One>(sums, arguments, token, columns, ahead, firstPart, parts, tile); break;
            case 2: Run<TColumns, TAsked, Two>(sums, arguments, token, columns, ahead, firstPart, parts, tile); break;
            case 3: Run<TColumns, TAsked, Three>(sums, arguments, token, columns, ahead, firstPart, parts, tile); break;
            default: Run<TColumns, TAsked, Four>(sums, arguments, token, columns, ahead, firstPart, parts, tile); break;
        }
    }

    /// <summary>Writes `count` rows' outputs of some tokens, each its products and its minima together.</summary>
    /// <param name="arguments">The layer.</param>
    /// <param name="token">The first token.</param>
    /// <param name="tokens">Their number.</param>
    /// <param name="row">The first row.</param>
    /// <param name="count">Rows, at most 16.</param>
    /// <param name="sums">What <see cref="Run{TColumns}"/> made. // [tokens, 2, Rows]</param>
    public static void Store(in LinearArguments arguments, int token, int tokens, int row, int count, float* sums)
    {
        for (int end = token + tokens; token < end; token++, sums += 2 * Rows)
            arguments.StoreTile(token, row, count, Vector512.Load(sums) + Vector512.Load(sums + Rows));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TColumns, TAsked, TCount>(
        float* sums, in LinearArguments arguments, int token, byte* block, byte* ahead, int firstPart, int parts, in TileScales<TFormat> tile)
        where TColumns : struct, IColumns
        where TAsked : struct, IConstant
        where TCount : struct, IConstant
    {
        nint rowBytes = (nint)arguments.RowBytes, columns = arguments.Columns, stride = arguments.Quantised.Stride;
        sbyte* x0 = arguments.Quantised.Values + (token * columns) + (firstPart * QuantisedInput.Block), x1 = x0 + columns, x2 = x1 + columns, x3 = x2 + columns;
        float* s = arguments.Quantised.Scales + (token * stride) + firstPart, scales = tile.Scales, minima = tile.Minima;
        nint toSums = (nint)(arguments.Quantised.Sums - arguments.Quantised.Scales);
        int* o0 = arguments.Quantised.Offsets + (2 * ((token * stride) + firstPart)), o1 = o0 + (2 * stride), o2 = o1 + (2 * stride), o3 = o2 + (2 * stride);
        Vector512<float> products0 = default, products1 = default, products2 = default, products3 = default, rest0 = default, rest1 = default, rest2 = default, rest3 = default;
        if (firstPart > 0)
        {
            (products0, rest0) = (Vector512.Load(sums), Vector512.Load(sums + Rows));
            if (TCount.Value > 1)
                (products1, rest1) = (Vector512.Load(sums + (2 * Rows)), Vector512.Load(sums + (3 * Rows)));
            if (TCount.Value > 2)
                (products2, rest2) = (Vector512.Load(sums + (4 * Rows)), Vector512.Load(sums + (5 * Rows)));
            if (TCount.Value > 3)
                (products3, rest3) = (Vector512.Load(sums + (6 * Rows)), Vector512.Load(sums + (7 * Rows)));
        }
        byte* headers = tile.Headers;
        int part = 0, ofBlock = 0;
        // Asked for in thirds, between multiplications: all lines at once keep the loads behind them waiting.
        int lines = TAsked.Value >= 0 ? TAsked.Value : (TColumns.PartBytes + 63) / 64, third = lines / 3, twoThirds = lines * 2 / 3;
        for (float* end = s + parts; s < end; s++)
        {
            if (lines > 0)
                LinearArguments.PrefetchPage(ahead);
            LinearArguments.PrefetchLines(ahead, third);
            TColumns.Read(out SixteenColumns low, out SixteenColumns high, block, rowBytes, part);
            Vector512<short> half = default;
            Vector512<int> first0 = default, first1 = default, first2 = default, first3 = default;
            if (TFormat.IsFourBits)
                half = Adjacent(low, x0);
            else
                first0 = Dot(low, x0, o0);
            LinearArguments.PrefetchLines(ahead + (64 * third), twoThirds - third);
            if (TFormat.IsFourBits)
                first0 = Sum(half, high, x0);
            if (TCount.Value > 1)
                first1 = First(low, high, x1, o1);
            if (TCount.Value > 2)
                first2 = First(low, high, x2, o2);
            if (TCount.Value > 3)
                first3 = First(low, high, x3, o3);
            LinearArguments.PrefetchLines(ahead + (64 * twoThirds), lines - twoThirds);
            if (TColumns.HasHeaders && PartsOfBlock > 1 && (ofBlock++ & (PartsOfBlock - 1)) == 0)
            {
                TFormat.ReadHeaders(tile.Scales, tile.Minima, headers, PartsOfBlock);
                headers += TFormat.HeaderBytes * Rows;
                scales = tile.Scales;
                minima = tile.Minima;
            }
            if (TFormat.HasHalfScales)
            {
                Vector512<float> firstScale = Vector512.Load(scales);
                scales += Rows;
                products0 = Add(products0, first0, firstScale, s);
                first0 = default;
                if (TCount.Value > 1)
                {
                    products1 = Add(products1, first1, firstScale, s + stride);
                    first1 = default;
                }
                if (TCount.Value > 2)
                {
                    products2 = Add(products2, first2, firstScale, s + (2 * stride));
                    first2 = default;
                }
                if (TCount.Value > 3)
                {
                    products3 = Add(products3, first3, firstScale, s + (3 * stride));
                    first3 = default;
                }
            }
            Vector512<float> scale, minimum;
            if (TColumns.HasHeaders && PartsOfBlock == 1)
            {
                scale = TFormat.ReadHeader(headers, out minimum);
                headers += TFormat.HeaderBytes * Rows;
            }
            else
            {
                (scale, minimum) = (Vector512.Load(scales), TFormat.HasMinimum ? Vector512.Load(minima) : default);
                scales += Rows;
                minima += Rows;
            }
            products0 = Add(products0, Both(first0, high, x0 + 16, o0 + 1), scale, s);
            rest0 = AddMinima(rest0, minimum, s + toSums);
            if (TCount.Value > 1)
            {
                products1 = Add(products1, Both(first1, high, x1 + 16, o1 + 1), scale, s + stride);
                rest1 = AddMinima(rest1, minimum, s + toSums + stride);
            }
            if (TCount.Value > 2)
            {
                products2 = Add(products2, Both(first2, high, x2 + 16, o2 + 1), scale, s + (2 * stride));
                rest2 = AddMinima(rest2, minimum, s + toSums + (2 * stride));
            }
            if (TCount.Value > 3)
            {
                products3 = Add(products3, Both(first3, high, x3 + 16, o3 + 1), scale, s + (3 * stride));
                rest3 = AddMinima(rest3, minimum, s + toSums + (3 * stride));
            }
            x0 += QuantisedInput.Block;
            x1 += QuantisedInput.Block;
            x2 += QuantisedInput.Block;
            x3 += QuantisedInput.Block;
            if (TFormat.IsSigned)
            {
                o0 += 2;
                o1 += 2;
                o2 += 2;
                o3 += 2;
            }
            ahead += TColumns.PartBytes > 0 ? TColumns.PartBytes : 64 * lines;
            if (TColumns.PartsOfStep == 1)
                block += TColumns.Step;
            else if (++part == TColumns.PartsOfStep)
            {
                part = 0;
                block += TColumns.Step;
            }
        }
        products0.Store(sums);
        rest0.Store(sums + Rows);
        if (TCount.Value > 1)
        {
            products1.Store(sums + (2 * Rows));
            rest1.Store(sums + (3 * Rows));
        }
        if (TCount.Value > 2)
        {
            products2.Store(sums + (4 * Rows));
            rest2.Store(sums + (5 * Rows));
        }
        if (TCount.Value > 3)
        {
            products3.Store(sums + (6 * Rows));
            rest3.Store(sums + (7 * Rows));
        }
    }

    // All columns where 16 products fit in 16 bits, else the first half of them, which may have a scale of their own.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> First(in SixteenColumns low, in SixteenColumns high, sbyte* x, int* offset) =>
        TFormat.IsFourBits ? Sum(Adjacent(low, x), high, x) : Dot(low, x, offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Sum(Vector512<short> low, in SixteenColumns high, sbyte* x) =>
        Avx512BW.MultiplyAddAdjacent(low + Adjacent(high, x + 16), Vector512.Create((short)1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Both(Vector512<int> first, in SixteenColumns high, sbyte* x, int* offset) =>
        TFormat.IsFourBits ? first : first + Dot(high, x, offset);

    // 16 columns of all rows with 16 activations; weights that have 128 added begin with −128 times the activations' sum.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Dot(in SixteenColumns weights, sbyte* x, int* offset)
    {
        if (!TFormat.IsSigned)
            return Avx512BW.MultiplyAddAdjacent(Adjacent(weights, x), Vector512.Create((short)1));
        int* fours = (int*)x;
        Vector256<int> low = Vector256.Create(*offset), high = low;
        Vector256<sbyte> a = Vector256.Create(fours[0]).AsSByte(), b = Vector256.Create(fours[1]).AsSByte();
        low = AvxVnni.MultiplyWideningAndAdd(low, weights.A.GetLower(), a);
        high = AvxVnni.MultiplyWideningAndAdd(high, weights.A.GetUpper(), a);
        low = AvxVnni.MultiplyWideningAndAdd(low, weights.B.GetLower(), b);
        high = AvxVnni.MultiplyWideningAndAdd(high, weights.B.GetUpper(), b);
        Vector256<sbyte> c = Vector256.Create(fours[2]).AsSByte(), d = Vector256.Create(fours[3]).AsSByte();
        low = AvxVnni.MultiplyWideningAndAdd(low, weights.C.GetLower(), c);
        high = AvxVnni.MultiplyWideningAndAdd(high, weights.C.GetUpper(), c);
        low = AvxVnni.MultiplyWideningAndAdd(low, weights.D.GetLower(), d);
        high = AvxVnni.MultiplyWideningAndAdd(high, weights.D.GetUpper(), d);
        return Packed.Join(low, high);
    }

    // Eight products of 5 and 8 bits fit in 16, and so do sixteen of 4 and 8. (The compiler inlines only so many calls: there are none here.)
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Adjacent(in SixteenColumns weights, sbyte* x)
    {
        int* fours = (int*)x;
        return Avx512BW.MultiplyAddAdjacent(weights.A, Vector512.Create(fours[0]).AsSByte()) + Avx512BW.MultiplyAddAdjacent(weights.B, Vector512.Create(fours[1]).AsSByte())
            + (Avx512BW.MultiplyAddAdjacent(weights.C, Vector512.Create(fours[2]).AsSByte()) + Avx512BW.MultiplyAddAdjacent(weights.D, Vector512.Create(fours[3]).AsSByte()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Add(Vector512<float> sum, Vector512<int> dots, Vector512<float> scale, float* valueScale) =>
        Avx512F.FusedMultiplyAdd(Vector512.ConvertToSingle(dots), scale * Vector512.Create(*valueScale), sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> AddMinima(Vector512<float> sum, Vector512<float> minimum, float* valueSum) =>
        TFormat.HasMinimum ? Avx512F.FusedMultiplyAdd(minimum, Vector512.Create(*valueSum), sum) : sum;
}
