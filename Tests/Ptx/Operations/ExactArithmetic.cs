using System.Numerics;

namespace Managed.Tests.Ptx;

/// <summary>Arithmetic rounded once in any mode, by exact integers: the directed modes C# does not have.</summary>
internal static class ExactArithmetic
{
    public static double Add(double a, double b, FloatFormat format, Rounding rounding) => MultiplyAdd(a, 1, b, format, rounding);

    public static double Multiply(double a, double b, FloatFormat format, Rounding rounding)
    {
        double plain = a * b;
        if (!double.IsFinite(a) || !double.IsFinite(b) || a == 0 || b == 0)
            return plain;
        (BigInteger x, int e) = FloatFormat.Split(a);
        (BigInteger y, int f) = FloatFormat.Split(b);
        return Signed(format.Round(x * y, e + f, false, rounding), plain);
    }

    public static double MultiplyAdd(double a, double b, double c, FloatFormat format, Rounding rounding)
    {
        if (!double.IsFinite(a) || !double.IsFinite(b) || !double.IsFinite(c))
            return double.IsFinite(a) && double.IsFinite(b) ? c : (a * b) + c;
        (BigInteger x, int e) = FloatFormat.Split(a);
        (BigInteger y, int f) = FloatFormat.Split(b);
        (BigInteger z, int g) = FloatFormat.Split(c);
        BigInteger product = x * y;
        int exponent = Math.Min(e + f, g);
        BigInteger sum = (product << (e + f - exponent)) + (z << (g - exponent));
        if (!sum.IsZero)
            return Signed(format.Round(sum, exponent, false, rounding), sum.Sign);
        // an exact zero: both terms zero of one sign keep it; a cancellation is +0, rounding down -0
        bool productNegative = double.IsNegative(a) != double.IsNegative(b);
        if (product.IsZero && z.IsZero && productNegative == double.IsNegative(c))
            return c;
        return rounding == Rounding.Down ? -0.0 : 0.0;
    }

    public static double Divide(double a, double b, FloatFormat format, Rounding rounding)
    {
        double plain = a / b;
        if (!double.IsFinite(a) || !double.IsFinite(b) || a == 0 || b == 0)
            return plain;
        (BigInteger x, int e) = FloatFormat.Split(a);
        (BigInteger y, int f) = FloatFormat.Split(b);
        const int extra = 120;
        BigInteger quotient = BigInteger.DivRem(BigInteger.Abs(x) << extra, BigInteger.Abs(y), out BigInteger rest);
        return Signed(format.Round(plain < 0 || double.IsNegative(plain) ? -quotient : quotient, e - f - extra, !rest.IsZero, rounding), plain);
    }

    public static double SquareRoot(double a, FloatFormat format, Rounding rounding)
    {
        if (!double.IsFinite(a) || a <= 0)
            return Math.Sqrt(a);
        (BigInteger x, int e) = FloatFormat.Split(a);
        int extra = 160 + (e & 1);
        BigInteger scaled = x << extra;
        BigInteger root = IntegerRoot(scaled);
        return format.Round(root, (e - extra) / 2, root * root != scaled, rounding);
    }

    private static BigInteger IntegerRoot(BigInteger value)
    {
        BigInteger guess = BigInteger.One << (int)((value.GetBitLength() + 1) / 2);
        while (true)
        {
            BigInteger next = (guess + (value / guess)) >> 1;
            if (next >= guess)
                return guess;
            guess = next;
        }
    }

    private static double Signed(double value, double sign) => value == 0 ? Math.CopySign(0, sign) : value;

    /// <summary>The sum of a·b (exact in double) and c, rounded to odd: a later rounding to 24 or fewer bits is then right.</summary>
    public static double MultiplyAddToOdd(double a, double b, double c)
    {
        double product = a * b, sum = product + c;
        if (!double.IsFinite(sum))
            return sum;
        double part = sum - product, error = (product - (sum - part)) + (c - part);
        if (error == 0)
            return sum;
        long bits = BitConverter.DoubleToInt64Bits(sum);
        if ((bits & 1) != 0)
            return sum;
        return error > 0 == sum > 0 ? BitConverter.Int64BitsToDouble(bits + 1) : BitConverter.Int64BitsToDouble(bits - 1);
    }
}
