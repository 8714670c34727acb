using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Managed.Kernels.Linear;

namespace Managed.Kernels;

/// <summary>
/// Functions of eight numbers at a time, the same bits in every lane. The polynomials interpolate at Chebyshev nodes;
/// the relative errors given are those of the polynomials.
/// </summary>
internal static class Elementary
{
    private const float Lowest = -105, Highest = 89; // where e^x is 0 and ∞

    private const float MostOfLog2 = 0.693359375f, RestOfLog2 = -0.00021219444f; // n times the first is exact

    private const float ToInteger = 12582912; // 1.5·2²³: adding it leaves the nearest integer in the lowest bits

    /// <summary>
    /// e^x, to 1 unit in the last place; NaN of NaN. x = n·ln 2 + r, e^r = 1 + r + r²·P(r) (8e-10). Ten times as fast as the runtime's, which
    /// computes in float64.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Exp(Vector256<float> x)
    {
        x = Vector256.MinNative(Vector256.Create(Highest), Vector256.MaxNative(Vector256.Create(Lowest), x)); // the second one where it is NaN
        Vector256<float> n = Lanes.MultiplyAdd(x, Vector256.Create(1.442695f), Vector256.Create(ToInteger)) - Vector256.Create(ToInteger);
        Vector256<float> r = Lanes.MultiplyAdd(n, Vector256.Create(-RestOfLog2), Lanes.MultiplyAdd(n, Vector256.Create(-MostOfLog2), x));
        Vector256<float> p = Vector256.Create(0.0001989108f);
        p = Lanes.MultiplyAdd(p, r, Vector256.Create(0.0013933731f));
        p = Lanes.MultiplyAdd(p, r, Vector256.Create(0.0083333105f));
        p = Lanes.MultiplyAdd(p, r, Vector256.Create(0.041666463f));
        p = Lanes.MultiplyAdd(p, r, Vector256.Create(0.16666667f));
        p = Lanes.MultiplyAdd(p, r, Vector256.Create(0.5f));
        p = Lanes.MultiplyAdd(p, r * r, r) + Vector256<float>.One;
        // By 2ⁿ in two steps, since 2ⁿ itself may be too small or too large for a number.
        Vector256<int> whole = Vector256.ConvertToInt32Native(n), half = whole >> 1, bias = Vector256.Create(127);
        return p * ((half + bias) << 23).AsSingle() * ((whole - half + bias) << 23).AsSingle();
    }

    /// <summary>The same, with the same bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        if (!Avx512F.IsSupported)
            return Vector512.Create(Exp(x.GetLower()), Exp(x.GetUpper()));
        x = Vector512.MinNative(Vector512.Create(Highest), Vector512.MaxNative(Vector512.Create(Lowest), x));
        Vector512<float> n = Avx512F.FusedMultiplyAdd(x, Vector512.Create(1.442695f), Vector512.Create(ToInteger)) - Vector512.Create(ToInteger);
        Vector512<float> r = Avx512F.FusedMultiplyAdd(n, Vector512.Create(-RestOfLog2), Avx512F.FusedMultiplyAdd(n, Vector512.Create(-MostOfLog2), x));
        Vector512<float> p = Vector512.Create(0.0001989108f);
        p = Avx512F.FusedMultiplyAdd(p, r, Vector512.Create(0.0013933731f));
        p = Avx512F.FusedMultiplyAdd(p, r, Vector512.Create(0.0083333105f));
        p = Avx512F.FusedMultiplyAdd(p, r, Vector512.Create(0.041666463f));
        p = Avx512F.FusedMultiplyAdd(p, r, Vector512.Create(0.16666667f));
        p = Avx512F.FusedMultiplyAdd(p, r, Vector512.Create(0.5f));
        return Avx512F.Scale(Avx512F.FusedMultiplyAdd(p, r * r, r) + Vector512<float>.One, n);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Sigmoid(Vector256<float> x) => Vector256<float>.One / (Vector256<float>.One + Exp(-x));

    /// <summary>
    /// e^x in float64 for x up to 0; 0 below −708; NaN of NaN. x = n·ln 2 + r, e^r by its Taylor polynomial of degree 13 (|r| ≤ ½·ln 2: 4e-18).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> ExpOfNegative(Vector512<double> x)
    {
        Vector512<double> round = Vector512.Create(6755399441055744.0); // 1.5·2⁵²: adding it leaves the nearest integer in the lowest bits
        Vector512<double> shifted = Vector512.FusedMultiplyAdd(x, Vector512.Create(1.4426950408889634), round), n = shifted - round;
        Vector512<double> r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-0.6931471803691238), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-1.9082149292705877e-10), r);
        Vector512<double> p = Vector512.Create(1 / 6227020800.0);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1 / 479001600.0));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1 / 39916800.0));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1 / 3628800.0));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1 / 362880.0));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1 / 40320.0));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1 / 5040.0));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1 / 720.0));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1 / 120.0));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1 / 24.0));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1 / 6.0));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(0.5));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512<double>.One);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512<double>.One);
        Vector512<double> scaled = (p.AsInt64() + (shifted.AsInt64() << 52)).AsDouble();
        return Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512.Create(-708.0)), Vector512<double>.Zero, scaled);
    }

    /// <summary>x + x³·P(x²) below 0.63 (6e-10), else 1 − 2 / (e^2|x| + 1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Tanh(Vector256<float> x)
    {
        Vector256<float> a = Vector256.Abs(x), z = x * x;
        Vector256<float> p = Vector256.Create(0.002269501633043833f);
        p = Lanes.MultiplyAdd(p, z, Vector256.Create(-0.008323186993774458f));
        p = Lanes.MultiplyAdd(p, z, Vector256.Create(0.021762502877077237f));
        p = Lanes.MultiplyAdd(p, z, Vector256.Create(-0.05395846162099901f));
        p = Lanes.MultiplyAdd(p, z, Vector256.Create(0.13333300146129104f));
        p = Lanes.MultiplyAdd(p, z, Vector256.Create(-0.33333333149372757f));
        Vector256<float> near = Lanes.MultiplyAdd(x * z, p, x);
        Vector256<float> far = Vector256<float>.One - (Vector256.Create(2f) / (Exp(a + a) + Vector256<float>.One));
        return Vector256.ConditionalSelect(Vector256.LessThan(a, Vector256.Create(0.63f)), near, Vector256.CopySign(far, x));
    }

    /// <summary>
    /// Φ(x) of the normal distribution. With y = |x|/√2: ½ + ½·erf(y) by x·P(y²) where y &lt; 1 (4e-11); beyond, the smaller
    /// tail is ½·e^−y²·t·Q(t), t = 1 / (1 + y/2) (4e-11), so that both tails keep their leading digits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Normal(Vector256<float> x)
    {
        Vector256<float> half = Vector256.Create(0.5f), one = Vector256<float>.One;
        Vector256<float> y = Vector256.Abs(x) * 0.70710678118654752f, z = x * x * 0.5f;
        Vector256<float> p = Vector256.Create(-9.66704441309542e-06f);
        p = Lanes.MultiplyAdd(p, z, Vector256.Create(0.00011265958944575926f));
        p = Lanes.MultiplyAdd(p, z, Vector256.Create(-0.0008484080390741397f));
        p = Lanes.MultiplyAdd(p, z, Vector256.Create(0.005221031806600358f));
        p = Lanes.MultiplyAdd(p, z, Vector256.Create(-0.026865430727151876f));
        p = Lanes.MultiplyAdd(p, z, Vector256.Create(0.11283782495227433f));
        p = Lanes.MultiplyAdd(p, z, Vector256.Create(-0.37612638468028153f));
        p = Lanes.MultiplyAdd(p, z, Vector256.Create(1.1283791670615435f));
        Vector256<float> near = Lanes.MultiplyAdd(x * 0.35355339059327376f, p, half); // ½·x/√2

        Vector256<float> t = one / Lanes.MultiplyAdd(y, half, one);
        Vector256<float> q = Vector256.Create(0.06135588364849799f);
        q = Lanes.MultiplyAdd(q, t, Vector256.Create(-0.32443123693892856f));
        q = Lanes.MultiplyAdd(q, t, Vector256.Create(0.6847650019305227f));
        q = Lanes.MultiplyAdd(q, t, Vector256.Create(-0.685433643603015f));
        q = Lanes.MultiplyAdd(q, t, Vector256.Create(0.3058239867051817f));
        q = Lanes.MultiplyAdd(q, t, Vector256.Create(-0.14425988289418595f));
        q = Lanes.MultiplyAdd(q, t, Vector256.Create(0.1207730842458734f));
        q = Lanes.MultiplyAdd(q, t, Vector256.Create(0.16965479829790547f));
        q = Lanes.MultiplyAdd(q, t, Vector256.Create(0.2476094433061883f));
        q = Lanes.MultiplyAdd(q, t, Vector256.Create(0.2820417366015164f));
        q = Lanes.MultiplyAdd(q, t, Vector256.Create(0.28209640144230147f));
        Vector256<float> tail = half * Exp(-z) * t * q;
        Vector256<float> far = Vector256.ConditionalSelect(Vector256.LessThan(x, Vector256<float>.Zero), tail, one - tail);
        return Vector256.ConditionalSelect(Vector256.LessThan(y, one), near, far);
    }
}
