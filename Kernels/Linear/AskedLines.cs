namespace Managed.Kernels.Linear;

/// <summary>
/// How many lines of memory a kernel asks for with each part of its weights: a constant for the compiler, as a number that is looked at in the loop
/// makes the multiplications beside it a twelfth slower.
/// </summary>
internal static class AskedLines
{
    /// <summary>As many as a part is.</summary>
    public const int All = -1;

    /// <summary>Most of those that are counted.</summary>
    public const int Most = 5;
}

internal readonly struct AllLines : IConstant
{
    public static int Value => AskedLines.All;
}
