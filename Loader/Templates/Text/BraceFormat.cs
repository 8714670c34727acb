using System.Text;

namespace Managed.Loader.Templates;

/// <summary>str.format: "{0} {name.attribute[key]!r:>5}". Attributes go through the sandbox.</summary>
internal static class BraceFormat
{
    public static string Apply(string format, CallArguments arguments)
    {
        int automatic = 0;
        return Apply(format, arguments, ref automatic, depth: 2);
    }

    private static string Apply(string format, CallArguments arguments, ref int automatic, int depth)
    {
        if (depth == 0)
            throw TemplateException.Value("Max string recursion exceeded");
        var text = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            char c = format[i];
            bool doubled = i + 1 < format.Length && format[i + 1] == c;
            if (c is not ('{' or '}'))
                text.Append(c);
            else if (doubled)
            {
                text.Append(c);
                i++;
            }
            else if (c == '}')
                throw TemplateException.Value("Single '}' encountered in format string");
            else
            {
                int end = FieldEnd(format, i + 1);
                text.Append(Field(format[(i + 1)..end], arguments, ref automatic, depth));
                i = end;
            }
            Budget.CheckText(text.Length);
        }
        Budget.SpendText(text.Length);
        return text.ToString();
    }

    private static int FieldEnd(string format, int from)
    {
        int open = 1;
        bool inKey = false;
        for (int i = from; i < format.Length; i++)
        {
            if (format[i] is '[' or ']')
                inKey = format[i] == '[';
            else if (!inKey && format[i] is '{' or '}' && (open += format[i] == '{' ? 1 : -1) == 0)
                return i;
        }
        throw TemplateException.Value(from == format.Length ? "Single '{' encountered in format string" : "expected '}' before end of string");
    }

    private static string Field(string field, CallArguments arguments, ref int automatic, int depth)
    {
        int mark = 0;
        for (bool inKey = false; mark < field.Length && (inKey || field[mark] is not ('!' or ':')); mark++)
            inKey = field[mark] == '[' || (inKey && field[mark] != ']');
        object? value = Resolve(field[..mark], arguments, ref automatic);
        string specification = "";
        if (mark < field.Length && field[mark] == '!')
        {
            if (mark + 1 >= field.Length || (mark + 2 < field.Length && field[mark + 2] != ':'))
                throw TemplateException.Value("expected ':' after conversion specifier");
            value = Converted(value, field[mark + 1]);
            mark += 2;
        }
        if (mark < field.Length)
            specification = Apply(field[(mark + 1)..], arguments, ref automatic, depth - 1);
        return FormatSpec.Apply(value, specification);
    }

    private static string Converted(object? value, char conversion) => conversion switch
    {
        's' => Display.Text(value),
        'r' => Display.Repr(value),
        'a' => JsonText.EscapeBeyondAscii(Display.Repr(value)),
        _ => throw TemplateException.Value($"Unknown conversion specifier '{conversion}'"),
    };

    private static object? Resolve(string path, CallArguments arguments, ref int automatic)
    {
        int end = path.IndexOfAny(['.', '[']);
        string name = end < 0 ? path : path[..end];
        object? value;
        if (name.Length == 0 || name.All(char.IsAsciiDigit))
        {
            int index = name.Length == 0 ? automatic++ : int.TryParse(name, out int number) ? number : int.MaxValue;
            if (index >= arguments.Positional.Count)
                throw TemplateException.Runtime($"IndexError: Replacement index {index} out of range for positional args tuple");
            value = arguments.Positional[index];
        }
        else
        {
            Budget.Spend(arguments.Named.Count);
            int place = arguments.Named.ToList().FindIndex(n => n.Key == name);
            value = place >= 0 ? arguments.Named[place].Value : throw TemplateException.Runtime($"KeyError: {Display.Repr(name)}");
        }
        for (int at = name.Length; at < path.Length;)
        {
            bool isKey = path[at] == '[';
            int stop = isKey ? path.IndexOf(']', at) : path.IndexOfAny(['.', '['], at + 1);
            if (isKey && stop < 0)
                throw TemplateException.Value("Missing ']' in format string");
            stop = stop < 0 ? path.Length : stop;
            string part = path[(at + 1)..stop];
            if (part.Length == 0)
                throw TemplateException.Value("Empty attribute in format string");
            value = isKey
                ? Members.Item(value, part.All(char.IsAsciiDigit) && long.TryParse(part, out long number) ? number : part)
                : Members.Attribute(value, part);
            at = isKey ? stop + 1 : stop;
        }
        return value;
    }
}
