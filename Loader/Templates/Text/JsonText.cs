using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Managed.Loader.Templates;

/// <summary>Python's json.dumps, with the choices that chat templates use: no HTML escapes, text beyond ASCII as it is.</summary>
internal sealed class JsonText
{
    private readonly StringBuilder text = new();
    private readonly bool asciiOnly;
    private readonly string? indent;
    private readonly string itemSeparator;
    private readonly string keySeparator;
    private readonly bool sorted;

    private JsonText(bool asciiOnly, string? indent, string itemSeparator, string keySeparator, bool sorted) =>
        (this.asciiOnly, this.indent, this.itemSeparator, this.keySeparator, this.sorted) = (asciiOnly, indent, itemSeparator, keySeparator, sorted);

    public static string Write(object? value, bool asciiOnly, object? indent, object? separators, bool sorted)
    {
        string? step = indent switch
        {
            null => null,
            _ when Kind.Text(indent) is { } characters => characters,
            _ => new string(' ', Math.Clamp(Number.ToIndex(indent), 0, 1000)),
        };
        var (item, key) = (step is null ? ", " : ",", ": ");
        if (separators is not null)
        {
            var pair = Sequences.ToList(separators);
            if (pair.Count != 2 || Kind.Text(pair[0]) is not { } first || Kind.Text(pair[1]) is not { } second)
                throw TemplateException.Value("separators must be two strings");
            (item, key) = (first, second);
        }
        var writer = new JsonText(asciiOnly, step, item, key, sorted);
        writer.Write(value, 1);
        return writer.text.ToString();
    }

    /// <summary>Everything beyond ASCII as \xNN, \uNNNN or \UNNNNNNNN, as Python's ascii() writes it.</summary>
    public static string EscapeBeyondAscii(string source)
    {
        var escaped = new StringBuilder(source.Length);
        foreach (int point in PythonText.CodePoints(source))
            _ = point switch
            {
                < 0x80 => escaped.Append((char)point),
                <= 0xff => escaped.Append(CultureInfo.InvariantCulture, $"\\x{point:x2}"),
                <= 0xffff => escaped.Append(CultureInfo.InvariantCulture, $"\\u{point:x4}"),
                _ => escaped.Append(CultureInfo.InvariantCulture, $"\\U{point:x8}"),
            };
        return escaped.ToString();
    }

    private void Write(object? value, int depth)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        Budget.CheckText(text.Length);
        Budget.Spend(1);
        switch (value)
        {
            case string or Markup: WriteString(Kind.Text(value)!); break;
            case SequenceValue sequence: WriteItems(sequence.Items, depth); break;
            case DictValue dict: WriteDict(dict, depth); break;
            default: text.Append(Scalar(value) ?? throw TemplateException.Type($"Object of type {Kind.Name(value)} is not JSON serializable")); break;
        }
    }

    private static string? Scalar(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        long integer => integer.ToString(CultureInfo.InvariantCulture),
        BigInteger big => Number.Text(big),
        double.NaN => "NaN",
        double.PositiveInfinity => "Infinity",
        double.NegativeInfinity => "-Infinity",
        double real => RealText.Shortest(real),
        _ => null,
    };

    private void WriteItems(IReadOnlyList<object?> items, int depth)
    {
        text.Append('[');
        for (int i = 0; i < items.Count; i++)
        {
            Separate(i, depth);
            Write(items[i], depth + 1);
        }
        Close(']', items.Count, depth);
    }

    private void WriteDict(DictValue dict, int depth)
    {
        IEnumerable<KeyValuePair<object?, object?>> entries = dict;
        if (sorted)
            entries = Sorting.Sort(dict, e => e.Key);
        text.Append('{');
        int count = 0;
        foreach (var (key, value) in entries)
        {
            Separate(count++, depth);
            WriteString(Kind.Text(key) ?? Scalar(key) ?? throw TemplateException.Type(
                $"keys must be str, int, float, bool or None, not {Kind.Name(key)}"));
            text.Append(keySeparator);
            Write(value, depth + 1);
        }
        Close('}', count, depth);
    }

    private void Separate(int index, int depth)
    {
        if (index > 0)
            text.Append(itemSeparator);
        NewLine(depth);
    }

    private void Close(char bracket, int count, int depth)
    {
        if (count > 0)
            NewLine(depth - 1);
        text.Append(bracket);
    }

    private void NewLine(int depth)
    {
        if (indent is null)
            return;
        Budget.CheckText(text.Length + (long)indent.Length * depth);
        Budget.SpendText((long)indent.Length * depth);
        text.Append('\n');
        for (int i = 0; i < depth; i++)
            text.Append(indent);
    }

    private void WriteString(string source)
    {
        Budget.SpendText(source.Length);
        text.Append('"');
        foreach (char c in source)
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                >= '\x7f' when asciiOnly && c != '\x7f' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        text.Append('"');
    }
}
