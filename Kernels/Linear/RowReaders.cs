using System.Diagnostics.CodeAnalysis;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>Gives a stored row of weights as float32.</summary>
internal unsafe interface IRowReader
{
    /// <summary>Any eight values can be read by themselves; else only whole rows.</summary>
    static abstract bool IsPlain { get; }

    /// <summary>Eight values from element k on; only for plain rows.</summary>
    static abstract Vector256<float> Load(byte* row, int k);

    /// <summary>Bytes of one value; only for plain rows.</summary>
    static abstract int ElementBytes { get; }

    /// <summary>The row's values: in `scratch`, or where the row lies when it is float32 already.</summary>
    /// <param name="scratch">Room for <see cref="RowReaders.ScratchLength"/> floats.</param>
    /// <param name="row">The stored row.</param>
    /// <param name="columns">Its number of elements.</param>
    static abstract float* Read(float* scratch, byte* row, int columns);

    /// <summary>Columns that are stored together, a multiple of 32: a part.</summary>
    static virtual int BlockColumns
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 32;
    }

    /// <summary>Bytes of so many columns.</summary>
    static abstract int BlockBytes { get; }

    /// <summary>
    /// One part of 32 columns of two rows, for registers of 512 bits: four times eight columns, the first row's in the lower halves.
    /// </summary>
    /// <param name="first">The first row's block.</param>
    /// <param name="second">The second row's block.</param>
    /// <param name="part">The part within the block.</param>
    /// <param name="scales">Both rows' scales of the part, and a tile's rows further on the second ones of a format with two.</param>
    /// <param name="minima">Both rows' minima.</param>
    static abstract (Vector512<float>, Vector512<float>, Vector512<float>, Vector512<float>) ReadTwo(byte* first, byte* second, int part, float* scales, float* minima);

    /// <summary>Scales and minima of `parts` parts of a tile of rows, part by part; plain rows have none.</summary>
    static virtual void ReadScales(out float* scales, out float* minima, in LinearArguments arguments, int firstRow, int count, int firstPart, int parts, float* scratch) =>
        scales = minima = null;

    /// <summary>Floats from one part's scales to the next one's.</summary>
    static virtual int ScaleStride
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 0;
    }

    /// <summary>Adds `parts` parts of 16 rows and one token to their sums, column by column: [8 lanes, 16 rows].</summary>
    static virtual void AddColumns(float* sums, in LinearArguments arguments, int firstRow, int firstPart, int parts, float* scales, float* minima) =>
        throw new DeviceException("Rows of plain numbers are not read by columns.");

    /// <summary>Outputs of 16 rows that are packed, for at most <see cref="ExactPacked{TFormat}.MostTokens"/> tokens.</summary>
    static virtual void RunPacked(in LinearArguments arguments, int firstRow, float* scratch) =>
        throw new DeviceException("Rows of plain numbers are not packed.");

    /// <summary>Scales and minima of a <see cref="PackedTile{TFormat}"/>, as <see cref="ReadScales"/> gives those of stored rows.</summary>
    static virtual void ReadPackedScales(out float* scales, out float* minima, in LinearArguments arguments, int firstRow, int firstPart, int parts, float* scratch) =>
        throw new DeviceException("Rows of plain numbers are not packed.");

    /// <summary>Eight rows of a <see cref="PackedTile{TFormat}"/> as a panel (<see cref="PackedPanels{TFormat}"/>).</summary>
    static virtual void FillPacked(float* panel, in LinearArguments arguments, int firstRow, int half, int firstPart, int parts, float* scales, float* minima) =>
        throw new DeviceException("Rows of plain numbers are not packed.");
}

internal static unsafe class RowReaders
{
    /// <summary>Floats of scratch for a row: its values, and its scales and minima in parts of 32.</summary>
    public static int ScratchLength(int columns) => columns + (3 * ((columns / 32) + 8));

    /// <summary>Neighbouring rows' numbers, one in each half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> OfTwo(float* pair) =>
        Avx512F.PermuteVar4x32(Vector512.Create(*(double*)pair).AsSingle(), Vector512.Create(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1));

    /// <summary>Two rows of 32 numbers of 16 bits, eight columns of both in each element, every number in the high half of its lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector512<uint>, Vector512<uint>, Vector512<uint>, Vector512<uint>) HighHalves(byte* first, byte* second)
    {
        Vector512<long> a = Vector512.Load((long*)first), b = Vector512.Load((long*)second);
        // Groups of four columns, such that unpacking finds a row's first and second four in neighbouring lanes.
        Vector512<ushort> low = Avx512F.PermuteVar8x64x2(a, Vector512.Create(0L, 2, 1, 3, 8, 10, 9, 11), b).AsUInt16();
        Vector512<ushort> high = Avx512F.PermuteVar8x64x2(a, Vector512.Create(4L, 6, 5, 7, 12, 14, 13, 15), b).AsUInt16();
        Vector512<ushort> zero = Vector512<ushort>.Zero;
        return (Avx512BW.UnpackLow(zero, low).AsUInt32(), Avx512BW.UnpackHigh(zero, low).AsUInt32(),
            Avx512BW.UnpackLow(zero, high).AsUInt32(), Avx512BW.UnpackHigh(zero, high).AsUInt32());
    }
}

/// <summary>float32 rows need no reading.</summary>
internal readonly unsafe struct SingleRows : IRowReader
{
    public static bool IsPlain => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(byte* row, int k) => Vector256.Load((float*)row + k);

    public static int ElementBytes => sizeof(float);

    public static float* Read(float* scratch, byte* row, int columns) => (float*)row;

    public static int BlockBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 32 * ElementBytes;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector512<float>, Vector512<float>, Vector512<float>, Vector512<float>) ReadTwo(byte* first, byte* second, int part, float* scales, float* minima) =>
        (Two(first, second), Two(first + 32, second + 32), Two(first + 64, second + 64), Two(first + 96, second + 96));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Two(byte* first, byte* second) => Packed.Join(Vector256.Load((float*)first), Vector256.Load((float*)second));
}

/// <summary>How 16 halves, each in the high half of its lane, become float32.</summary>
internal interface IHalves
{
    static abstract Vector512<float> ToSingle(Vector512<uint> high);
}

/// <summary>Any halves.</summary>
internal readonly struct AnyHalves : IHalves
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ToSingle(Vector512<uint> high) => HalfBits.HighToSingle(high);
}

/// <summary>Halves of which it is known that all are finite.</summary>
internal readonly struct FiniteHalves : IHalves
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ToSingle(Vector512<uint> high) => HalfBits.FiniteHighToSingle(high);
}

/// <summary>IEEE half rows.</summary>
internal readonly unsafe struct HalfRows<THalves> : IRowReader
    where THalves : struct, IHalves
{
    public static bool IsPlain => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(byte* row, int k) =>
        HalfBits.HighToSingle(Vector256.ShiftLeft(Packed.Widen((ushort*)row + k), 16));

    public static int ElementBytes => sizeof(ushort);

    public static float* Read(float* scratch, byte* row, int columns)
    {
        TensorPrimitives.ConvertToSingle(new ReadOnlySpan<Half>(row, columns), new Span<float>(scratch, columns));
        return scratch;
    }

    public static int BlockBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 32 * ElementBytes;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector512<float>, Vector512<float>, Vector512<float>, Vector512<float>) ReadTwo(byte* first, byte* second, int part, float* scales, float* minima)
    {
        (Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d) = RowReaders.HighHalves(first, second);
        return (THalves.ToSingle(a), THalves.ToSingle(b), THalves.ToSingle(c), THalves.ToSingle(d));
    }
}

/// <summary>bfloat16 rows.</summary>
internal readonly unsafe struct BrainRows : IRowReader
{
    public static bool IsPlain => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(byte* row, int k) =>
        Vector256.ShiftLeft(Packed.Widen((ushort*)row + k), 16).AsSingle();

    public static int ElementBytes => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float* Read(float* scratch, byte* row, int columns)
    {
        int k = 0;
        for (; k + 8 <= columns; k += 8)
            Load(row, k).Store(scratch + k);
        for (; k < columns; k++)
            scratch[k] = HalfBits.BrainToSingle(Unsafe.ReadUnaligned<ushort>(row + (2L * k)));
        return scratch;
    }

    public static int BlockBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 32 * ElementBytes;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector512<float>, Vector512<float>, Vector512<float>, Vector512<float>) ReadTwo(byte* first, byte* second, int part, float* scales, float* minima)
    {
        (Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d) = RowReaders.HighHalves(first, second);
        return (a.AsSingle(), b.AsSingle(), c.AsSingle(), d.AsSingle());
    }
}

/// <summary>Rows of an integer format: scale · q + minimum, the bits of the format's own definition.</summary>
internal readonly unsafe struct IntegerRows<TFormat> : IRowReader
    where TFormat : struct, IIntegerFormat
{
    public static bool IsPlain => false;

    public static Vector256<float> Load(byte* row, int k) => throw new DeviceException("A row of blocks is read whole.");

    public static int ElementBytes => throw new DeviceException("An element of a block has no bytes of its own.");

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float* Read(float* scratch, byte* row, int columns)
    {
        int parts = columns / 32, inBlock = TFormat.Elements / 32;
        float* scales = scratch + columns, minima = scales + (2 * parts), to = scratch;
        TFormat.ReadScales(scales, minima, row, parts);
        for (int p = 0; p < parts; row += TFormat.Bytes)
            for (int part = 0; part < inBlock; part++, p++, to += 32)
            {
                Vector256<byte> q = TFormat.Unpack(row, part);
                Vector256<float> minimum = TFormat.HasMinimum ? Vector256.Create(minima[p]) : default;
                Vector256<float> first = Vector256.Create(scales[TFormat.HasHalfScales ? 2 * p : p]);
                Vector256<float> second = TFormat.HasHalfScales ? Vector256.Create(scales[(2 * p) + 1]) : first;
                Store(to, q.GetLower(), first, minimum);
                Store(to + 16, q.GetUpper(), second, minimum);
            }
        return scratch;
    }

    public static int BlockColumns
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.Elements;
    }

    public static int BlockBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.Bytes;
    }

    public static int ScaleStride
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.HasHalfScales ? 2 * LinearArguments.TileRows : LinearArguments.TileRows;
    }

    public static void AddColumns(float* sums, in LinearArguments arguments, int firstRow, int firstPart, int parts, float* scales, float* minima) =>
        ExactColumns<TFormat>.Run(sums, arguments, firstRow, firstPart, parts, scales, minima);

    public static void RunPacked(in LinearArguments arguments, int firstRow, float* scratch) =>
        ExactPacked<TFormat>.Run(arguments, firstRow, PackedTileOf(arguments, firstRow), scratch);

    public static void ReadPackedScales(out float* scales, out float* minima, in LinearArguments arguments, int firstRow, int firstPart, int parts, float* scratch)
    {
        byte* headers = PackedTileOf(arguments, firstRow) + (firstPart * 32 / TFormat.Elements * TFormat.HeaderBytes * LinearArguments.TileRows);
        LinearArguments.Prefetch(headers + LinearArguments.PackedDistance, PackedTile<TFormat>.IntegersAt(parts * 32)); // as many bytes as are read here, so that those behind a tile's integers are asked for, too
        TileScales<TFormat> tile = PackedTile<TFormat>.Scales(headers, parts * 32, scratch);
        scales = tile.Scales;
        minima = tile.Minima;
    }

    public static void FillPacked(float* panel, in LinearArguments arguments, int firstRow, int half, int firstPart, int parts, float* scales, float* minima) =>
        PackedPanels<TFormat>.Fill(panel, PackedIntegers(arguments, firstRow, firstPart), half, parts, scales, minima);

    private static byte* PackedTileOf(in LinearArguments arguments, int firstRow) =>
        arguments.Packed + (firstRow / LinearArguments.TileRows * PackedTile<TFormat>.Bytes(arguments.Columns));

    private static byte* PackedIntegers(in LinearArguments arguments, int firstRow, int firstPart) =>
        PackedTileOf(arguments, firstRow) + PackedTile<TFormat>.IntegersAt(arguments.Columns) + (firstPart * PackedTile<TFormat>.PartBytes);

    public static void ReadScales(out float* scales, out float* minima, in LinearArguments arguments, int firstRow, int count, int firstPart, int parts, float* scratch)
    {
        TileScales<TFormat> tile = TileScales<TFormat>.Read(arguments, firstRow, count, firstPart, parts, scratch);
        scales = tile.Scales;
        minima = tile.Minima;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector512<float>, Vector512<float>, Vector512<float>, Vector512<float>) ReadTwo(byte* first, byte* second, int part, float* scales, float* minima)
    {
        // Fours of columns whose lanes are the same come into one quarter; then byte i of each four becomes part of result i.
        Vector512<sbyte> q = Avx512F.PermuteVar16x32(
            TFormat.UnpackTwo(first, second, part).AsInt32(), Vector512.Create(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15)).AsSByte();
        Vector512<float> scale = RowReaders.OfTwo(scales), next = TFormat.HasHalfScales ? RowReaders.OfTwo(scales + LinearArguments.TileRows) : scale;
        Vector512<float> minimum = TFormat.HasMinimum ? RowReaders.OfTwo(minima) : default;
        return (Value(q, 0, scale, minimum), Value(q, 4, scale, minimum), Value(q, 8, next, minimum), Value(q, 12, next, minimum));
    }

    // scale · q + minimum of the four bytes from `at` on in each quarter; signed ones go through the high byte for their sign.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Value(Vector512<sbyte> q, [ConstantExpected] int at, Vector512<float> scale, Vector512<float> minimum)
    {
        int zero = unchecked((int)(TFormat.IsSigned ? 0x00808080 : 0x80808000)), shift = TFormat.IsSigned ? 24 : 0;
        int c0 = zero | (at << shift), c1 = zero | ((at + 1) << shift), c2 = zero | ((at + 2) << shift), c3 = zero | ((at + 3) << shift);
        Vector512<int> control = Vector512.Create(c0, c1, c2, c3, c0, c1, c2, c3, c0, c1, c2, c3, c0, c1, c2, c3);
        Vector512<int> integers = Avx512BW.Shuffle(q, control.AsSByte()).AsInt32();
        if (TFormat.IsSigned)
            integers = Vector512.ShiftRightArithmetic(integers, 24);
        Vector512<float> value = Vector512.ConvertToSingle(integers) * scale;
        return TFormat.HasMinimum ? value + minimum : value;
    }

    // 16 values; scales change at multiples of 16 at most.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* to, Vector128<byte> q, Vector256<float> scale, Vector256<float> minimum)
    {
        Vector256<float> low = Packed.Singles(q, TFormat.IsSigned) * scale;
        Vector256<float> high = Packed.Singles(Packed.UpperHalf(q), TFormat.IsSigned) * scale;
        if (TFormat.HasMinimum)
        {
            low += minimum;
            high += minimum;
        }
        low.Store(to);
        high.Store(to + 8);
    }
}
