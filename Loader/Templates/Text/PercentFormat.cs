using System.Globalization;
using System.Numerics;
using System.Text;

namespace Managed.Loader.Templates;

/// <summary>Python's "text" % values.</summary>
internal static class PercentFormat
{
    public static object Apply(object? format, object? values)
    {
        bool escapes = format is Markup;
        string text = new Reader(Kind.Text(format)!, values, escapes).Read();
        return escapes ? new Markup(text) : text;
    }

    private sealed class Reader(string format, object? values, bool escapes)
    {
        private readonly IReadOnlyList<object?> items = values is TupleValue tuple ? tuple.Items : [values];
        private readonly StringBuilder text = new();
        private int at;
        private int used;
        private bool byName;

        public string Read()
        {
            while (at < format.Length)
            {
                if (format[at] == '%')
                    ReadField();
                else
                    text.Append(format[at++]);
                Budget.CheckText(text.Length);
            }
            if (used < items.Count && !byName && values is not (DictValue or ListValue or RangeValue or BytesValue))
                throw TemplateException.Type("not all arguments converted during string formatting");
            Budget.SpendText(text.Length);
            return text.ToString();
        }

        private char Peek() => at < format.Length ? format[at] : throw TemplateException.Value("incomplete format");

        private void ReadField()
        {
            at++;
            string? name = null;
            if (Peek() == '(')
            {
                int end = format.IndexOf(')', at);
                name = end < 0 ? throw TemplateException.Value("incomplete format key") : format[(at + 1)..end];
                at = end + 1;
            }
            int flagsFrom = at;
            while (Peek() is '-' or '+' or ' ' or '#' or '0')
                at++;
            string flags = format[flagsFrom..at];
            int width = ReadNumber() ?? 0;
            if (width < 0)
                (flags, width) = (flags + "-", -width);
            int? precision = null;
            if (Peek() == '.')
            {
                at++;
                precision = ReadNumber() ?? 0;
            }
            while (Peek() is 'l' or 'h' or 'L')
                at++;
            char type = format[at++];
            if (type == '%')
            {
                text.Append('%');
                return;
            }
            Budget.SpendText((long)width + (precision ?? 0));
            text.Append(Padded(Convert(name is null ? NextValue() : Named(name), type, flags, precision), type, flags, width));
        }

        private int? ReadNumber()
        {
            if (Peek() == '*')
            {
                at++;
                return Number.ToIndex(NextValue());
            }
            int from = at;
            while (char.IsAsciiDigit(Peek()))
                at++;
            return at == from ? null
                : int.TryParse(format.AsSpan(from, at - from), CultureInfo.InvariantCulture, out int value) && value < 1 << 20 ? value
                : throw TemplateException.Value("width too big");
        }

        private object? NextValue() => used < items.Count ? items[used++] : throw TemplateException.Type("not enough arguments for format string");

        private object? Named(string name)
        {
            byName = true;
            if (values is not DictValue dict)
                throw TemplateException.Type("format requires a mapping");
            return dict.TryGet(name, out object? value) ? value : throw TemplateException.Runtime($"KeyError: {Display.Repr(name)}");
        }

        private string Convert(object? value, char type, string flags, int? precision)
        {
            switch (type)
            {
                case 's' or 'r' or 'a':
                    string written = type == 's' ? escapes ? Markup.EscapeValue(value) : Display.Text(value) : Display.Repr(value);
                    if (type == 'a')
                        written = JsonText.EscapeBeyondAscii(written);
                    return precision < PythonText.Length(written)
                        ? PythonText.Slice(written, SliceRange.Of(null, (long)precision, null, PythonText.Length(written)))
                        : written;
                case 'c':
                    if (Kind.Text(value) is { } one && PythonText.Length(one) == 1)
                        return one;
                    int point = Kind.IsText(value) ? throw TemplateException.Type("%c requires int or char") : Number.ToIndex(value);
                    var character = new StringBuilder();
                    PythonText.Append(character, point is >= 0 and <= 0x10ffff ? point : throw TemplateException.Runtime("OverflowError: %c arg not in range(0x110000)"));
                    return character.ToString();
            }
            if (value is Undefined undefined)
                throw undefined.Error();
            if (!Number.Is(value))
                throw TemplateException.Type($"%{type} format: a number is required, not {Kind.Name(value)}");
            string sign = flags.Contains('+') ? "+" : flags.Contains(' ') ? " " : "";
            if ("eEfFgG".Contains(type))
            {
                double real = Number.ToDouble(value);
                return (double.IsNegative(real) ? "-" : sign) + FormatSpec.RealWithType(Math.Abs(real), type, precision ?? 6, flags.Contains('#'));
            }
            var integer = Whole(value, type);
            var (digits, prefix) = FormatSpec.Based(BigInteger.Abs(integer), type) is { } based && type is not ('b' or 'n')
                ? based
                : throw TemplateException.Value($"unsupported format character '{type}'");
            return (integer.Sign < 0 ? "-" : sign) + (flags.Contains('#') ? prefix : "") + digits.PadLeft(precision ?? 0, '0');
        }

        private static BigInteger Whole(object? value, char type)
        {
            if (Number.TryInteger(value, out var integer))
                return integer;
            double real = (double)value!;
            return type is 'd' or 'i' or 'u' && double.IsFinite(real)
                ? new BigInteger(real)
                : throw TemplateException.Type($"%{type} format: an integer is required, not float");
        }

        private static string Padded(string field, char type, string flags, int width)
        {
            int missing = width - PythonText.Length(field);
            if (missing <= 0)
                return field;
            if (flags.Contains('-'))
                return field + new string(' ', missing);
            if (!flags.Contains('0') || "srac".Contains(type))
                return new string(' ', missing) + field;
            int digits = field.Length > 0 && field[0] is '-' or '+' or ' ' ? 1 : 0;
            if (field.AsSpan(digits).StartsWith("0x", StringComparison.OrdinalIgnoreCase) || field.AsSpan(digits).StartsWith("0o"))
                digits += 2;
            return field[..digits] + new string('0', missing) + field[digits..];
        }
    }
}
