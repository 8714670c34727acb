namespace Managed.Kernels.Gpu.Attention;

/// <summary>A number that a kernel is compiled for.</summary>
internal interface ISize
{
    static abstract int Value { get; }
}

internal readonly struct One : ISize
{
    public static int Value => 1;
}

internal readonly struct Two : ISize
{
    public static int Value => 2;
}

internal readonly struct Dimension64 : ISize
{
    public static int Value => 64;
}

internal readonly struct Dimension96 : ISize
{
    public static int Value => 96;
}

internal readonly struct Dimension128 : ISize
{
    public static int Value => 128;
}

internal readonly struct Dimension256 : ISize
{
    public static int Value => 256;
}

/// <summary>Four neighbouring numbers that lie at a multiple of 16 bytes: one load.</summary>
internal struct Four
{
    public float X, Y, Z, W;
}

/// <summary>Two neighbouring numbers that lie at a multiple of 8 bytes: one load.</summary>
internal struct Pair
{
    public float X, Y;
}

internal readonly struct FourWarps : ISize
{
    public static int Value => 4;
}

internal readonly struct EightWarps : ISize
{
    public static int Value => 8;
}

internal readonly struct Zero : ISize
{
    public static int Value => 0;
}
