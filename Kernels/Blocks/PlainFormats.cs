using System.Runtime.CompilerServices;

namespace Managed.Kernels.Blocks;

/// <summary>float32, as it is.</summary>
internal readonly unsafe struct F32 : IBlockFormat
{
    public static int Elements => 1;

    public static int Bytes => 4;

    public static void Dequantise(float* values, byte* block) => *values = Unsafe.ReadUnaligned<float>(block);
}

/// <summary>IEEE half.</summary>
internal readonly unsafe struct F16 : IBlockFormat
{
    public static int Elements => 1;

    public static int Bytes => 2;

    public static void Dequantise(float* values, byte* block) => *values = HalfBits.ToSingle(Unsafe.ReadUnaligned<ushort>(block));
}

/// <summary>bfloat16: the upper half of a float32.</summary>
internal readonly unsafe struct BF16 : IBlockFormat
{
    public static int Elements => 1;

    public static int Bytes => 2;

    public static void Dequantise(float* values, byte* block) => *values = HalfBits.BrainToSingle(Unsafe.ReadUnaligned<ushort>(block));
}
