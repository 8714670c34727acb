using System.Globalization;
using System.Text;

namespace Managed.Loader.Templates;

/// <summary>What a quoted string in a template stands for: Python's escapes, an unknown one stays as written.</summary>
internal static class StringLiteral
{
    public static string Unescape(string quoted, int line)
    {
        if (!quoted.Contains('\\'))
            return quoted;
        var text = new StringBuilder(quoted.Length);
        for (int i = 0; i < quoted.Length; i++)
        {
            if (quoted[i] != '\\' || i + 1 == quoted.Length)
            {
                text.Append(quoted[i]);
                continue;
            }
            char kind = quoted[++i];
            int digits = kind switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
            if (digits > 0)
            {
                PythonText.Append(text, Hexadecimal(quoted, i + 1, digits, line));
                i += digits;
            }
            else if (kind is >= '0' and <= '7')
            {
                int value = 0, end = Math.Min(i + 3, quoted.Length);
                for (; i < end && quoted[i] is >= '0' and <= '7'; i++)
                    value = value * 8 + quoted[i] - '0';
                i--;
                text.Append((char)value);
            }
            else if (kind == 'N')
                throw new TemplateException(TemplateError.Syntax, "a character by its name (\\N{...}) is not supported; write \\u and its number", line);
            else if (kind != '\n')
                text.Append(Simple(kind));
        }
        return text.ToString();
    }

    private static string Simple(char kind) => kind switch
    {
        '\\' or '\'' or '"' => kind.ToString(),
        'a' => "\a",
        'b' => "\b",
        'f' => "\f",
        'n' => "\n",
        'r' => "\r",
        't' => "\t",
        'v' => "\v",
        _ => "\\" + kind,
    };

    private static int Hexadecimal(string quoted, int at, int digits, int line)
    {
        if (at + digits <= quoted.Length
            && uint.TryParse(quoted.AsSpan(at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint point)
            && point <= 0x10ffff)
            return (int)point;
        throw new TemplateException(TemplateError.Syntax, $"a \\{quoted[at - 1]} escape needs {digits} hexadecimal digits of a code point", line);
    }
}
