using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Managed.Kernels.Blocks;

/// <summary>Q5_0: { f16 d; u32 fifth bits; 16 bytes of nibbles }, w = d·(q − 16), which is d·q − 16·d to the last bit.</summary>
internal readonly unsafe struct Q5_0 : IIntegerFormat
{
    public static int Elements => 32;

    public static int Bytes => 22;

    public static bool IsSigned => false;

    public static bool HasMinimum => true;

    public static bool HasHalfScales => false;

    public static int NibblesAt
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 6;
    }

    public static int FifthBitsAt
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 2;
    }

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
    public static void ReadScales(float* scales, float* minima, byte* row, int parts) =>
        Packed.HalvesAndMultiples(scales, minima, -16f, row, Bytes, parts);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadTile(float* scales, float* minima, byte* rows, nint rowBytes, int parts)
    {
        SixteenRows.HalvesAndMultiples(scales, minima, -16f, rows, rowBytes, Bytes, parts);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Unpack(byte* block, int part)
    {
        return Packed.Nibbles(block + 6) | Packed.FifthBits(Unsafe.ReadUnaligned<uint>(block + 2));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> UnpackTwo(byte* first, byte* second, int part)
    {
        return Packed.Join(Unpack(first, part), Unpack(second, part));
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

    public static int NibblesAt
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 8;
    }

    public static int FifthBitsAt
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 4;
    }

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
    public static void ReadScales(float* scales, float* minima, byte* row, int parts) =>
        Packed.HalfPairs(scales, minima, row, Bytes, parts);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadTile(float* scales, float* minima, byte* rows, nint rowBytes, int parts)
    {
        SixteenRows.HalfPairs(scales, minima, rows, rowBytes, Bytes, parts);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Unpack(byte* block, int part)
    {
        return Packed.Nibbles(block + 8) | Packed.FifthBits(Unsafe.ReadUnaligned<uint>(block + 4));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> UnpackTwo(byte* first, byte* second, int part)
    {
        return Packed.Join(Unpack(first, part), Unpack(second, part));
    }
}
