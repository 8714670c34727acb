namespace Managed.Kernels.Linear;

/// <summary>
/// How many lines of memory a kernel asks for with each part of its weights: a constant for the compiler, as a number that is looked at in the loop
/// makes the multiplications beside it a twelfth slower.
/// </summary>
internal interface IAskedLines
{
    /// <summary>The lines; less than 0: all that a part is.</summary>
    static abstract int Count { get; }
}

internal static class AskedLines
{
    /// <summary>As many as a part is.</summary>
    public const int All = -1;

    /// <summary>Most of those that are counted.</summary>
    public const int Most = 5;
}

internal readonly struct AllLines : IAskedLines
{
    public static int Count => AskedLines.All;
}

internal readonly struct NoLines : IAskedLines
{
    public static int Count => 0;
}

internal readonly struct OneLine : IAskedLines
{
    public static int Count => 1;
}

internal readonly struct TwoLines : IAskedLines
{
    public static int Count => 2;
}

internal readonly struct ThreeLines : IAskedLines
{
    public static int Count => 3;
}

internal readonly struct FourLines : IAskedLines
{
    public static int Count => 4;
}

internal readonly struct FiveLines : IAskedLines
{
    public static int Count => 5;
}
