using ILGPU;

namespace Managed.Kernels.Gpu;

/// <summary>Arithmetic that kernels share.</summary>
internal static class Arithmetic
{
    /// <summary>a·b + c, rounded once.</summary>
    public static float MultiplyAdd(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);

    /// <summary>An IEEE half in the low 16 bits, exactly; subnormal numbers without subnormal arithmetic.</summary>
    public static float Half(uint bits)
    {
        uint magnitude = bits & 0x7FFFu;
        float value = magnitude < 0x0400u
            ? (int)magnitude * (1f / 16777216f)
            : Interop.IntAsFloat((magnitude << 13) + (magnitude >= 0x7C00u ? 224u << 23 : 112u << 23));
        return (bits & 0x8000u) != 0 ? -value : value;
    }

    /// <summary>A bfloat16 in the low 16 bits.</summary>
    public static float Brain(uint bits) => Interop.IntAsFloat(bits << 16);

    public static float Sigmoid(float x) => 1f / (1f + MathF.Exp(-x));

    /// <summary>x + x³·P(x²) below 0.63, else 1 − 2 / (e^2|x| + 1); the polynomial of <see cref="Elementary.Tanh"/>.</summary>
    public static float Tanh(float x)
    {
        float a = MathF.Abs(x), z = x * x;
        float p = MultiplyAdd(0.002269501633043833f, z, -0.008323186993774458f);
        p = MultiplyAdd(p, z, 0.021762502877077237f);
        p = MultiplyAdd(p, z, -0.05395846162099901f);
        p = MultiplyAdd(p, z, 0.13333300146129104f);
        p = MultiplyAdd(p, z, -0.33333333149372757f);
        float near = MultiplyAdd(x * z, p, x);
        float far = 1f - (2f / (MathF.Exp(a + a) + 1f));
        return a < 0.63f ? near : x < 0 ? -far : far;
    }

    /// <summary>Φ(x) of the normal distribution; the polynomials of <see cref="Elementary.Normal"/>.</summary>
    public static float Normal(float x)
    {
        float y = MathF.Abs(x) * 0.70710678118654752f, z = x * x * 0.5f;
        float p = MultiplyAdd(-9.66704441309542e-06f, z, 0.00011265958944575926f);
        p = MultiplyAdd(p, z, -0.0008484080390741397f);
        p = MultiplyAdd(p, z, 0.005221031806600358f);
        p = MultiplyAdd(p, z, -0.026865430727151876f);
        p = MultiplyAdd(p, z, 0.11283782495227433f);
        p = MultiplyAdd(p, z, -0.37612638468028153f);
        p = MultiplyAdd(p, z, 1.1283791670615435f);
        float near = MultiplyAdd(x * 0.35355339059327376f, p, 0.5f);

        float t = 1f / MultiplyAdd(y, 0.5f, 1f);
        float q = MultiplyAdd(0.06135588364849799f, t, -0.32443123693892856f);
        q = MultiplyAdd(q, t, 0.6847650019305227f);
        q = MultiplyAdd(q, t, -0.685433643603015f);
        q = MultiplyAdd(q, t, 0.3058239867051817f);
        q = MultiplyAdd(q, t, -0.14425988289418595f);
        q = MultiplyAdd(q, t, 0.1207730842458734f);
        q = MultiplyAdd(q, t, 0.16965479829790547f);
        q = MultiplyAdd(q, t, 0.2476094433061883f);
        q = MultiplyAdd(q, t, 0.2820417366015164f);
        q = MultiplyAdd(q, t, 0.28209640144230147f);
        float tail = 0.5f * MathF.Exp(-z) * t * q;
        return y < 1f ? near : x < 0 ? tail : 1f - tail;
    }
}
