namespace ILGPU.Algorithms;

public static partial class XMath
{
    /// <summary>The natural logarithm: NaN for what is negative, −∞ for 0.</summary>
    public static float Log(float value)
    {
        int exponent = Split(value, out float f);
        // log(1 + f) = f − half + low, where half = f²/2; the parts are added in the order of their size.
        float low = Log1P(f, out float half);
        float e = exponent;
        float result = MathF.FusedMultiplyAdd(e, 0.69314575f, f - (half - (low + (e * 1.4286068e-6f))));
        return OfLogarithm(value, result);
    }

    /// <summary>The logarithm to base 2: NaN for what is negative, −∞ for 0.</summary>
    public static float Log2(float value)
    {
        int exponent = Split(value, out float f);
        // log(1 + f) = f − half + low, where half = f²/2; the parts are added in the order of their size.
        float low = Log1P(f, out float half);
        float e = exponent;
        float high = f - half;
        float rest = f - high - half + low;
        float product = high * 1.442695f;
        float error = MathF.FusedMultiplyAdd(high, 1.442695f, -product);
        error = MathF.FusedMultiplyAdd(high, 1.925963e-8f, MathF.FusedMultiplyAdd(rest, 1.442695f, error));
        float result = e + product;
        result += (e - result) + product + error;
        return OfLogarithm(value, result);
    }

    /// <summary>The logarithm to base 10: NaN for what is negative, −∞ for 0.</summary>
    public static float Log10(float value)
    {
        int exponent = Split(value, out float f);
        // log(1 + f) = f − half + low, where half = f²/2; the parts are added in the order of their size.
        float low = Log1P(f, out float half);
        float e = exponent;
        float high = f - half;
        float rest = f - high - half + low;
        float product = high * 0.4342945f;
        float error = MathF.FusedMultiplyAdd(high, 0.4342945f, -product);
        error = MathF.FusedMultiplyAdd(high, -1.010305e-8f, MathF.FusedMultiplyAdd(rest, 0.4342945f, error));
        float result = MathF.FusedMultiplyAdd(e, 0.3010254f, product);
        result += MathF.FusedMultiplyAdd(e, 0.3010254f, -result) + product + MathF.FusedMultiplyAdd(e, 4.605039e-6f, error);
        return OfLogarithm(value, result);
    }

    /// <summary>The logarithm to any base.</summary>
    public static float Log(float value, float newBase) => newBase == 1 || (newBase == 0 && value != 1) ? float.NaN : Log(value) / Log(newBase);

    /// <summary>The exponent of a positive number, and how much its mantissa in [√½, √2) differs from 1.</summary>
    private static int Split(float value, out float fraction)
    {
        int bits = BitConverter.SingleToInt32Bits(value);
        int exponent = 0;
        if (bits < 0x00800000)
        {
            // Denormal: 2²³ times as much. (What is not positive the callers set apart.)
            bits = BitConverter.SingleToInt32Bits(value * 8388608f);
            exponent = -23;
        }
        // The mantissa in [√½, √2).
        int shifted = bits - 0x3f3504f3;
        exponent += shifted >> 23;
        fraction = BitConverter.Int32BitsToSingle((shifted & 0x007fffff) + 0x3f3504f3) - 1;
        return exponent;
    }

    /// <summary>What log(1 + f) has beyond f − f²/2.</summary>
    private static float Log1P(float f, out float half)
    {
        half = 0.5f * f * f;
        float s = f / (2 + f);
        float z = s * s;
        float p = 0.23341943f;
        p = MathF.FusedMultiplyAdd(p, z, 0.28550398f);
        p = MathF.FusedMultiplyAdd(p, z, 0.40000126f);
        p = MathF.FusedMultiplyAdd(p, z, 0.6666667f);
        return s * MathF.FusedMultiplyAdd(p, z, half);
    }

    /// <summary>The logarithm of a number that has none, or else the result.</summary>
    private static float OfLogarithm(float value, float result)
    {
        result = value == float.PositiveInfinity ? value : result;
        result = value == 0 ? -float.PositiveInfinity : result;
        return value >= 0 ? result : float.NaN;
    }

    /// <summary>The natural logarithm: NaN for what is negative, −∞ for 0.</summary>
    public static double Log(double value)
    {
        int exponent = Split(value, out double f);
        // log(1 + f) = f − half + low, where half = f²/2; the parts are added in the order of their size.
        double low = Log1P(f, out double half);
        double e = exponent;
        double result = Math.FusedMultiplyAdd(e, 0.6931471805598903, f - (half - (low + (e * 5.497923018708371e-14))));
        return OfLogarithm(value, result);
    }

    /// <summary>The logarithm to base 2: NaN for what is negative, −∞ for 0.</summary>
    public static double Log2(double value)
    {
        int exponent = Split(value, out double f);
        // log(1 + f) = f − half + low, where half = f²/2; the parts are added in the order of their size.
        double low = Log1P(f, out double half);
        double e = exponent;
        double high = f - half;
        double rest = f - high - half + low;
        double product = high * 1.4426950408889634;
        double error = Math.FusedMultiplyAdd(high, 1.4426950408889634, -product);
        error = Math.FusedMultiplyAdd(high, 2.0355273740931033e-17, Math.FusedMultiplyAdd(rest, 1.4426950408889634, error));
        double result = e + product;
        result += (e - result) + product + error;
        return OfLogarithm(value, result);
    }

    /// <summary>The logarithm to base 10: NaN for what is negative, −∞ for 0.</summary>
    public static double Log10(double value)
    {
        int exponent = Split(value, out double f);
        // log(1 + f) = f − half + low, where half = f²/2; the parts are added in the order of their size.
        double low = Log1P(f, out double half);
        double e = exponent;
        double high = f - half;
        double rest = f - high - half + low;
        double product = high * 0.4342944819032518;
        double error = Math.FusedMultiplyAdd(high, 0.4342944819032518, -product);
        error = Math.FusedMultiplyAdd(high, 1.098319650216765e-17, Math.FusedMultiplyAdd(rest, 0.4342944819032518, error));
        double result = Math.FusedMultiplyAdd(e, 0.30102999566395283, product);
        result += Math.FusedMultiplyAdd(e, 0.30102999566395283, -result) + product + Math.FusedMultiplyAdd(e, 2.8363394551044964e-14, error);
        return OfLogarithm(value, result);
    }

    /// <summary>The logarithm to any base.</summary>
    public static double Log(double value, double newBase) => newBase == 1 || (newBase == 0 && value != 1) ? double.NaN : Log(value) / Log(newBase);

    /// <summary>The exponent of a positive number, and how much its mantissa in [√½, √2) differs from 1.</summary>
    private static int Split(double value, out double fraction)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        int exponent = 0;
        if (bits < 0x0010000000000000)
        {
            // Denormal: 2⁵⁴ times as much. (What is not positive the callers set apart.)
            bits = BitConverter.DoubleToInt64Bits(value * 18014398509481984.0);
            exponent = -54;
        }
        // The mantissa in [√½, √2).
        long shifted = bits - 0x3fe6a09e667f3bcd;
        exponent += (int)(shifted >> 52);
        fraction = BitConverter.Int64BitsToDouble((shifted & 0x000fffffffffffff) + 0x3fe6a09e667f3bcd) - 1;
        return exponent;
    }

    /// <summary>What log(1 + f) has beyond f − f²/2.</summary>
    private static double Log1P(double f, out double half)
    {
        half = 0.5 * f * f;
        double s = f / (2 + f);
        double z = s * s;
        double p = 0.1310072138350349;
        p = Math.FusedMultiplyAdd(p, z, 0.13267418596474884);
        p = Math.FusedMultiplyAdd(p, z, 0.15386290534658992);
        p = Math.FusedMultiplyAdd(p, z, 0.181817947008978);
        p = Math.FusedMultiplyAdd(p, z, 0.2222222240054776);
        p = Math.FusedMultiplyAdd(p, z, 0.2857142857076445);
        p = Math.FusedMultiplyAdd(p, z, 0.4000000000000094);
        p = Math.FusedMultiplyAdd(p, z, 0.6666666666666666);
        return s * Math.FusedMultiplyAdd(p, z, half);
    }

    /// <summary>The logarithm of a number that has none, or else the result.</summary>
    private static double OfLogarithm(double value, double result)
    {
        result = value == double.PositiveInfinity ? value : result;
        result = value == 0 ? -double.PositiveInfinity : result;
        return value >= 0 ? result : double.NaN;
    }
}
