using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Managed.Kernels.Blocks;

/// <summary>Reading of packed integers that several formats share.</summary>
internal static unsafe class Packed
{
    /// <summary>Two halves of a register. (The compiler leaves out of registers what Vector512.Create joins in a loop.)</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Join<T>(Vector256<T> lower, Vector256<T> upper) => lower.ToVector512Unsafe().WithUpper(upper);

    /// <summary>A half at an unaligned place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Half(byte* at) => HalfBits.ToSingle(Unsafe.ReadUnaligned<ushort>(at));

    /// <summary>The first eight bytes, signed or not, as float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Singles(Vector128<byte> bytes, bool signed)
    {
        if (Avx2.IsSupported)
            return Vector256.ConvertToSingle(signed ? Avx2.ConvertToVector256Int32(bytes.AsSByte()) : Avx2.ConvertToVector256Int32(bytes));
        return Singles(signed ? Vector128.WidenLower(bytes.AsSByte()) : Vector128.WidenLower(bytes).AsInt16());
    }

    /// <summary>The last eight bytes moved to the front.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> UpperHalf(Vector128<byte> bytes) =>
        Sse2.IsSupported ? Sse2.ShiftRightLogical128BitLane(bytes, 8) : Vector128.Create(bytes.GetUpper(), bytes.GetUpper());

    /// <summary>Eight 16-bit numbers, each in the low half of a lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Widen(ushort* at)
    {
        if (Avx2.IsSupported)
            return Avx2.ConvertToVector256Int32(at).AsUInt32();
        (Vector128<uint> low, Vector128<uint> high) = Vector128.Widen(Vector128.Load(at));
        return Vector256.Create(low, high);
    }

    /// <summary>Eight small integers as float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Singles(Vector128<short> values) =>
        Vector256.ConvertToSingle(Vector256.Create(Vector128.WidenLower(values), Vector128.WidenUpper(values)));

    // The first two bytes of eight blocks, in the high half of each lane.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> FirstHalves(byte* at, int stride)
    {
        if (Avx512BW.IsSupported && stride == 18)
        {
            // Two loads hold four blocks' beginnings each.
            Vector512<ushort> words = Avx512BW.PermuteVar32x16x2(Vector512.Load((ushort*)at), s_words18, Vector512.Load((ushort*)(at + 72)));
            return words.GetLower().AsUInt32();
        }
        Vector128<ushort> halves = Vector128.Create(
            Word(at, 0), Word(at, stride), Word(at, 2 * stride), Word(at, 3 * stride), Word(at, 4 * stride), Word(at, 5 * stride), Word(at, 6 * stride), Word(at, 7 * stride));
        (Vector128<uint> low, Vector128<uint> high) = Vector128.Widen(halves);
        return Vector256.ShiftLeft(Vector256.Create(low, high), 16);
    }

    // The first four bytes of eight blocks.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> FirstPairs(byte* at, int stride)
    {
        if (Avx512F.IsSupported && stride == 20)
            return Avx512F.PermuteVar16x32x2(Vector512.Load((uint*)at), s_pairs20, Vector512.Load((uint*)(at + 80))).GetLower();
        return Vector256.Create(
            Unsafe.ReadUnaligned<uint>(at), Unsafe.ReadUnaligned<uint>(at + stride),
            Unsafe.ReadUnaligned<uint>(at + (2 * stride)), Unsafe.ReadUnaligned<uint>(at + (3 * stride)),
            Unsafe.ReadUnaligned<uint>(at + (4 * stride)), Unsafe.ReadUnaligned<uint>(at + (5 * stride)),
            Unsafe.ReadUnaligned<uint>(at + (6 * stride)), Unsafe.ReadUnaligned<uint>(at + (7 * stride)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ushort Word(byte* at, int offset) => Unsafe.ReadUnaligned<ushort>(at + offset);

    // Where blocks of 18 bytes begin, in words of two loads 72 bytes apart; even words are not used.
    private static Vector512<ushort> s_words18 => Vector512.Create(
        0, 0, 0, 9, 0, 18, 0, 27, 0, 32, 0, 41, 0, 50, 0, 59, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (ushort)0);

    // Where blocks of 20 bytes begin, in double words of two loads 80 bytes apart; the upper half is not used.
    private static Vector512<uint> s_pairs20 => Vector512.Create(0u, 5, 10, 15, 16, 21, 26, 31, 0, 0, 0, 0, 0, 0, 0, 0);

    /// <summary>The half that begins each of `count` blocks, as float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Halves(float* to, byte* at, int stride, int count)
    {
        if (count < 8)
        {
            for (int i = 0; i < count; i++)
                to[i] = Half(at + (i * stride));
            return;
        }
        // The last eight may overlap those before them.
        for (int done = 0; done < count; done += 8)
        {
            int i = Math.Min(done, count - 8);
            HalfBits.HighToSingle(FirstHalves(at + (i * stride), stride)).Store(to + i);
        }
    }

    /// <summary>The same, and beside it the values times a factor: the minimum of a format that counts from below zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void HalvesAndMultiples(float* to, float* multiples, float factor, byte* at, int stride, int count)
    {
        if (count < 8)
        {
            for (int i = 0; i < count; i++)
                multiples[i] = factor * (to[i] = Half(at + (i * stride)));
            return;
        }
        for (int done = 0; done < count; done += 8)
        {
            int i = Math.Min(done, count - 8);
            Vector256<float> halves = HalfBits.HighToSingle(FirstHalves(at + (i * stride), stride));
            halves.Store(to + i);
            (halves * factor).Store(multiples + i);
        }
    }

    /// <summary>The two halves that begin each of `count` blocks, as float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void HalfPairs(float* first, float* second, byte* at, int stride, int count)
    {
        if (count < 8)
        {
            for (int i = 0; i < count; i++)
                (first[i], second[i]) = (Half(at + (i * stride)), Half(at + (i * stride) + 2));
            return;
        }
        for (int done = 0; done < count; done += 8)
        {
            int i = Math.Min(done, count - 8);
            Vector256<uint> pairs = FirstPairs(at + (i * stride), stride);
            HalfBits.HighToSingle(Vector256.ShiftLeft(pairs, 16)).Store(first + i);
            HalfBits.HighToSingle(pairs).Store(second + i);
        }
    }

    /// <summary>32 nibbles of 16 bytes: the low ones first, then the high ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Nibbles(byte* at)
    {
        if (Avx2.IsSupported)
            return Avx2.ShiftRightLogicalVariable(Avx2.BroadcastVector128ToVector256(at).AsUInt32(), Vector256.Create(0u, 0, 0, 0, 4, 4, 4, 4)).AsByte()
                & Vector256.Create((byte)15);
        Vector128<byte> packed = Vector128.Load(at);
        Vector128<byte> low = packed & Vector128.Create((byte)15);
        Vector128<byte> high = Vector128.ShiftRightLogical(packed.AsUInt16(), 4).AsByte() & Vector128.Create((byte)15);
        return Vector256.Create(low, high);
    }

    /// <summary>32 nibbles each of twice 16 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Nibbles(byte* first, byte* second)
    {
        if (!Avx512F.IsSupported)
            return Join(Nibbles(first), Nibbles(second));
        Vector512<uint> packed = Join(Avx2.BroadcastVector128ToVector256(first), Avx2.BroadcastVector128ToVector256(second)).AsUInt32();
        if (Gfni.V512.IsSupported)
        {
            // Matrices of bits that take a byte's low nibble in the first half of each 32 bytes, and its high nibble in the second.
            Vector512<ulong> bits = Vector512.Create(
                0x0102040800000000UL, 0x0102040800000000UL, 0x1020408000000000UL, 0x1020408000000000UL,
                0x0102040800000000UL, 0x0102040800000000UL, 0x1020408000000000UL, 0x1020408000000000UL);
            return Gfni.V512.GaloisFieldAffineTransform(packed.AsByte(), bits.AsByte(), 0);
        }
        return Avx512F.ShiftRightLogicalVariable(packed, Vector512.Create(0u, 0, 0, 0, 4, 4, 4, 4, 0, 0, 0, 0, 4, 4, 4, 4)).AsByte()
            & Vector512.Create((byte)15);
    }

    /// <summary>16 in each byte whose bit of the 32 is set: the fifth bits of 5-bit formats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> FifthBits(uint bits)
    {
        Vector256<byte> which = Vector256.Shuffle(Vector256.Create(bits).AsByte(), Vector256.Create(
            (byte)0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 18, 18, 18, 18, 18, 18, 18, 18, 19, 19, 19, 19, 19, 19, 19, 19));
        Vector256<byte> bit = Vector256.Create(0x8040201008040201UL).AsByte();
        return Vector256.Equals(which & bit, bit) & Vector256.Create((byte)16);
    }
}
