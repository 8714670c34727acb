using System.Globalization;
using System.Numerics;

namespace Managed.Loader.Templates;

/// <summary>
/// Python's numbers: an integer is a long while it fits and a BigInteger beyond, a bool counts as 0 or 1, a float is a double.
/// </summary>
internal static class Number
{
    /// <summary>Python refuses to turn longer integers into text or back.</summary>
    private const int TextDigits = 4300;

    public static bool Is(object? value) => value is long or double or bool or BigInteger;

    public static bool IsInteger(object? value) => value is long or bool or BigInteger;

    public static object Normal(BigInteger value)
    {
        if (value.GetBitLength() > Budget.Limits.IntegerBits)
            throw new TemplateException(TemplateError.Runtime, $"OverflowError: an integer of more than {Budget.Limits.IntegerBits} bits");
        return value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;
    }

    public static bool TryInteger(object? value, out BigInteger integer)
    {
        integer = value switch { long l => l, bool b => b ? 1 : 0, BigInteger big => big, _ => default };
        return IsInteger(value);
    }

    public static double ToDouble(object? value) => value switch
    {
        double d => d,
        long l => l,
        bool b => b ? 1 : 0,
        BigInteger big when double.IsInfinity((double)big) => throw TemplateException.Runtime("OverflowError: int too large to convert to float"),
        BigInteger big => (double)big,
        _ => throw TemplateException.Type($"must be real number, not {Kind.Name(value)}"),
    };

    /// <summary>An integer argument that must fit a machine's word: an index, a width, a count.</summary>
    public static int ToIndex(object? value)
    {
        if (value is Undefined undefined)
            throw undefined.Error();
        if (!TryInteger(value, out var integer))
            throw TemplateException.Type($"'{Kind.Name(value)}' object cannot be interpreted as an integer");
        if (integer > int.MaxValue || integer < -int.MaxValue)
            throw TemplateException.Runtime("OverflowError: Python int too large to convert to C ssize_t");
        return (int)integer;
    }

    public static string Text(BigInteger value)
    {
        if (BigInteger.Abs(value).GetBitLength() > TextDigits * 3.3219281)
            throw TemplateException.Value($"Exceeds the limit ({TextDigits} digits) for integer string conversion");
        return value.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Orders two numbers exactly, an integer against a float too; null where one of them is NaN.</summary>
    public static int? Compare(object? left, object? right)
    {
        if (left is long a && right is long b)
            return a.CompareTo(b);
        if (left is double x && right is double y)
            return double.IsNaN(x) || double.IsNaN(y) ? null : x.CompareTo(y);
        if (left is double real)
            return CompareReal(real, right);
        if (right is double other)
            return -CompareReal(other, left);
        TryInteger(left, out var first);
        TryInteger(right, out var second);
        return first.CompareTo(second);
    }

    private static int? CompareReal(double real, object? integer)
    {
        if (double.IsNaN(real))
            return null;
        if (double.IsInfinity(real))
            return real > 0 ? 1 : -1;
        TryInteger(integer, out var whole);
        int order = new BigInteger(real).CompareTo(whole);
        double fraction = real - Math.Truncate(real);
        return order != 0 ? order : fraction.CompareTo(0.0);
    }

    /// <summary>The integer of a text as Python's int(text, base) reads it; null where it is none.</summary>
    public static object? ParseInteger(string text, int numberBase)
    {
        if (numberBase is not (0 or (>= 2 and <= 36)))
            return null;
        string digits = PythonText.Trim(text, null, true, true);
        bool negative = digits.StartsWith('-');
        if (negative || digits.StartsWith('+'))
            digits = digits[1..];
        int prefixBase = digits.Length < 2 || digits[0] != '0' ? 0 : char.ToLowerInvariant(digits[1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 0 };
        if (prefixBase != 0 && (numberBase == 0 || numberBase == prefixBase))
        {
            digits = digits[2..];
            numberBase = prefixBase;
            if (digits.StartsWith('_'))
                digits = digits[1..];
        }
        else if (numberBase == 0)
        {
            if (digits.Length > 1 && digits[0] == '0' && digits.Any(d => d is not ('0' or '_')))
                return null;
            numberBase = 10;
        }
        if (digits.Length == 0 || digits[0] == '_' || digits[^1] == '_' || digits.Contains("__", StringComparison.Ordinal))
            return null;
        if (digits.Length > TextDigits)
            return null;
        Budget.Spend(digits.Length / 8);
        BigInteger value = 0;
        long part = 0, scale = 1; // a few digits at a time, so that long numbers stay cheap
        foreach (char c in digits.Replace("_", "", StringComparison.Ordinal))
        {
            int digit = char.IsAsciiLetter(c) ? char.ToLowerInvariant(c) - 'a' + 10 : CharUnicodeInfo.GetDecimalDigitValue(c);
            if (digit < 0 || digit >= numberBase)
                return null;
            (part, scale) = (part * numberBase + digit, scale * numberBase);
            if (scale > 1L << 52)
                (value, part, scale) = (value * scale + part, 0, 1);
        }
        value = value * scale + part;
        return Normal(negative ? -value : value);
    }

    /// <summary>The float of a text as Python's float(text) reads it; null where it is none.</summary>
    public static double? ParseReal(string text)
    {
        string digits = PythonText.Trim(text, null, true, true).ToLowerInvariant();
        string bare = digits.TrimStart('+', '-');
        double sign = digits.StartsWith('-') ? -1 : 1;
        if (bare.Length + 1 < digits.Length)
            return null;
        if (bare is "inf" or "infinity" or "nan")
            return bare == "nan" ? double.NaN : sign * double.PositiveInfinity;
        for (int i = 0; i < bare.Length; i++)
            if (bare[i] == '_' && (i == 0 || i + 1 == bare.Length || !char.IsAsciiDigit(bare[i - 1]) || !char.IsAsciiDigit(bare[i + 1])))
                return null;
        const NumberStyles Style = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return double.TryParse(bare.Replace("_", "", StringComparison.Ordinal), Style, CultureInfo.InvariantCulture, out double value)
            ? sign * value
            : null;
    }
}
