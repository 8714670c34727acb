using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Managed.Kernels.Blocks;

/// <summary>Reading of packed integers that several formats share.</summary>
internal static unsafe class Packed
{
    /// <summary>A half at an unaligned place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Half(byte* at) => HalfBits.ToSingle(Unsafe.ReadUnaligned<ushort>(at));

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

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block);
        for (int j = 0; j < 16; j++)
        {
            values[j] = d * ((block[2 + j] & 15) - 8);
            values[j + 16] = d * ((block[2 + j] >> 4) - 8);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Unpack(byte* block, int part, out Vector256<float> scale, out float minimum)
    {
        scale = Vector256.Create(Packed.Half(block));
        minimum = 0;
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

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block), m = Packed.Half(block + 2);
        for (int j = 0; j < 16; j++)
        {
            values[j] = (d * (block[4 + j] & 15)) + m;
            values[j + 16] = (d * (block[4 + j] >> 4)) + m;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Unpack(byte* block, int part, out Vector256<float> scale, out float minimum)
    {
        scale = Vector256.Create(Packed.Half(block));
        minimum = Packed.Half(block + 2);
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Unpack(byte* block, int part, out Vector256<float> scale, out float minimum)
    {
        scale = Vector256.Create(Packed.Half(block));
        minimum = 0;
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Unpack(byte* block, int part, out Vector256<float> scale, out float minimum)
    {
        scale = Vector256.Create(Packed.Half(block));
        minimum = Packed.Half(block + 2);
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

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block);
        for (int j = 0; j < 32; j++)
            values[j] = d * (sbyte)block[2 + j];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Unpack(byte* block, int part, out Vector256<float> scale, out float minimum)
    {
        scale = Vector256.Create(Packed.Half(block));
        minimum = 0;
        return Vector256.Load(block + 2);
    }
}
