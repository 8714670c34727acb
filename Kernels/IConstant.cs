namespace Managed.Kernels.Gpu;

/// <summary>A number that a kernel is compiled for.</summary>
internal interface IConstant
{
    static abstract int Value { get; }
}

internal readonly struct Zero : IConstant
{
    public static int Value => 0;
}

internal readonly struct One : IConstant
{
    public static int Value => 1;
}

internal readonly struct Two : IConstant
{
    public static int Value => 2;
}
