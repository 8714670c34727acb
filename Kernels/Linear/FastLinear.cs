using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>
/// The same with activations of 8 bits: y[t, o] = Σ_b (s_w·s_x)·Σ q_w·q_x + Σ_b m_w·(s_x·Σ q_x), b over blocks of 32
/// (over halves of them where a format has scales for 16). The sums of integers are exact in any order; an element's blocks are
/// added one after the other, its minima likewise, so its bits are the same in every kernel here, whatever rows and tokens
/// are computed beside it: <see cref="TileLinear{TFormat}"/> for few tokens, <see cref="PanelLinear{TFormat}"/> for more,
/// and the one below for what they do not do.
/// </summary>
internal static unsafe class FastLinear<TFormat>
    where TFormat : struct, IIntegerFormat
{
    private const int Rows = TileScales<TFormat>.Rows;

    // Where a tile's four bits are taken apart anew for every four tokens rather than once into a panel: for few tokens, and where a panel leaves no room in
    // the first-level cache.
    private const int TokensOfTile = 16, ColumnsOfTile = 2048;

    private const int PartsAtOnce = 32; // so that a single token's weights, read for their scales first, are still in the first-level cache

    /// <summary>Floats of scratch that a worker needs.</summary>
    public static int ScratchLength(int columns) => TileScales<TFormat>.ScratchLength(columns) + WeightPanel<TFormat>.ScratchLength(columns);

    public static void Run(in LinearArguments arguments, int firstRow, int endRow, float* scratch)
    {
        bool few = arguments.Tokens <= TileLinear<TFormat>.MostTokens && TileLinear<TFormat>.IsSupported, together = arguments.Tokens > 1 && PanelLinear<TFormat>.IsSupported;
        byte* panel = (byte*)(((nint)(scratch + TileScales<TFormat>.ScratchLength(arguments.Columns)) + 63) & ~63);
        bool packed = arguments.Packed is not null;
        for (int row = firstRow, count; row < endRow; row += count)
        {
            count = Math.Min(packed ? Rows - (row % Rows) : Rows, endRow - row);
            if (packed && count == Rows)
                Packed(arguments, row, panel, scratch);
            else if (few && count == Rows)
                WholeTile(arguments, row, scratch);
            else if (together)
            {
                WeightPanel<TFormat>.Fill(panel, arguments, row, count);
                PanelLinear<TFormat>.Run(arguments, row, count, panel, TileScales<TFormat>.Read(arguments, row, count, 0, arguments.Columns / QuantisedInput.Block, scratch),
                    arguments.Ahead(row, Rows), (nint)arguments.RowBytes * Rows);
            }
            else
                for (int token = 0; token < arguments.Tokens; token++)
                    OneByOne(arguments, token, row, count, scratch);
        }
    }

    // Parts of a row that are met in one go: about as many as PartsAtOnce, and whole blocks of every format.
    private static int Piece(int parts)
    {
        int pieces = (parts + PartsAtOnce - 1) / PartsAtOnce;
        return ((parts / pieces) + 7) & ~7;
    }

    private static void WholeTile(in LinearArguments arguments, int row, float* scratch)
    {
        int parts = arguments.Columns / QuantisedInput.Block, piece = Piece(parts);
        float* sums = stackalloc float[TileLinear<TFormat>.MostTokens * 2 * Rows];
        for (int first = 0; first < parts; first += piece)
        {
            int length = Math.Min(piece, parts - first);
            nint at = first * QuantisedInput.Block / TFormat.Elements * TFormat.Bytes;
            TileScales<TFormat> tile = TileScales<TFormat>.Read(arguments, row, Rows, first, length, scratch);
            TileLinear<TFormat>.Run<StoredColumns<TFormat>>(
                sums, arguments, 0, arguments.Tokens, arguments.Weight + (row * arguments.RowBytes) + at, arguments.Ahead(row, Rows) + (at * Rows), first, length, tile, AskedLines.All);
        }
        TileLinear<TFormat>.Store(arguments, 0, arguments.Tokens, row, Rows, sums);
    }

    private static void Packed(in LinearArguments arguments, int row, byte* panel, float* scratch)
    {
        int columns = arguments.Columns;
        nint tileBytes = PackedTile<TFormat>.Bytes(columns);
        byte* tile = arguments.Packed + (row / Rows * tileBytes);
        if (arguments.Tokens <= TileLinear<TFormat>.MostTokens)
            FourTokens(arguments, row, 0, tile, tile + LinearArguments.PackedDistance, AskedLines.All, panel, scratch);
        else if (arguments.Tokens <= TokensOfTile || columns >= ColumnsOfTile)
            FourByFour(arguments, row, tile, tile + tileBytes, panel, scratch);
        else
            PanelLinear<TFormat>.Run(
                arguments, row, Rows, PackedTile<TFormat>.Panel(panel, tile, columns), PackedTile<TFormat>.Scales(tile, columns, scratch), tile + tileBytes, tileBytes);
    }

    // Each four ask for some lines of each part of the next tile.
    private static void FourByFour(in LinearArguments arguments, int row, byte* tile, byte* ahead, byte* panel, float* scratch)
    {
        const int Most = TileLinear<TFormat>.MostTokens;
        int linesLeft = (PackedColumns<TFormat>.PartBytes + 63) / 64, left = (arguments.Tokens + Most - 1) / Most;
        for (int token = 0; token < arguments.Tokens; token += Most, left--)
        {
            int lines = (linesLeft + left - 1) / left;
            FourTokens(arguments, row, token, tile, ahead, lines, panel, scratch);
            ahead += 64 * lines;
            linesLeft -= lines;
        }
    }

    // So many tokens at most.
    private static void FourTokens(in LinearArguments arguments, int row, int token, byte* tile, byte* ahead, int lines, byte* panel, float* scratch)
    {
        int columns = arguments.Columns, tokens = Math.Min(TileLinear<TFormat>.MostTokens, arguments.Tokens - token);
        float* sums = (float*)panel; // at least a part of 16 rows: [MostTokens, 2, Rows]
        TileScales<TFormat> headers = default; // field by field: copied as a whole they would wait for what was stored before
        headers.Headers = tile;
        headers.Scales = scratch;
        headers.Minima = scratch + (Rows * TFormat.Elements / QuantisedInput.Block);
        TileLinear<TFormat>.Run<PackedColumns<TFormat>>(
            sums, arguments, token, tokens, tile + PackedTile<TFormat>.IntegersAt(columns), ahead, 0, columns / QuantisedInput.Block, headers, lines);
        TileLinear<TFormat>.Store(arguments, token, tokens, row, Rows, sums);
    }

    private static void OneByOne(in LinearArguments arguments, int token, int row, int count, float* scratch)
    {
        int parts = arguments.Columns / QuantisedInput.Block, piece = Piece(parts);
        float* products = stackalloc float[Rows], minima = stackalloc float[Rows];
        default(Vector512<float>).Store(products);
        default(Vector512<float>).Store(minima);
        for (int first = 0; first < parts; first += piece)
        {
            int length = Math.Min(piece, parts - first);
            TileScales<TFormat> tile = TileScales<TFormat>.Read(arguments, row, count, first, length, scratch);
            for (int r = 0; r + 8 <= count; r += 8)
                EightRows(products + r, minima + r, arguments, token, row + r, (nint)arguments.RowBytes, first, length, tile.From(r));
            for (int r = count & ~7; r < count; r++)
                OneRow(products + r, minima + r, arguments, token, row + r, first, length, tile.From(r));
        }
        arguments.StoreTile(token, row, count, Vector512.Load(products) + Vector512.Load(minima));
    }

    // As eight rows that are all the same.
    private static void OneRow(
        float* sumOfProducts, float* sumOfMinima, in LinearArguments arguments, int token, int row, int firstPart, int parts, in TileScales<TFormat> tile)
    {
        float* products = stackalloc float[8], minima = stackalloc float[8];
        (*products, *minima) = (*sumOfProducts, *sumOfMinima);
        EightRows(products, minima, arguments, token, row, 0, firstPart, parts, tile);
        (*sumOfProducts, *sumOfMinima) = (*products, *minima);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void EightRows(
        float* sumOfProducts, float* sumOfMinima, in LinearArguments arguments, int token, int firstRow, nint stride, int firstPart, int parts, in TileScales<TFormat> tile)
    {
        int inBlock = TFormat.Elements / QuantisedInput.Block, place = (token * arguments.Quantised.Stride) + firstPart;
        sbyte* x = arguments.Quantised.Values + ((long)token * arguments.Columns) + (firstPart * QuantisedInput.Block);
        float* s = arguments.Quantised.Scales + place, sums = arguments.Quantised.Sums + place;
        int* offsets = arguments.Quantised.Offsets + (2 * place);
        float* scales = tile.Scales, minima = tile.Minima;
        byte* low = arguments.Weight + (firstRow * arguments.RowBytes) + (firstPart / inBlock * TFormat.Bytes), high = low + (4 * stride);
        byte* ahead = arguments.Ahead(firstRow, TileScales<TFormat>.Rows) + (firstPart / inBlock * TFormat.Bytes * 8);
        nint threeRows = 3 * stride;
        Vector256<float> products = Vector256.Load(sumOfProducts), rest = Vector256.Load(sumOfMinima);
        for (int p = 0; p < parts; p++)
        {
            int part = p & (inBlock - 1);
            LinearArguments.Prefetch(ref ahead, 8 * TFormat.Bytes / inBlock);
            Vector256<sbyte> values = Vector256.Load(x);
            x += QuantisedInput.Block;
            Vector256<int> a = RowSums.Four(
                Dot(low, part, values), Dot(low + stride, part, values), Dot(low + (2 * stride), part, values), Dot(low + threeRows, part, values));
            Vector256<int> b = RowSums.Four(
                Dot(high, part, values), Dot(high + stride, part, values), Dot(high + (2 * stride), part, values), Dot(high + threeRows, part, values));
            Vector256<int> dots = RowSums.FirstHalf(a, b), second = RowSums.SecondHalf(a, b);
            if (HasOffset)
            {
                dots += Vector256.Create(offsets[0]);
                second += Vector256.Create(offsets[1]);
                offsets += 2;
            }
            Vector256<float> valueScale = Vector256.Create(*s++);
            if (TFormat.HasHalfScales)
            {
                products = Lanes.MultiplyAdd(Vector256.ConvertToSingle(dots), Vector256.Load(scales) * valueScale, products);
                scales += Rows;
                dots = second;
            }
            else
                dots += second;
            products = Lanes.MultiplyAdd(Vector256.ConvertToSingle(dots), Vector256.Load(scales) * valueScale, products);
            scales += Rows;
            if (TFormat.HasMinimum)
            {
                rest = Lanes.MultiplyAdd(Vector256.Load(minima), Vector256.Create(*sums++), rest);
                minima += Rows;
            }
            if (part == inBlock - 1)
            {
                low += TFormat.Bytes;
                high += TFormat.Bytes;
            }
        }
        products.Store(sumOfProducts);
        rest.Store(sumOfMinima);
    }

    // Signed weights with 128 added are multiplied without taking them apart into magnitude and sign.
    private static bool HasOffset
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.IsSigned && AvxVnni.IsSupported;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Dot(byte* block, int part, Vector256<sbyte> values)
    {
        Vector256<byte> weights = TFormat.Unpack(block, part);
        return HasOffset
            ? AvxVnni.MultiplyWideningAndAdd(Vector256<int>.Zero, weights ^ Vector256.Create((byte)128), values)
            : IntegerDot.Lanes(weights, values, TFormat.IsSigned);
    }
}
