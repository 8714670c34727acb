using System.Globalization;
using System.Numerics;

namespace Managed.Constraints.Json;

/// <summary>A number of a schema exactly as written: sign and digits before and after the point, without needless zeros.</summary>
internal sealed record DecimalNumber(bool Negative, string Whole, string Fraction)
{
    private const int MaxDigits = 400;

    public bool IsZero => Whole.Length + Fraction.Length == 0;

    /// <summary>The digits as one whole number; the value times ten to the number of fraction digits.</summary>
    public BigInteger Scaled => BigInteger.Parse("0" + Whole + Fraction, CultureInfo.InvariantCulture);

    /// <summary>Reads a JSON number; null where it takes too many digits to write without an exponent.</summary>
    public static DecimalNumber? Parse(string text)
    {
        bool negative = text.StartsWith('-');
        string[] parts = text.TrimStart('-').Split('e', 'E');
        int exponent = 0;
        if (parts.Length > 1 && !int.TryParse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent)
            || Math.Abs((long)exponent) > MaxDigits || parts[0].Length > MaxDigits)
            return null;
        string[] digits = parts[0].Split('.');
        string fraction = digits.Length > 1 ? digits[1] : "";
        string all = digits[0] + fraction;
        int point = digits[0].Length + exponent;
        if (point < 0)
            (all, point) = (new string('0', -point) + all, 0);
        all = all.PadRight(point, '0');
        string whole = all[..point].TrimStart('0'), rest = all[point..].TrimEnd('0');
        return new(negative && whole.Length + rest.Length > 0, whole, rest);
    }
}
