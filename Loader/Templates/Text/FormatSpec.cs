using System.Globalization;
using System.Numerics;
using System.Text;

namespace Managed.Loader.Templates;

/// <summary>Python's format specification: [[fill]align][sign][#][0][width][,][.precision][type].</summary>
internal sealed class FormatSpec
{
    private string fill = " ";
    private char align;
    private char sign = '-';
    private char grouping;
    private bool alternate;
    private int width;
    private int? precision;
    private char type;

    public static string Apply(object? value, string specification)
    {
        if (specification.Length == 0)
            return Display.Text(value);
        if (value is not (string or Markup) && !Number.Is(value))
            throw TemplateException.Type($"unsupported format string passed to {Kind.Name(value)}.__format__");
        var spec = Parse(specification);
        Budget.SpendText(spec.width + (spec.precision ?? 0));
        return Kind.Text(value) is { } text ? spec.Text(text)
            : value is double || "eEfFgG%".Contains(spec.type) && spec.type != '\0' ? spec.Real(Number.ToDouble(value))
            : spec.Integer(value);
    }

    private static FormatSpec Parse(string text)
    {
        var spec = new FormatSpec();
        int at = 0;
        int first = PythonText.Width(text, 0);
        if (first < text.Length && text[first] is '<' or '>' or '=' or '^')
        {
            (spec.fill, spec.align) = (text[..first], text[first]);
            at = first + 1;
        }
        else if (text[0] is '<' or '>' or '=' or '^')
            spec.align = text[at++];
        if (at < text.Length && text[at] is '+' or '-' or ' ')
            spec.sign = text[at++];
        if (at < text.Length && text[at] == 'z')
            at++;
        if (at < text.Length && text[at] == '#')
            (spec.alternate, at) = (true, at + 1);
        if (at < text.Length && text[at] == '0')
        {
            if (spec.align == '\0')
                (spec.fill, spec.align) = ("0", '=');
            at++;
        }
        spec.width = Digits(text, ref at) ?? 0;
        if (at < text.Length && text[at] is ',' or '_')
            spec.grouping = text[at++];
        if (at < text.Length && text[at] == '.')
        {
            at++;
            spec.precision = Digits(text, ref at) ?? throw TemplateException.Value("Format specifier missing precision");
        }
        if (at < text.Length)
            spec.type = text[at++];
        return at == text.Length ? spec : throw TemplateException.Value("Invalid format specifier");
    }

    private static int? Digits(string text, ref int at)
    {
        int from = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
            at++;
        if (at == from)
            return null;
        return int.TryParse(text.AsSpan(from, at - from), NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value <= 1 << 20
            ? value
            : throw TemplateException.Value("Too many decimal digits in format string");
    }

    private string Text(string text)
    {
        if (type is not ('\0' or 's'))
            throw TemplateException.Value($"Unknown format code '{type}' for object of type 'str'");
        if (align == '=' && fill != "0" || sign != '-' || alternate)
            throw TemplateException.Value("a sign, '=' or '#' is not allowed in a string format specifier");
        if (precision < PythonText.Length(text))
            text = PythonText.Slice(text, SliceRange.Of(null, (long)precision, null, PythonText.Length(text)));
        return Padded("", text, align is '\0' or '=' ? '<' : align);
    }

    private string Integer(object? value)
    {
        Number.TryInteger(value, out var integer);
        if (precision is not null)
            throw TemplateException.Value("Precision not allowed in integer format specifier");
        if (type == 'c')
        {
            var character = new StringBuilder();
            PythonText.Append(character, integer >= 0 && integer <= 0x10ffff ? (int)integer : throw TemplateException.Runtime("OverflowError: %c arg not in range(0x110000)"));
            return Padded("", character.ToString(), align == '\0' ? '<' : align);
        }
        var (digits, prefix) = Based(BigInteger.Abs(integer), type)
            ?? throw TemplateException.Value($"Unknown format code '{type}' for object of type 'int'");
        int group = type is 'x' or 'X' or 'o' or 'b' ? 4 : 3;
        return Padded(Signed(integer.Sign < 0) + (alternate ? prefix : ""), Grouped(digits, "", group), align == '\0' ? '>' : align);
    }

    /// <summary>Digits in the base that a type letter asks for, and the prefix of that base.</summary>
    public static (string Digits, string Prefix)? Based(BigInteger value, char type) => type switch
    {
        '\0' or 'd' or 'n' or 'i' or 'u' => (Number.Text(value), ""),
        'x' => (InBase(value, 4), "0x"),
        'X' => (InBase(value, 4).ToUpperInvariant(), "0X"),
        'o' => (InBase(value, 3), "0o"),
        'b' => (InBase(value, 1), "0b"),
        _ => null,
    };

    private static string InBase(BigInteger value, int bits)
    {
        byte[] bytes = value.ToByteArray(isUnsigned: true);
        int count = Math.Max(1, (int)((value.GetBitLength() + bits - 1) / bits));
        Budget.SpendText(count);
        return string.Create(count, (bytes, bits), static (digits, from) =>
        {
            for (int i = 0; i < digits.Length; i++)
            {
                int digit = 0;
                for (int b = 0; b < from.bits; b++)
                {
                    int place = i * from.bits + b;
                    if (place >> 3 < from.bytes.Length && (from.bytes[place >> 3] >> (place & 7) & 1) != 0)
                        digit |= 1 << b;
                }
                digits[^(i + 1)] = "0123456789abcdef"[digit];
            }
        });
    }

    private string Real(double value)
    {
        bool negative = double.IsNegative(value) && !double.IsNaN(value);
        double magnitude = Math.Abs(value);
        string text = type switch
        {
            '\0' => precision is null ? RealText.Shortest(magnitude) : Shorter(magnitude, precision.Value),
            '%' => RealText.Fixed(magnitude * 100, precision ?? 6) + "%",
            _ => RealWithType(magnitude, type, precision ?? 6, alternate)
                 ?? throw TemplateException.Value($"Unknown format code '{type}' for object of type 'float'"),
        };
        int whole = 0;
        while (whole < text.Length && char.IsAsciiDigit(text[whole]))
            whole++;
        return Padded(Signed(negative), whole == 0 ? text : Grouped(text[..whole], text[whole..], 3), align == '\0' ? '>' : align);
    }

    /// <summary>C's %e, %f, %g; null for another letter.</summary>
    public static string? RealWithType(double value, char type, int precision, bool alternate)
    {
        string? text = char.ToLowerInvariant(type) switch
        {
            'e' => RealText.Exponential(value, precision),
            'f' => RealText.Fixed(value, precision),
            'g' or 'n' => RealText.General(value, precision, alternate),
            _ => null,
        };
        return char.IsUpper(type) ? text?.ToUpperInvariant() : text;
    }

    // without a type, a float keeps a digit after the point
    private static string Shorter(double value, int precision)
    {
        string text = RealText.General(value, Math.Max(1, precision));
        return text.Any(c => c is '.' or 'e' or 'n') ? text : text + ".0";
    }

    private string Signed(bool negative) => negative ? "-" : sign == '-' ? "" : sign.ToString();

    // zeros that fill up to the width are grouped as well
    private string Grouped(string digits, string rest, int group)
    {
        if (grouping == '\0')
            return digits + rest;
        int count = digits.Length;
        if (fill == "0" && align == '=')
            while (count + (count - 1) / group + rest.Length < width)
                count++;
        var text = new StringBuilder(count + count / group + rest.Length);
        for (int left = count; left > 0; left--)
        {
            text.Append(left > digits.Length ? '0' : digits[^left]);
            if (left > 1 && (left - 1) % group == 0)
                text.Append(grouping);
        }
        return text.Append(rest).ToString();
    }

    private string Padded(string prefix, string text, char alignment)
    {
        int missing = width - prefix.Length - PythonText.Length(text);
        if (missing <= 0)
            return prefix + text;
        int before = alignment switch { '<' => 0, '^' => missing / 2, _ => missing };
        string left = string.Concat(Enumerable.Repeat(fill, before)), right = string.Concat(Enumerable.Repeat(fill, missing - before));
        return alignment == '=' ? prefix + left + text : left + prefix + text + right;
    }
}
