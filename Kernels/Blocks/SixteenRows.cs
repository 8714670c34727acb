global using SixteenColumns = (
    System.Runtime.Intrinsics.Vector512<byte> A, System.Runtime.Intrinsics.Vector512<byte> B, System.Runtime.Intrinsics.Vector512<byte> C, System.Runtime.Intrinsics.Vector512<byte> D);
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Managed.Kernels.Blocks;

/// <summary>
/// What 16 rows of blocks hold at the same place, brought side by side in registers of 512 bits: a double word of each row in one register.
/// Asked for where the machine has AVX-512.
/// </summary>
internal static unsafe class SixteenRows
{
    public const int Count = 16;

    /// <summary>16 bytes of each row: the first double word of all rows, the second, the third, the fourth.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector512<uint>, Vector512<uint>, Vector512<uint>, Vector512<uint>) Transposed(byte* at, nint rowBytes)
    {
        nint two = 2 * rowBytes;
        return Transposed(EveryFourth(at, rowBytes), EveryFourth(at + rowBytes, rowBytes), EveryFourth(at + two, rowBytes), EveryFourth(at + rowBytes + two, rowBytes));
    }

    // Register i has the rows i, i + 4, i + 8, i + 12.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<uint>, Vector512<uint>, Vector512<uint>, Vector512<uint>) Transposed(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d)
    {
        Vector512<ulong> ab = Avx512F.UnpackLow(a, b).AsUInt64(), cd = Avx512F.UnpackLow(c, d).AsUInt64();
        Vector512<ulong> abHigh = Avx512F.UnpackHigh(a, b).AsUInt64(), cdHigh = Avx512F.UnpackHigh(c, d).AsUInt64();
        return (Avx512F.UnpackLow(ab, cd).AsUInt32(), Avx512F.UnpackHigh(ab, cd).AsUInt32(), Avx512F.UnpackLow(abHigh, cdHigh).AsUInt32(), Avx512F.UnpackHigh(abHigh, cdHigh).AsUInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> EveryFourth(byte* at, nint rowBytes)
    {
        nint four = 4 * rowBytes;
        return Join(Vector128.Load((uint*)at), Vector128.Load((uint*)(at + four)), Vector128.Load((uint*)(at + (2 * four))), Vector128.Load((uint*)(at + (2 * four) + four)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Join(Vector128<uint> a, Vector128<uint> b, Vector128<uint> c, Vector128<uint> d) =>
        Packed.Join(a.ToVector256Unsafe().WithUpper(b), c.ToVector256Unsafe().WithUpper(d));

    /// <summary>
    /// A part's 32 integers of each row, in `low` columns 0…15, in `high` the others: a register holds four columns of all rows. Signed ones have 128 added.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Columns<TFormat>(
        out SixteenColumns low, out SixteenColumns high,
        byte* block, nint rowBytes, int part)
        where TFormat : struct, IIntegerFormat
    {
        if (TFormat.NibblesAt >= 0)
        {
            (Vector512<uint> i, Vector512<uint> j, Vector512<uint> k, Vector512<uint> l) = Transposed(block + TFormat.NibblesAt, rowBytes);
            low = (Low<TFormat>(i), Low<TFormat>(j), Low<TFormat>(k), Low<TFormat>(l));
            high = (High<TFormat>(i), High<TFormat>(j), High<TFormat>(k), High<TFormat>(l));
            if (TFormat.FifthBitsAt < 0)
                return;
            (Vector512<uint> bits, _, _, _) = Transposed(block + TFormat.FifthBitsAt, rowBytes);
            low = (low.Item1 | Fifth(bits, 0), low.Item2 | Fifth(bits, 4), low.Item3 | Fifth(bits, 8), low.Item4 | Fifth(bits, 12));
            high = (high.Item1 | Fifth(bits, 16), high.Item2 | Fifth(bits, 20), high.Item3 | Fifth(bits, 24), high.Item4 | Fifth(bits, 28));
            return;
        }
        (Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d) = EightRows<TFormat>(block, rowBytes, part);
        (Vector512<uint> e, Vector512<uint> f, Vector512<uint> g, Vector512<uint> h) = EightRows<TFormat>(block + (8 * rowBytes), rowBytes, part);
        low = (Even(a, e), Even(b, f), Even(c, g), Even(d, h));
        high = (Odd(a, e), Odd(b, f), Odd(c, g), Odd(d, h));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Low<TFormat>(Vector512<uint> packed)
        where TFormat : struct, IIntegerFormat => TFormat.FromNibbles(packed.AsByte() & Vector512.Create((byte)15));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> High<TFormat>(Vector512<uint> packed)
        where TFormat : struct, IIntegerFormat => TFormat.FromNibbles(Vector512.ShiftRightLogical(packed, 4).AsByte() & Vector512.Create((byte)15));

    // Four bits from `first` on, each worth 16 in a byte of its own: four copies of them side by side, of which each byte keeps one bit.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Fifth(Vector512<uint> bits, int first) =>
        ((Vector512.ShiftRightLogical(bits, first) & Vector512.Create(15u)) * Vector512.Create((1u << 4) | (1u << 11) | (1u << 18) | (1u << 25))).AsByte()
            & Vector512.Create((byte)16);

    // Columns 4i…4i+3 of rows 0…3, columns 16 further on of them, and both of rows 4…7, for i = 0…3.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<uint>, Vector512<uint>, Vector512<uint>, Vector512<uint>) EightRows<TFormat>(byte* block, nint rowBytes, int part)
        where TFormat : struct, IIntegerFormat
    {
        byte* below = block + (4 * rowBytes);
        nint two = 2 * rowBytes;
        return Transposed(
            Two<TFormat>(block, below, part), Two<TFormat>(block + rowBytes, below + rowBytes, part),
            Two<TFormat>(block + two, below + two, part), Two<TFormat>(block + rowBytes + two, below + rowBytes + two, part));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Two<TFormat>(byte* first, byte* second, int part)
        where TFormat : struct, IIntegerFormat
    {
        Vector512<byte> both = TFormat.UnpackTwo(first, second, part);
        return (TFormat.IsSigned ? both ^ Vector512.Create((byte)128) : both).AsUInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Even(Vector512<uint> upper, Vector512<uint> lower) => Avx512F.Shuffle4x128(upper, lower, 0b10_00_10_00).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Odd(Vector512<uint> upper, Vector512<uint> lower) => Avx512F.Shuffle4x128(upper, lower, 0b11_01_11_01).AsByte();

    /// <summary>The halves that begin the blocks, as float32: to[part, row]. At least four parts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Halves(float* to, byte* blocks, nint rowBytes, int stride, int parts)
    {
        for (int done = 0; done < parts; done += 4)
        {
            int part = Math.Min(done, parts - 4); // the last four may overlap those before them
            (Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d) = Beginnings(blocks + ((nint)part * stride), rowBytes, stride);
            float* at = to + (part * 16);
            LowHalves(a).Store(at);
            LowHalves(b).Store(at + 16);
            LowHalves(c).Store(at + 32);
            LowHalves(d).Store(at + 48);
        }
    }

    /// <summary>The same, and beside it the values times a factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void HalvesAndMultiples(float* to, float* multiples, float factor, byte* blocks, nint rowBytes, int stride, int parts)
    {
        Halves(to, blocks, rowBytes, stride, parts);
        for (int part = 0; part < parts; part++)
            (Vector512.Load(to + (part * 16)) * factor).Store(multiples + (part * 16));
    }

    /// <summary>The two halves that begin the blocks, as float32: first[part, row], second[part, row]. At least four parts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void HalfPairs(float* first, float* second, byte* blocks, nint rowBytes, int stride, int parts)
    {
        for (int done = 0; done < parts; done += 4)
        {
            int part = Math.Min(done, parts - 4);
            (Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d) = Beginnings(blocks + ((nint)part * stride), rowBytes, stride);
            float* low = first + (part * 16), high = second + (part * 16);
            LowHalves(a).Store(low);
            LowHalves(b).Store(low + 16);
            LowHalves(c).Store(low + 32);
            LowHalves(d).Store(low + 48);
            HalfBits.HighToSingle(a).Store(high);
            HalfBits.HighToSingle(b).Store(high + 16);
            HalfBits.HighToSingle(c).Store(high + 32);
            HalfBits.HighToSingle(d).Store(high + 48);
        }
    }

    /// <summary>Scales and minima part by part, [parts, rows], from headers that are read one by one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ReadHeaders<TFormat>(float* scales, float* minima, byte* headers, int parts)
        where TFormat : struct, IIntegerFormat
    {
        for (int part = 0; part < parts; part++, headers += TFormat.HeaderBytes * Count, scales += Count, minima += Count)
        {
            TFormat.ReadHeader(headers, out Vector512<float> minimum).Store(scales);
            if (TFormat.HasMinimum)
                minimum.Store(minima);
        }
    }

    /// <summary>The half in the low 16 bits of each lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LowHalves(Vector512<uint> pairs) => HalfBits.HighToSingle(Vector512.ShiftLeft(pairs, 16));

    // The first double words of four blocks of each row, block by block.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<uint>, Vector512<uint>, Vector512<uint>, Vector512<uint>) Beginnings(byte* at, nint rowBytes, int stride)
    {
        nint two = 2 * rowBytes;
        return Transposed(
            FourRows(at, rowBytes, stride), FourRows(at + rowBytes, rowBytes, stride), FourRows(at + two, rowBytes, stride), FourRows(at + rowBytes + two, rowBytes, stride));
    }

    // Of the rows 0, 4, 8 and 12 from `at` on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> FourRows(byte* at, nint rowBytes, int stride)
    {
        nint four = 4 * rowBytes;
        byte* below = at + (2 * four);
        // Words of a register that begins at the first block, and of another.
        Vector128<ushort> words = Vector128.Create(0, 1, 0, 1, 0, 1, 0, (ushort)1) + (Vector128.Create(0, 0, 1, 1, 2, 2, 3, (ushort)3) * (ushort)(stride / 2));
        if (stride <= 20)
        {
            // One load holds all four, and one permutation takes them from two rows.
            Vector512<ushort> both = words.ToVector256Unsafe().WithUpper(words + Vector128.Create((ushort)32)).ToVector512Unsafe();
            return Packed.Join(
                Avx512BW.PermuteVar32x16x2(Vector512.Load((ushort*)at), both, Vector512.Load((ushort*)(at + four))).GetLower().AsUInt32(),
                Avx512BW.PermuteVar32x16x2(Vector512.Load((ushort*)below), both, Vector512.Load((ushort*)(below + four))).GetLower().AsUInt32());
        }
        int second = Math.Min(2 * stride, (4 * stride) - 64); // where the last two blocks are met, so that nothing behind them is read
        Vector512<ushort> which = (words + Vector128.Create(0, 0, 0, 0, 1, 1, 1, (ushort)1) * (ushort)(32 - (second / 2))).ToVector256Unsafe().ToVector512Unsafe();
        return Join(OneRow(at, second, which), OneRow(at + four, second, which), OneRow(below, second, which), OneRow(below + four, second, which));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> OneRow(byte* at, int second, Vector512<ushort> which) =>
        Avx512BW.PermuteVar32x16x2(Vector512.Load((ushort*)at), which, Vector512.Load((ushort*)(at + second))).GetLower().GetLower().AsUInt32();
}
