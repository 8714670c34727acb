namespace Managed.Kernels.Gpu.Attention;

internal readonly struct Dimension64 : IConstant
{
    public static int Value => 64;
}

internal readonly struct Dimension96 : IConstant
{
    public static int Value => 96;
}

internal readonly struct Dimension128 : IConstant
{
    public static int Value => 128;
}

internal readonly struct Dimension256 : IConstant
{
    public static int Value => 256;
}

/// <summary>Two neighbouring numbers that lie at a multiple of 8 bytes: one load.</summary>
internal struct Pair
{
    public float X, Y;
}

internal readonly struct FourWarps : IConstant
{
    public static int Value => 4;
}

internal readonly struct EightWarps : IConstant
{
    public static int Value => 8;
}
