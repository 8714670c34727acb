using System.Numerics;

namespace Managed.Kernels.Gpu;

/// <summary>
/// A divisor that the host knows and the compiler doesn't: n / d is a multiplication and a shift, where GPUs would take thirty instructions.
/// </summary>
/// <param name="value">d, at least 1.</param>
/// <remarks>
/// Source: Granlund and Montgomery, "Division by Invariant Integers using Multiplication" (PLDI 1994), theorem 4.2: with ℓ = ⌈log₂ d⌉ and
/// m = ⌊2^(31+ℓ)/d⌋ + 1, n / d = ⌊n·m / 2^(31+ℓ)⌋ for 0 ≤ n &lt; 2³¹.
/// </remarks>
internal readonly struct Divisor(int value)
{
    public readonly int Value = value;

    private readonly int shift = 31 + Bits(value);
    private readonly uint factor = (uint)((1UL << (31 + Bits(value))) / (uint)value) + 1;

    /// <summary>n / d.</summary>
    /// <param name="n">Not negative.</param>
    public int Divide(int n) => (int)(((ulong)(uint)n * factor) >> shift);

    private static int Bits(int value) => value == 1 ? 0 : BitOperations.Log2((uint)value - 1) + 1;
}
