using ILGPU.Algorithms;

namespace Managed.Ilgpu.Extensions;

/// <summary>
/// The hardware's fast functions of 32-bit numbers, where a kernel can do with less than <see cref="XMath"/> gives. On a GPU each is one or two
/// instructions; elsewhere, and with the published packages, it is the exact function: results differ from device to device within the bounds given.
/// </summary>
public static class ApproximateMath
{
    /// <summary>2 to a power, to 2 ulp.</summary>
    public static float Exp2(float value) => XMath.Exp2(value);

    /// <summary>The logarithm to base 2, to 2⁻²² absolutely near 1 and 1 ulp elsewhere.</summary>
    public static float Log2(float value) => XMath.Log2(value);

    /// <summary>One over the square root, to 2 ulp.</summary>
    public static float ReciprocalSqrt(float value) => XMath.Rsqrt(value);

    /// <summary>One over it, to 1 ulp.</summary>
    public static float Reciprocal(float value) => 1 / value;

    /// <summary>Hyperbolic tangent, to about 2⁻¹¹ absolutely.</summary>
    public static float Tanh(float value) => XMath.Tanh(value);
}
