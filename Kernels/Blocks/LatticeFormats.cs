using System.Runtime.CompilerServices;

namespace Managed.Kernels.Blocks;

/// <summary>IQ2_XXS: { f16 d; eight times: four indices of a byte, u32 of four sign words of 7 bits and a scale of 4 }.</summary>
internal readonly unsafe struct IQ2_XXS : IBlockFormat
{
    private static readonly Lattice Points = Lattice.Of("IQ2_XXS");

    public static int Elements => 256;

    public static int Bytes => 66;

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block);
        byte* part = block + 2;
        for (int i = 0; i < 8; i++, part += 8)
        {
            uint bits = Unsafe.ReadUnaligned<uint>(part + 4);
            float scale = d * (0.5f + (bits >> 28)) * 0.25f;
            for (int l = 0; l < 4; l++, values += 8)
                Points.Write(values, part[l], scale, Lattice.EvenSigns(bits >> (7 * l)));
        }
    }
}

/// <summary>IQ2_XS: { f16 d; 32 words of a 9-bit index and 7 sign bits; 16 scales of 4 bits }.</summary>
internal readonly unsafe struct IQ2_XS : IBlockFormat
{
    private static readonly Lattice Points = Lattice.Of("IQ2_XS");

    public static int Elements => 256;

    public static int Bytes => 74;

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block);
        for (int i = 0; i < 32; i++, values += 8)
        {
            uint word = Unsafe.ReadUnaligned<ushort>(block + 2 + (2 * i));
            Points.Write(values, (int)(word & 511), LatticeScales.Quarter(d, block + 66, i / 2), Lattice.EvenSigns(word >> 9));
        }
    }
}

/// <summary>IQ2_S: { f16 d; 32 low index bytes; 32 sign bytes; 8 bytes of high index bits; 16 scales of 4 bits }.</summary>
internal readonly unsafe struct IQ2_S : IBlockFormat
{
    private static readonly Lattice Points = Lattice.Of("IQ2_S");

    public static int Elements => 256;

    public static int Bytes => 82;

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block);
        for (int i = 0; i < 32; i++, values += 8)
        {
            int high = (block[66 + (i / 4)] >> (2 * (i % 4))) & 3;
            Points.Write(values, block[2 + i] | (high << 8), LatticeScales.Quarter(d, block + 74, i / 2), block[34 + i]);
        }
    }
}

/// <summary>IQ3_XXS: { f16 d; 64 indices of a byte, for four weights each; eight u32 as in IQ2_XXS }.</summary>
internal readonly unsafe struct IQ3_XXS : IBlockFormat
{
    private static readonly Lattice Points = Lattice.Of("IQ3_XXS");

    public static int Elements => 256;

    public static int Bytes => 98;

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block);
        for (int i = 0; i < 8; i++)
        {
            uint bits = Unsafe.ReadUnaligned<uint>(block + 66 + (4 * i));
            float scale = d * (0.5f + (bits >> 28)) * 0.5f;
            for (int l = 0; l < 8; l++, values += 4)
                Points.Write(values, block[2 + (8 * i) + l], scale, Lattice.EvenSigns(bits >> (7 * (l / 2))) >> (4 * (l & 1)));
        }
    }
}

/// <summary>IQ3_S: { f16 d; 64 low index bytes; 8 bytes of ninth index bits; 32 sign bytes; 8 scales of 4 bits }.</summary>
internal readonly unsafe struct IQ3_S : IBlockFormat
{
    private static readonly Lattice Points = Lattice.Of("IQ3_S");

    public static int Elements => 256;

    public static int Bytes => 110;

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block);
        for (int i = 0; i < 64; i++, values += 4)
        {
            int part = i / 8, scale = (block[106 + (part / 2)] >> (4 * (part & 1))) & 15, high = (block[66 + part] >> (i % 8)) & 1;
            Points.Write(values, block[2 + i] | (high << 8), d * (1 + (2 * scale)), block[74 + (i / 2)] >> (4 * (i & 1)));
        }
    }
}

/// <summary>IQ1_S: { f16 d; 32 low index bytes; eight u16 of four times 3 index bits, a scale of 3 and the sign of the shift }.</summary>
internal readonly unsafe struct IQ1_S : IBlockFormat
{
    private static readonly Lattice Points = Lattice.Of("IQ1_S");

    public static int Elements => 256;

    public static int Bytes => 50;

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block);
        for (int i = 0; i < 32; i++, values += 8)
        {
            int word = Unsafe.ReadUnaligned<ushort>(block + 34 + (2 * (i / 4)));
            float scale = d * ((2 * ((word >> 12) & 7)) + 1);
            int index = block[2 + i] | (((word >> (3 * (i % 4))) & 7) << 8);
            Points.WriteShifted(values, index, scale, (word & 0x8000) == 0 ? LatticeScales.Shift : -LatticeScales.Shift);
        }
    }
}

/// <summary>IQ1_M: { 32 low index bytes; 32 nibbles of 3 index bits and the sign of the shift; four u16 of four scales of 3 bits, whose top nibbles are d }.</summary>
internal readonly unsafe struct IQ1_M : IBlockFormat
{
    private static readonly Lattice Points = Lattice.Of("IQ1_S");

    public static int Elements => 256;

    public static int Bytes => 56;

    public static void Dequantise(float* values, byte* block)
    {
        int bits = 0;
        for (int i = 0; i < 4; i++)
            bits |= (Unsafe.ReadUnaligned<ushort>(block + 48 + (2 * i)) >> 12) << (4 * i);
        float d = HalfBits.ToSingle((ushort)bits);
        for (int i = 0; i < 32; i++, values += 8)
        {
            int sixteen = i / 2, nibble = (block[32 + sixteen] >> (4 * (i & 1))) & 15;
            int scale = (Unsafe.ReadUnaligned<ushort>(block + 48 + (2 * (sixteen / 4))) >> (3 * (sixteen % 4))) & 7;
            Points.WriteShifted(values, block[i] | ((nibble & 7) << 8), d * ((2 * scale) + 1), (nibble & 8) == 0 ? LatticeScales.Shift : -LatticeScales.Shift);
        }
    }
}

/// <summary>Scales that several lattice formats share.</summary>
internal static unsafe class LatticeScales
{
    /// <summary>By how much IQ1's coordinates are off −1, 0, 1.</summary>
    public const float Shift = 0.125f;

    /// <summary>d · (s + 1/2) / 4, with s the i-th nibble.</summary>
    public static float Quarter(float d, byte* nibbles, int i) => d * (0.5f + ((nibbles[i / 2] >> (4 * (i & 1))) & 15)) * 0.25f;
}
