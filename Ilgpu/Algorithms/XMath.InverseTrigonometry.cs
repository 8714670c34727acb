namespace ILGPU.Algorithms;

public static partial class XMath
{
    /// <summary>The angle in [−π/2, π/2] with this tangent.</summary>
    public static float Atan(float value)
    {
        return MathF.CopySign(AtanOfQuotient(MathF.Abs(value), 1), value);
    }

    /// <summary>The angle in [−π, π] of the point (x, y).</summary>
    public static float Atan2(float y, float x)
    {
        float ax = MathF.Abs(x);
        float ay = MathF.Abs(y);
        bool isSteep = ay > ax;
        float larger = isSteep ? ay : ax;
        float smaller = isSteep ? ax : ay;
        // Away from overflow and denormals; the quotients 0 / 0 and ∞ / ∞ are those of a point beside, a point between the axes.
        float scale = larger > 1e28f ? 5.421011e-20f : larger < 1e-18f ? 18446744073709551616f : 1;
        bool isInfinite = larger == float.PositiveInfinity;
        float n = isInfinite ? (smaller == larger ? 1 : 0) : smaller * scale;
        float d = isInfinite || larger == 0 ? 1 : larger * scale;
        float angle = AtanOfQuotient(n, d);
        angle = isSteep ? 1.5707964f - (angle - (-4.371139e-8f)) : angle;
        angle = MathF.CopySign(1, x) < 0 ? 3.1415927f - (angle - (-8.742278e-8f)) : angle;
        return IsNaN(x) || IsNaN(y) ? float.NaN : MathF.CopySign(angle, y);
    }

    /// <summary>The angle in [0, π/2] whose tangent is the quotient of two numbers that are not negative.</summary>
    private static float AtanOfQuotient(float n, float d)
    {
        // Above tan 3π/8 the angle is π/2 − atan(d/n), above tan π/8 it is π/4 + atan((n − d)/(n + d)).
        bool isLarge = n > 2.4142137f * d;
        bool isMiddle = !isLarge && n > 0.41421357f * d;
        float numerator = isLarge ? -d : isMiddle ? n - d : n;
        float denominator = isLarge ? n : isMiddle ? n + d : d;
        float t = numerator / denominator;
        // What the rounded difference, sum and quotient lost.
        float numeratorLow = isMiddle ? TwoSumError(n, -d, numerator) : 0;
        float denominatorLow = isMiddle ? TwoSumError(n, d, denominator) : 0;
        float tLow = (MathF.FusedMultiplyAdd(-t, denominator, numerator) + numeratorLow - (t * denominatorLow)) / denominator;
        tLow = denominator < 1e30f ? tLow : 0;
        float z = t * t;
        float p = -0.06431039f;
        p = MathF.FusedMultiplyAdd(p, z, 0.10737397f);
        p = MathF.FusedMultiplyAdd(p, z, -0.14263366f);
        p = MathF.FusedMultiplyAdd(p, z, 0.19999523f);
        p = MathF.FusedMultiplyAdd(p, z, -0.3333333f);
        float low = isLarge ? -4.371139e-8f : isMiddle ? -2.1855694e-8f : 0;
        float high = isLarge ? 1.5707964f : isMiddle ? 0.7853982f : 0;
        return high + (t + MathF.FusedMultiplyAdd(p * z, t, low + tLow));
    }

    /// <summary>The angle in [−π/2, π/2] with this sine; NaN outside [−1, 1].</summary>
    public static float Asin(float value)
    {
        float x = MathF.Abs(value);
        bool isLarge = x > 0.5f;
        // asin x = π/2 − 2 asin √((1 − x)/2) above 1/2.
        float z = isLarge ? (1 - x) * 0.5f : x * x;
        float t = isLarge ? MathF.Sqrt(z) : x;
        float tLow = isLarge && t > 0 ? MathF.FusedMultiplyAdd(-t, t, z) / (2 * t) : 0;
        float small = MathF.FusedMultiplyAdd(AsinKernel(z) * z, t, tLow);
        float result = isLarge ? 1.5707964f - (2 * (t + (small - -2.1855694e-8f))) : t + small;
        return MathF.CopySign(result, value);
    }

    /// <summary>The angle in [0, π] with this cosine; NaN outside [−1, 1].</summary>
    public static float Acos(float value)
    {
        float x = MathF.Abs(value);
        bool isLarge = x > 0.5f;
        float z = isLarge ? (1 - x) * 0.5f : x * x;
        float t = isLarge ? MathF.Sqrt(z) : x;
        float tLow = isLarge && t > 0 ? MathF.FusedMultiplyAdd(-t, t, z) / (2 * t) : 0;
        float small = MathF.FusedMultiplyAdd(AsinKernel(z) * z, t, tLow);
        float angle = 2 * (t + small);
        float large = value < 0 ? 3.1415927f - (2 * (t + (small - -4.371139e-8f))) : angle;
        float signed = value < 0 ? -t : t;
        float signedSmall = value < 0 ? -small : small;
        float middle = 1.5707964f - (signed + (signedSmall - (-4.371139e-8f)));
        return isLarge ? large : middle;
    }

    /// <summary>(asin t − t) / t³ as a function of t².</summary>
    private static float AsinKernel(float z)
    {
        float p = 0.033700727f;
        p = MathF.FusedMultiplyAdd(p, z, 0.017143717f);
        p = MathF.FusedMultiplyAdd(p, z, 0.031101728f);
        p = MathF.FusedMultiplyAdd(p, z, 0.04459932f);
        p = MathF.FusedMultiplyAdd(p, z, 0.07500095f);
        p = MathF.FusedMultiplyAdd(p, z, 0.16666666f);
        return p;
    }

    /// <summary>The angle in [−π/2, π/2] with this tangent.</summary>
    public static double Atan(double value)
    {
        return Math.CopySign(AtanOfQuotient(Math.Abs(value), 1), value);
    }

    /// <summary>The angle in [−π, π] of the point (x, y).</summary>
    public static double Atan2(double y, double x)
    {
        double ax = Math.Abs(x);
        double ay = Math.Abs(y);
        bool isSteep = ay > ax;
        double larger = isSteep ? ay : ax;
        double smaller = isSteep ? ax : ay;
        // Away from overflow and denormals; the quotients 0 / 0 and ∞ / ∞ are those of a point beside, a point between the axes.
        double scale = larger > 1e290 ? 5.421010862427522e-20 : larger < 1e-290 ? 18446744073709551616.0 : 1;
        bool isInfinite = larger == double.PositiveInfinity;
        double n = isInfinite ? (smaller == larger ? 1 : 0) : smaller * scale;
        double d = isInfinite || larger == 0 ? 1 : larger * scale;
        double angle = AtanOfQuotient(n, d);
        angle = isSteep ? 1.5707963267948966 - (angle - (6.123233995736766e-17)) : angle;
        angle = Math.CopySign(1, x) < 0 ? 3.141592653589793 - (angle - (1.2246467991473532e-16)) : angle;
        return IsNaN(x) || IsNaN(y) ? double.NaN : Math.CopySign(angle, y);
    }

    /// <summary>The angle in [0, π/2] whose tangent is the quotient of two numbers that are not negative.</summary>
    private static double AtanOfQuotient(double n, double d)
    {
        // Above tan 3π/8 the angle is π/2 − atan(d/n), above tan π/8 it is π/4 + atan((n − d)/(n + d)).
        bool isLarge = n > 2.414213562373095 * d;
        bool isMiddle = !isLarge && n > 0.41421356237309503 * d;
        double numerator = isLarge ? -d : isMiddle ? n - d : n;
        double denominator = isLarge ? n : isMiddle ? n + d : d;
        double t = numerator / denominator;
        // What the rounded difference, sum and quotient lost.
        double numeratorLow = isMiddle ? TwoSumError(n, -d, numerator) : 0;
        double denominatorLow = isMiddle ? TwoSumError(n, d, denominator) : 0;
        double tLow = (Math.FusedMultiplyAdd(-t, denominator, numerator) + numeratorLow - (t * denominatorLow)) / denominator;
        tLow = denominator < 1e300 ? tLow : 0;
        double z = t * t;
        double p = -0.019029290809743138;
        p = Math.FusedMultiplyAdd(p, z, 0.03911053674347613);
        p = Math.FusedMultiplyAdd(p, z, -0.05081236164642543);
        p = Math.FusedMultiplyAdd(p, z, 0.058573396761385246);
        p = Math.FusedMultiplyAdd(p, z, -0.06664417824186955);
        p = Math.FusedMultiplyAdd(p, z, 0.07692176510795928);
        p = Math.FusedMultiplyAdd(p, z, -0.09090904289128517);
        p = Math.FusedMultiplyAdd(p, z, 0.11111111008107874);
        p = Math.FusedMultiplyAdd(p, z, -0.14285714284577217);
        p = Math.FusedMultiplyAdd(p, z, 0.1999999999999509);
        p = Math.FusedMultiplyAdd(p, z, -0.3333333333333333);
        double low = isLarge ? 6.123233995736766e-17 : isMiddle ? 3.061616997868383e-17 : 0;
        double high = isLarge ? 1.5707963267948966 : isMiddle ? 0.7853981633974483 : 0;
        return high + (t + Math.FusedMultiplyAdd(p * z, t, low + tLow));
    }

    /// <summary>The angle in [−π/2, π/2] with this sine; NaN outside [−1, 1].</summary>
    public static double Asin(double value)
    {
        double x = Math.Abs(value);
        bool isLarge = x > 0.5;
        // asin x = π/2 − 2 asin √((1 − x)/2) above 1/2.
        double z = isLarge ? (1 - x) * 0.5 : x * x;
        double t = isLarge ? Math.Sqrt(z) : x;
        double tLow = isLarge && t > 0 ? Math.FusedMultiplyAdd(-t, t, z) / (2 * t) : 0;
        double small = Math.FusedMultiplyAdd(AsinKernel(z) * z, t, tLow);
        double result = isLarge ? 1.5707963267948966 - (2 * (t + (small - 3.061616997868383e-17))) : t + small;
        return Math.CopySign(result, value);
    }

    /// <summary>The angle in [0, π] with this cosine; NaN outside [−1, 1].</summary>
    public static double Acos(double value)
    {
        double x = Math.Abs(value);
        bool isLarge = x > 0.5;
        double z = isLarge ? (1 - x) * 0.5 : x * x;
        double t = isLarge ? Math.Sqrt(z) : x;
        double tLow = isLarge && t > 0 ? Math.FusedMultiplyAdd(-t, t, z) / (2 * t) : 0;
        double small = Math.FusedMultiplyAdd(AsinKernel(z) * z, t, tLow);
        double angle = 2 * (t + small);
        double large = value < 0 ? 3.141592653589793 - (2 * (t + (small - 6.123233995736766e-17))) : angle;
        double signed = value < 0 ? -t : t;
        double signedSmall = value < 0 ? -small : small;
        double middle = 1.5707963267948966 - (signed + (signedSmall - (6.123233995736766e-17)));
        return isLarge ? large : middle;
    }

    /// <summary>(asin t − t) / t³ as a function of t².</summary>
    private static double AsinKernel(double z)
    {
        double p = 0.02877844261259304;
        p = Math.FusedMultiplyAdd(p, z, -0.014881409392818066);
        p = Math.FusedMultiplyAdd(p, z, 0.017419357964884856);
        p = Math.FusedMultiplyAdd(p, z, 0.00545087818772055);
        p = Math.FusedMultiplyAdd(p, z, 0.010324318288744113);
        p = Math.FusedMultiplyAdd(p, z, 0.011478952690257387);
        p = Math.FusedMultiplyAdd(p, z, 0.013971235301124539);
        p = Math.FusedMultiplyAdd(p, z, 0.017352391265909227);
        p = Math.FusedMultiplyAdd(p, z, 0.022372173002005596);
        p = Math.FusedMultiplyAdd(p, z, 0.030381944137085216);
        p = Math.FusedMultiplyAdd(p, z, 0.04464285714637338);
        p = Math.FusedMultiplyAdd(p, z, 0.07499999999998425);
        p = Math.FusedMultiplyAdd(p, z, 0.16666666666666669);
        return p;
    }
}
