using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Managed.Kernels.Blocks;

/// <summary>Reading of packed integers that several formats share.</summary>
internal static unsafe class Packed
{
    /// <summary>A half at an unaligned place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Half(byte* at) => HalfBits.ToSingle(Unsafe.ReadUnaligned<ushort>(at));

    /// <summary>Eight small integers as float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Singles(Vector128<short> values) =>
        Vector256.ConvertToSingle(Vector256.Create(Vector128.WidenLower(values), Vector128.WidenUpper(values)));

    // The first four bytes of eight blocks.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Firsts(byte* at, int stride) => Vector256.Create(
        Unsafe.ReadUnaligned<uint>(at), Unsafe.ReadUnaligned<uint>(at + stride),
        Unsafe.ReadUnaligned<uint>(at + (2 * stride)), Unsafe.ReadUnaligned<uint>(at + (3 * stride)),
        Unsafe.ReadUnaligned<uint>(at + (4 * stride)), Unsafe.ReadUnaligned<uint>(at + (5 * stride)),
        Unsafe.ReadUnaligned<uint>(at + (6 * stride)), Unsafe.ReadUnaligned<uint>(at + (7 * stride)));

    /// <summary>The half that begins each of `count` blocks, as float32.</summary>
    public static void Halves(float* to, byte* at, int stride, int count)
    {
        int i = 0;
        for (; i + 8 <= count; i += 8, at += 8 * stride)
            HalfBits.ToSingle(Firsts(at, stride) & Vector256.Create(0xFFFFu)).Store(to + i);
        for (; i < count; i++, at += stride)
            to[i] = Half(at);
    }

    /// <summary>The two halves that begin each of `count` blocks, as float32.</summary>
    public static void HalfPairs(float* first, float* second, byte* at, int stride, int count)
    {
        int i = 0;
        for (; i + 8 <= count; i += 8, at += 8 * stride)
        {
            Vector256<uint> pairs = Firsts(at, stride);
            HalfBits.ToSingle(pairs & Vector256.Create(0xFFFFu)).Store(first + i);
            HalfBits.ToSingle(Vector256.ShiftRightLogical(pairs, 16)).Store(second + i);
        }
        for (; i < count; i++, at += stride)
            (first[i], second[i]) = (Half(at), Half(at + 2));
    }

    /// <summary>32 nibbles of 16 bytes: the low ones first, then the high ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Nibbles(byte* at)
    {
        Vector128<byte> packed = Vector128.Load(at);
        Vector128<byte> low = packed & Vector128.Create((byte)15);
        Vector128<byte> high = Vector128.ShiftRightLogical(packed.AsUInt16(), 4).AsByte() & Vector128.Create((byte)15);
        return Vector256.Create(low, high);
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

/// <summary>Q4_0: { f16 d; 16 bytes of nibbles }, w = d·(q − 8).</summary>
internal readonly unsafe struct Q4_0 : IIntegerFormat
{
    public static int Elements => 32;

    public static int Bytes => 18;

    public static bool IsSigned => true;

    public static bool HasMinimum => false;

    public static bool HasHalfScales => false;

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block);
        for (int j = 0; j < 16; j++)
        {
            values[j] = d * ((block[2 + j] & 15) - 8);
            values[j + 16] = d * ((block[2 + j] >> 4) - 8);
        }
    }

    public static void ReadScales(float* scales, float* minima, byte* row, int parts) =>
        Packed.Halves(scales, row, Bytes, parts);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Unpack(byte* block, int part)
    {
        return Packed.Nibbles(block + 2) - Vector256.Create((byte)8);
    }
}

/// <summary>Q4_1: { f16 d; f16 m; 16 bytes of nibbles }, w = d·q + m.</summary>
internal readonly unsafe struct Q4_1 : IIntegerFormat
{
    public static int Elements => 32;

    public static int Bytes => 20;

    public static bool IsSigned => false;

    public static bool HasMinimum => true;

    public static bool HasHalfScales => false;

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block), m = Packed.Half(block + 2);
        for (int j = 0; j < 16; j++)
        {
            values[j] = (d * (block[4 + j] & 15)) + m;
            values[j + 16] = (d * (block[4 + j] >> 4)) + m;
        }
    }

    public static void ReadScales(float* scales, float* minima, byte* row, int parts) =>
        Packed.HalfPairs(scales, minima, row, Bytes, parts);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Unpack(byte* block, int part)
    {
        return Packed.Nibbles(block + 4);
    }
}

/// <summary>Q5_0: { f16 d; u32 fifth bits; 16 bytes of nibbles }, w = d·(q − 16).</summary>
internal readonly unsafe struct Q5_0 : IIntegerFormat
{
    public static int Elements => 32;

    public static int Bytes => 22;

    public static bool IsSigned => true;

    public static bool HasMinimum => false;

    public static bool HasHalfScales => false;

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block);
        uint high = Unsafe.ReadUnaligned<uint>(block + 2);
        for (int j = 0; j < 16; j++)
        {
            values[j] = d * (((block[6 + j] & 15) | (int)(((high >> j) & 1) << 4)) - 16);
            values[j + 16] = d * (((block[6 + j] >> 4) | (int)(((high >> (j + 16)) & 1) << 4)) - 16);
        }
    }

    public static void ReadScales(float* scales, float* minima, byte* row, int parts) =>
        Packed.Halves(scales, row, Bytes, parts);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Unpack(byte* block, int part)
    {
        return (Packed.Nibbles(block + 6) | Packed.FifthBits(Unsafe.ReadUnaligned<uint>(block + 2))) - Vector256.Create((byte)16);
    }
}

/// <summary>Q5_1: { f16 d; f16 m; u32 fifth bits; 16 bytes of nibbles }, w = d·q + m.</summary>
internal readonly unsafe struct Q5_1 : IIntegerFormat
{
    public static int Elements => 32;

    public static int Bytes => 24;

    public static bool IsSigned => false;

    public static bool HasMinimum => true;

    public static bool HasHalfScales => false;

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block), m = Packed.Half(block + 2);
        uint high = Unsafe.ReadUnaligned<uint>(block + 4);
        for (int j = 0; j < 16; j++)
        {
            values[j] = (d * ((block[8 + j] & 15) | (int)(((high >> j) & 1) << 4))) + m;
            values[j + 16] = (d * ((block[8 + j] >> 4) | (int)(((high >> (j + 16)) & 1) << 4))) + m;
        }
    }

    public static void ReadScales(float* scales, float* minima, byte* row, int parts) =>
        Packed.HalfPairs(scales, minima, row, Bytes, parts);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Unpack(byte* block, int part)
    {
        return Packed.Nibbles(block + 8) | Packed.FifthBits(Unsafe.ReadUnaligned<uint>(block + 4));
    }
}

/// <summary>Q8_0: { f16 d; 32 signed bytes }, w = d·q.</summary>
internal readonly unsafe struct Q8_0 : IIntegerFormat
{
    public static int Elements => 32;

    public static int Bytes => 34;

    public static bool IsSigned => true;

    public static bool HasMinimum => false;

    public static bool HasHalfScales => false;

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block);
        for (int j = 0; j < 32; j++)
            values[j] = d * (sbyte)block[2 + j];
    }

    public static void ReadScales(float* scales, float* minima, byte* row, int parts) =>
        Packed.Halves(scales, row, Bytes, parts);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Unpack(byte* block, int part)
    {
        return Vector256.Load(block + 2);
    }
}
