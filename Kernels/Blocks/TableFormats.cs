using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Managed.Kernels.Blocks;

/// <summary>Formats whose nibbles index a table of 16 values.</summary>
internal static unsafe class NibbleTables
{
    /// <summary>Non-linear 4-bit values of IQ4_NL and IQ4_XS.</summary>
    public static Vector128<sbyte> NonLinear
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create((sbyte)-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
    }

    /// <summary>Values of e2m1, doubled (OCP Microscaling Formats 1.0, §5.3.3).</summary>
    public static Vector128<sbyte> Fp4Doubled
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create((sbyte)0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Look(Vector128<sbyte> table, Vector256<byte> nibbles)
    {
        Vector128<byte> bytes = table.AsByte();
        return Vector256.Create(Vector128.Shuffle(bytes, nibbles.GetLower()), Vector128.Shuffle(bytes, nibbles.GetUpper()));
    }

    /// <summary>The values with 128 added.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> LookUnsigned(Vector128<sbyte> table, Vector512<byte> nibbles)
    {
        Vector128<byte> once = table.AsByte() ^ Vector128.Create((byte)128);
        Vector256<byte> twice = once.ToVector256Unsafe().WithUpper(once);
        return Avx512BW.Shuffle(Packed.Join(twice, twice), nibbles);
    }

    /// <summary>16 bytes of nibbles as 32 values: scale · table[q].</summary>
    public static void Dequantise(float* values, byte* nibbles, Vector128<sbyte> table, float scale)
    {
        for (int j = 0; j < 16; j++)
        {
            values[j] = scale * table.GetElement(nibbles[j] & 15);
            values[j + 16] = scale * table.GetElement(nibbles[j] >> 4);
        }
    }
}

/// <summary>IQ4_NL: { f16 d; 16 bytes of nibbles }, w = d·K[q].</summary>
internal readonly unsafe struct IQ4_NL : IIntegerFormat
{
    public static int Elements => 32;

    public static int Bytes => 18;

    public static bool IsSigned => true;

    public static bool HasMinimum => false;

    public static bool HasHalfScales => false;

    public static int NibblesAt
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 2;
    }

    public static void Dequantise(float* values, byte* block) =>
        NibbleTables.Dequantise(values, block + 2, NibbleTables.NonLinear, Packed.Half(block));

    public static void ReadScales(float* scales, float* minima, byte* row, int parts) =>
        Packed.Halves(scales, row, Bytes, parts);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadTile(float* scales, float* minima, byte* rows, nint rowBytes, int parts)
    {
        SixteenRows.Halves(scales, rows, rowBytes, Bytes, parts);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> FromNibbles(Vector512<byte> nibbles) => NibbleTables.LookUnsigned(NibbleTables.NonLinear, nibbles);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Unpack(byte* block, int part)
    {
        return NibbleTables.Look(NibbleTables.NonLinear, Packed.Nibbles(block + 2));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> UnpackTwo(byte* first, byte* second, int part)
    {
        return Packed.Join(Unpack(first, part), Unpack(second, part));
    }
}

/// <summary>MXFP4: { u8 e; 16 bytes of nibbles }, w = 2^(e − 128) · doubled e2m1.</summary>
internal readonly unsafe struct MXFP4 : IIntegerFormat
{
    public static int Elements => 32;

    public static int Bytes => 17;

    public static bool IsSigned => true;

    public static bool HasMinimum => false;

    public static bool HasHalfScales => false;

    // 2^(e − 128); e below 2 gives subnormal numbers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Scale(byte e) => BitConverter.UInt32BitsToSingle(e < 2 ? 0x00200000u << e : (uint)(e - 1) << 23);

    public static int NibblesAt
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1;
    }

    public static void Dequantise(float* values, byte* block) =>
        NibbleTables.Dequantise(values, block + 1, NibbleTables.Fp4Doubled, Scale(block[0]));

    public static void ReadScales(float* scales, float* minima, byte* row, int parts)
    {
        for (int b = 0; b < parts; b++, row += Bytes)
            scales[b] = Scale(row[0]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> FromNibbles(Vector512<byte> nibbles) => NibbleTables.LookUnsigned(NibbleTables.Fp4Doubled, nibbles);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Unpack(byte* block, int part)
    {
        return NibbleTables.Look(NibbleTables.Fp4Doubled, Packed.Nibbles(block + 1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> UnpackTwo(byte* first, byte* second, int part)
    {
        return Packed.Join(Unpack(first, part), Unpack(second, part));
    }
}

/// <summary>IQ4_XS: { f16 d; u16 high scale bits; 4 bytes of low scale bits; 128 bytes of nibbles }, w = d·(s − 32)·K[q].</summary>
internal readonly unsafe struct IQ4_XS : IBlockFormat
{
    public static int Elements => 256;

    public static int Bytes => 136;

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block);
        uint high = Unsafe.ReadUnaligned<ushort>(block + 2);
        for (int part = 0; part < 8; part++)
        {
            int scale = ((block[4 + (part / 2)] >> (4 * (part & 1))) & 15) | (int)(((high >> (2 * part)) & 3) << 4);
            NibbleTables.Dequantise(values + (32 * part), block + 8 + (16 * part), NibbleTables.NonLinear, d * (scale - 32));
        }
    }
}
