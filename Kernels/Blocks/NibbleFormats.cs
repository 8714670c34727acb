using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Managed.Kernels.Blocks;

/// <summary>Q4_0: { f16 d; 16 bytes of nibbles }, w = d·(q − 8), which is d·q − 8·d to the last bit.</summary>
internal readonly unsafe struct Q4_0 : IIntegerFormat
{
    public static int Elements => 32;

    public static int Bytes => 18;

    public static bool IsSigned => false;

    public static bool IsFourBits
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => true;
    }

    public static bool HasMinimum => true;

    public static bool HasHalfScales => false;

    public static int NibblesAt
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 2;
    }

    public static int HeaderBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 2;
    }

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
    public static void ReadScales(float* scales, float* minima, byte* row, int parts) =>
        Packed.HalvesAndMultiples(scales, minima, -8f, row, Bytes, parts);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadTile(float* scales, float* minima, byte* rows, nint rowBytes, int parts)
    {
        SixteenRows.HalvesAndMultiples(scales, minima, -8f, rows, rowBytes, Bytes, parts);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ReadHeaders(float* scales, float* minima, byte* headers, int parts) => SixteenRows.ReadHeaders<Q4_0>(scales, minima, headers, parts);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ReadHeader(byte* headers, out Vector512<float> minima)
    {
        Vector512<float> scales = HalfBits.FiniteToSingle((ushort*)headers);
        minima = scales * -8f;
        return scales;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Unpack(byte* block, int part)
    {
        return Packed.Nibbles(block + 2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> UnpackTwo(byte* first, byte* second, int part)
    {
        return Packed.Nibbles(first + 2, second + 2);
    }
}

/// <summary>Q4_1: { f16 d; f16 m; 16 bytes of nibbles }, w = d·q + m.</summary>
internal readonly unsafe struct Q4_1 : IIntegerFormat
{
    public static int Elements => 32;

    public static int Bytes => 20;

    public static bool IsSigned => false;

    public static bool IsFourBits
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => true;
    }

    public static bool HasMinimum => true;

    public static bool HasHalfScales => false;

    public static int NibblesAt
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 4;
    }

    public static int HeaderBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 4;
    }

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
    public static void ReadScales(float* scales, float* minima, byte* row, int parts) =>
        Packed.HalfPairs(scales, minima, row, Bytes, parts);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadTile(float* scales, float* minima, byte* rows, nint rowBytes, int parts)
    {
        SixteenRows.HalfPairs(scales, minima, rows, rowBytes, Bytes, parts);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ReadHeaders(float* scales, float* minima, byte* headers, int parts) => SixteenRows.ReadHeaders<Q4_1>(scales, minima, headers, parts);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ReadHeader(byte* headers, out Vector512<float> minima)
    {
        Vector512<uint> pairs = Vector512.Load((uint*)headers);
        minima = HalfBits.FiniteHighToSingle(pairs);
        return HalfBits.FiniteHighToSingle(Vector512.ShiftLeft(pairs, 16));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Unpack(byte* block, int part)
    {
        return Packed.Nibbles(block + 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> UnpackTwo(byte* first, byte* second, int part)
    {
        return Packed.Nibbles(first + 4, second + 4);
    }
}
