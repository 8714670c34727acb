using System.Runtime.Intrinsics;

namespace Managed.Kernels.Blocks;

/// <summary>
/// TQ1_0: { 48 bytes of five, 4 bytes of four ternary digits; f16 d }, w = d·(q − 1). A byte is the digits' fraction of 256,
/// so that multiplying by 3 pushes the next digit out at the top.
/// </summary>
internal readonly unsafe struct TQ1_0 : IBlockFormat
{
    public static int Elements => 256;

    public static int Bytes => 54;

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block + 52);
        values = Digits(values, block, 32, 5, d);
        values = Digits(values, block + 32, 16, 5, d);
        Digits(values, block + 48, 4, 4, d);
    }

    private static float* Digits(float* values, byte* bytes, int count, int digits, float d)
    {
        int power = 1;
        for (int digit = 0; digit < digits; digit++, power *= 3)
            for (int i = 0; i < count; i++)
                *values++ = d * (((((bytes[i] * power) & 255) * 3) >> 8) - 1);
        return values;
    }
}

/// <summary>TQ2_0: { 64 bytes of 2-bit digits; f16 d }, w = d·(q − 1).</summary>
internal readonly unsafe struct TQ2_0 : IBlockFormat
{
    public static int Elements => 256;

    public static int Bytes => 66;

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block + 64);
        for (int i = 0; i < 256; i++)
            values[i] = d * (((block[(i / 128 * 32) + (i % 32)] >> (2 * (i / 32 % 4))) & 3) - 1);
    }
}

/// <summary>Q1_0: { f16 d; 128 bits }, w = d where the bit is set, else −d.</summary>
internal readonly unsafe struct Q1_0 : IBlockFormat
{
    public static int Elements => 128;

    public static int Bytes => 18;

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block);
        for (int i = 0; i < 128; i++)
            values[i] = ((block[2 + (i / 8)] >> (i % 8)) & 1) != 0 ? d : -d;
    }
}

/// <summary>NVFP4: { four unsigned e4m3 scales; four times 8 bytes of nibbles }, w = s/2 · doubled e2m1, in parts of 16.</summary>
internal readonly unsafe struct NVFP4 : IBlockFormat
{
    public static int Elements => 64;

    public static int Bytes => 36;

    public static void Dequantise(float* values, byte* block)
    {
        for (int part = 0; part < 4; part++, values += 16)
        {
            float scale = Scale(block[part]);
            for (int j = 0; j < 8; j++)
            {
                byte pair = block[4 + (8 * part) + j];
                values[j] = scale * NibbleTables.Fp4Doubled.GetElement(pair & 15);
                values[j + 8] = scale * NibbleTables.Fp4Doubled.GetElement(pair >> 4);
            }
        }
    }

    // Half of the e4m3 number, since the table holds doubled values; the code of NaN counts as 0.
    private static float Scale(byte code)
    {
        int exponent = (code >> 3) & 15, mantissa = code & 7;
        if ((code & 127) == 127)
            return 0;
        return exponent == 0 ? mantissa * MathF.ScaleB(1, -10) : (8 + mantissa) * MathF.ScaleB(1, exponent - 11);
    }
}
