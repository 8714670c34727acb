using System.Globalization;
using System.Numerics;

namespace Managed.Loader.Templates;

/// <summary>Floats as text: the shortest digits that read back the same, and exactly rounded decimals.</summary>
internal static class RealText
{
    // No double has more decimals or more significant digits than these; what follows is zeros.
    private const int MostDecimals = 1100;
    private const int MostSignificant = 800;

    /// <summary>Python's repr: 1.0, 1e+16, 1.5e-05, inf, nan.</summary>
    public static string Shortest(double value)
    {
        if (Special(value) is { } special)
            return special;
        var (negative, digits, exponent) = ShortestDigits(value);
        string text = exponent is < -4 or >= 16 ? Scientific(digits, exponent) : Plain(digits, exponent, keepPoint: true);
        return negative ? "-" + text : text;
    }

    public static string? Special(double value) =>
        double.IsNaN(value) ? "nan" : double.IsInfinity(value) ? (value > 0 ? "inf" : "-inf") : null;

    /// <summary>C's %.nf, rounded half to even on the exact value.</summary>
    public static string Fixed(double value, int decimals)
    {
        if (Special(value) is { } special)
            return special;
        if (decimals > MostDecimals)
            return Fixed(value, MostDecimals) + new string('0', decimals - MostDecimals);
        string digits = Scaled(Math.Abs(value), decimals).ToString(CultureInfo.InvariantCulture).PadLeft(decimals + 1, '0');
        string text = decimals == 0 ? digits : digits[..^decimals] + "." + digits[^decimals..];
        return double.IsNegative(value) ? "-" + text : text;
    }

    /// <summary>C's %.ne.</summary>
    public static string Exponential(double value, int decimals)
    {
        if (Special(value) is { } special)
            return special;
        var (digits, exponent) = Rounded(Math.Abs(value), decimals + 1);
        return (double.IsNegative(value) ? "-" : "") + Scientific(digits, exponent);
    }

    /// <summary>C's %.ng; with `alternate` the zeros at the end stay.</summary>
    public static string General(double value, int significant, bool alternate = false)
    {
        if (Special(value) is { } special)
            return special;
        significant = Math.Max(1, significant);
        var (digits, exponent) = Rounded(Math.Abs(value), significant);
        if (!alternate)
            digits = digits.TrimEnd('0');
        if (digits.Length == 0)
            digits = "0";
        string text = exponent < -4 || exponent >= significant ? Scientific(digits, exponent) : Plain(digits, exponent, keepPoint: false);
        return double.IsNegative(value) ? "-" + text : text;
    }

    /// <summary>Python's round(value, decimals).</summary>
    public static double Round(double value, int decimals)
    {
        if (!double.IsFinite(value) || decimals > 340)
            return value;
        if (decimals < -310)
            return 0 * value;
        BigInteger scaled = Scaled(Math.Abs(value), decimals);
        double magnitude = double.Parse($"{scaled}e{-decimals}", NumberStyles.Float, CultureInfo.InvariantCulture);
        return double.IsNegative(value) ? -magnitude : magnitude;
    }

    /// <summary>value × 10^decimals, rounded half to even.</summary>
    private static BigInteger Scaled(double value, int decimals)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        int exponent = (int)((bits >> 52) & 0x7ff);
        BigInteger numerator = exponent == 0 ? bits & ((1L << 52) - 1) : (bits & ((1L << 52) - 1)) | (1L << 52);
        int shift = Math.Max(exponent, 1) - 1075;
        BigInteger denominator = BigInteger.One;
        if (decimals >= 0)
            numerator *= BigInteger.Pow(10, decimals);
        else
            denominator = BigInteger.Pow(10, -decimals);
        if (shift >= 0)
            numerator <<= shift;
        else
            denominator <<= -shift;
        var quotient = BigInteger.DivRem(numerator, denominator, out var rest);
        int half = (rest * 2).CompareTo(denominator);
        return half > 0 || (half == 0 && !quotient.IsEven) ? quotient + 1 : quotient;
    }

    private static (string Digits, int Exponent) Rounded(double value, int significant)
    {
        if (value == 0)
            return (new string('0', significant), 0);
        if (significant > MostSignificant)
        {
            var (exact, place) = Rounded(value, MostSignificant);
            return (exact.PadRight(significant, '0'), place);
        }
        int exponent = (int)Math.Floor(Math.Log10(value));
        for (int guess = exponent - 1; ; guess++)
        {
            string digits = Scaled(value, significant - 1 - guess).ToString(CultureInfo.InvariantCulture);
            if (digits.Length <= significant)
                return (digits, guess);
            if (digits.Length == significant + 1 && digits.AsSpan(1).TrimStart('0').IsEmpty && guess > exponent)
                return (digits[..significant], guess + 1);
        }
    }

    private static (bool Negative, string Digits, int Exponent) ShortestDigits(double value)
    {
        string shortest = value.ToString("R", CultureInfo.InvariantCulture);
        bool negative = shortest.StartsWith('-');
        int mark = shortest.IndexOf('E', StringComparison.Ordinal);
        string mantissa = (mark < 0 ? shortest : shortest[..mark]).TrimStart('-');
        int point = mantissa.IndexOf('.', StringComparison.Ordinal);
        int whole = point < 0 ? mantissa.Length : point;
        string digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        string significant = digits.TrimStart('0');
        int exponent = whole - 1 - (digits.Length - significant.Length)
                     + (mark < 0 ? 0 : int.Parse(shortest[(mark + 1)..], CultureInfo.InvariantCulture));
        significant = significant.TrimEnd('0');
        return significant.Length == 0 ? (negative, "0", 0) : (negative, significant, exponent);
    }

    private static string Scientific(string digits, int exponent)
    {
        string mantissa = digits.Length == 1 ? digits : digits[..1] + "." + digits[1..];
        return $"{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture)}";
    }

    private static string Plain(string digits, int exponent, bool keepPoint)
    {
        if (exponent < 0)
            return "0." + new string('0', -exponent - 1) + digits;
        if (digits.Length <= exponent + 1)
            return digits.PadRight(exponent + 1, '0') + (keepPoint ? ".0" : "");
        return digits[..(exponent + 1)] + "." + digits[(exponent + 1)..];
    }
}
