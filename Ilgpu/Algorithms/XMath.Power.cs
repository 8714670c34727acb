namespace ILGPU.Algorithms;

public static partial class XMath
{
    /// <summary>A number to a power, with the special cases of IEEE 754.</summary>
    public static float Pow(float @base, float exp)
    {
        float magnitude = MathF.Abs(@base);
        Log2Extended(magnitude, out float high, out float low);
        float product = exp * high;
        float error = MathF.FusedMultiplyAdd(exp, high, -product) + (exp * low);
        // Beyond these bounds the result is 0 or infinite.
        bool isFar = MathF.Abs(product) > 200f;
        product = isFar ? MathF.CopySign(200f, product) : product;
        error = isFar ? 0 : error;
        float whole = MathF.Round(product);
        float result = ScaleByPowerOf2(Exp2Fraction(product - whole + error), (int)whole);

        float wholeExponent = MathF.Truncate(exp);
        bool isInteger = wholeExponent == exp;
        bool isOdd = isInteger && MathF.Abs(exp) < 16777216f && (MathF.Truncate(exp * 0.5f) * 2) != exp;
        if (magnitude == 0 || magnitude == float.PositiveInfinity)
        {
            result = (magnitude == 0) == (exp > 0) ? 0 : float.PositiveInfinity;
        }
        else if (MathF.Abs(exp) == float.PositiveInfinity)
        {
            result = magnitude == 1 ? 1 : (magnitude > 1) == (exp > 0) ? float.PositiveInfinity : 0;
        }
        else if (@base < 0 && !isInteger)
        {
            result = float.NaN;
        }
        // The sign of −0 counts, too.
        result = isOdd && MathF.CopySign(1, @base) < 0 ? -result : result;
        result = IsNaN(@base) || IsNaN(exp) ? float.NaN : result;
        return @base == 1 || exp == 0 ? 1 : result;
    }

    /// <summary>The logarithm to base 2 of a positive number as a sum of two, to about 33 bits.</summary>
    private static void Log2Extended(float value, out float high, out float low)
    {
        int exponent = Split(value, out float f);
        // s = f / (2 + f), to twice the precision.
        float d = 2 + f;
        float dLow = f - (d - 2);
        float s = f / d;
        float sLow = (MathF.FusedMultiplyAdd(-s, d, f) - (s * dLow)) / d;
        float u = s * s;
        float uLow = MathF.FusedMultiplyAdd(s, s, -u) + (2 * s * sLow);
        float v = s * u;
        float vLow = MathF.FusedMultiplyAdd(s, u, -v) + (s * uLow) + (sLow * u);
        // atanh s = s + s³ (1/3 + s² q(s²)).
        float q = 0.11528326f;
        q = MathF.FusedMultiplyAdd(q, u, 0.14281026f);
        q = MathF.FusedMultiplyAdd(q, u, 0.20000008f);
        q *= u;
        float p = 0.33333334f + q;
        float pLow = 0.33333334f - p + q + (-9.934108e-9f);
        float t = v * p;
        float tLow = MathF.FusedMultiplyAdd(v, p, -t) + (v * pLow) + (vLow * p);
        float sum = s + t;
        float sumLow = s - sum + t + (sLow + tLow);
        // log2(1 + f) = 2 / ln 2 · atanh s.
        float scaled = sum * 2.88539f;
        float scaledLow = MathF.FusedMultiplyAdd(sum, 2.88539f, -scaled) + (sum * 3.851926e-8f) + (sumLow * 2.88539f);
        float e = exponent;
        high = e + scaled;
        low = e - high + scaled + scaledLow;
    }

    /// <summary>A number to a power, with the special cases of IEEE 754.</summary>
    public static double Pow(double @base, double exp)
    {
        double magnitude = Math.Abs(@base);
        Log2Extended(magnitude, out double high, out double low);
        double product = exp * high;
        double error = Math.FusedMultiplyAdd(exp, high, -product) + (exp * low);
        // Beyond these bounds the result is 0 or infinite.
        bool isFar = Math.Abs(product) > 2000.0;
        product = isFar ? Math.CopySign(2000.0, product) : product;
        error = isFar ? 0 : error;
        double whole = Math.Round(product);
        double result = ScaleByPowerOf2(Exp2Fraction(product - whole + error), (int)whole);

        double wholeExponent = Math.Truncate(exp);
        bool isInteger = wholeExponent == exp;
        bool isOdd = isInteger && Math.Abs(exp) < 9007199254740992.0 && (Math.Truncate(exp * 0.5) * 2) != exp;
        if (magnitude == 0 || magnitude == double.PositiveInfinity)
        {
            result = (magnitude == 0) == (exp > 0) ? 0 : double.PositiveInfinity;
        }
        else if (Math.Abs(exp) == double.PositiveInfinity)
        {
            result = magnitude == 1 ? 1 : (magnitude > 1) == (exp > 0) ? double.PositiveInfinity : 0;
        }
        else if (@base < 0 && !isInteger)
        {
            result = double.NaN;
        }
        // The sign of −0 counts, too.
        result = isOdd && Math.CopySign(1, @base) < 0 ? -result : result;
        result = IsNaN(@base) || IsNaN(exp) ? double.NaN : result;
        return @base == 1 || exp == 0 ? 1 : result;
    }

    /// <summary>The logarithm to base 2 of a positive number as a sum of two, to about 65 bits.</summary>
    private static void Log2Extended(double value, out double high, out double low)
    {
        int exponent = Split(value, out double f);
        // s = f / (2 + f), to twice the precision.
        double d = 2 + f;
        double dLow = f - (d - 2);
        double s = f / d;
        double sLow = (Math.FusedMultiplyAdd(-s, d, f) - (s * dLow)) / d;
        double u = s * s;
        double uLow = Math.FusedMultiplyAdd(s, s, -u) + (2 * s * sLow);
        double v = s * u;
        double vLow = Math.FusedMultiplyAdd(s, u, -v) + (s * uLow) + (sLow * u);
        // atanh s = s + s³ (1/3 + s² q(s²)).
        double q = 0.06462831787555137;
        q = Math.FusedMultiplyAdd(q, u, 0.06642488984809952);
        q = Math.FusedMultiplyAdd(q, u, 0.07692802205884257);
        q = Math.FusedMultiplyAdd(q, u, 0.09090903919507896);
        q = Math.FusedMultiplyAdd(q, u, 0.11111111136808811);
        q = Math.FusedMultiplyAdd(q, u, 0.14285714285666468);
        q = Math.FusedMultiplyAdd(q, u, 0.20000000000000015);
        q *= u;
        double p = 0.3333333333333333 + q;
        double pLow = 0.3333333333333333 - p + q + (1.850371707708594e-17);
        double t = v * p;
        double tLow = Math.FusedMultiplyAdd(v, p, -t) + (v * pLow) + (vLow * p);
        double sum = s + t;
        double sumLow = s - sum + t + (sLow + tLow);
        // log2(1 + f) = 2 / ln 2 · atanh s.
        double scaled = sum * 2.8853900817779268;
        double scaledLow = Math.FusedMultiplyAdd(sum, 2.8853900817779268, -scaled) + (sum * 4.0710547481862066e-17) + (sumLow * 2.8853900817779268);
        double e = exponent;
        high = e + scaled;
        low = e - high + scaled + scaledLow;
    }
}
