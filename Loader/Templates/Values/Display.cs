using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Managed.Loader.Templates;

/// <summary>Values as text: Python's str and repr.</summary>
internal static class Display
{
    public static string Text(object? value) => value switch
    {
        string text => text,
        Markup safe => safe.Text,
        long integer => integer.ToString(CultureInfo.InvariantCulture),
        Undefined => "",
        _ => Repr(value),
    };

    public static string Repr(object? value)
    {
        var text = new StringBuilder();
        Write(text, value);
        return text.ToString();
    }

    private static void Write(StringBuilder to, object? value)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        Budget.CheckText(to.Length);
        Budget.Spend(1);
        switch (value)
        {
            case null: to.Append("None"); break;
            case bool flag: to.Append(flag ? "True" : "False"); break;
            case long integer: to.Append(integer); break;
            case BigInteger big: to.Append(Number.Text(big)); break;
            case double real: to.Append(RealText.Shortest(real)); break;
            case string text: WriteQuoted(to, text); break;
            case Markup safe: WriteQuoted(to.Append("Markup("), safe.Text); to.Append(')'); break;
            case BytesValue bytes: WriteBytes(to, bytes.Bytes); break;
            case ListValue list: WriteItems(to, '[', list.Items, ']'); break;
            case TupleValue tuple: WriteItems(to, '(', tuple.Items, tuple.Items.Count == 1 ? ",)" : ")"); break;
            case DictValue dict: WriteDict(to, dict); break;
            case DictView view: WriteItems(to.Append(view.TypeName), '(', [new ListValue([.. view.Items])], ")"); break;
            case RangeValue range: to.Append(RangeText(range)); break;
            case NamespaceValue space: WriteDict(to.Append("<Namespace "), space.ToDict()); to.Append('>'); break;
            case Undefined: to.Append("Undefined"); break;
            case IteratorValue iterator: to.Append(iterator.Display); break;
            default: to.Append(value); break;
        }
    }

    private static void WriteItems(StringBuilder to, char open, IReadOnlyList<object?> items, string close)
    {
        to.Append(open);
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0)
                to.Append(", ");
            Write(to, items[i]);
        }
        to.Append(close);
    }

    private static void WriteItems(StringBuilder to, char open, IReadOnlyList<object?> items, char close) => WriteItems(to, open, items, close.ToString());

    private static void WriteDict(StringBuilder to, DictValue dict)
    {
        to.Append('{');
        string separator = "";
        foreach (var (key, item) in dict)
        {
            to.Append(separator);
            Write(to, key);
            to.Append(": ");
            Write(to, item);
            separator = ", ";
        }
        to.Append('}');
    }

    private static string RangeText(RangeValue range) =>
        range.Step == 1 ? $"range({range.Start}, {range.Stop})" : $"range({range.Start}, {range.Stop}, {range.Step})";

    private static void WriteQuoted(StringBuilder to, string text)
    {
        Budget.CheckText((long)to.Length + text.Length);
        Budget.SpendText(text.Length);
        char quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        to.Append(quote);
        for (int i = 0; i < text.Length; i += PythonText.Width(text, i))
        {
            int point = PythonText.CodePoint(text, i);
            if (point == quote || point == '\\')
                to.Append('\\').Append((char)point);
            else if (point is '\n' or '\r' or '\t')
                to.Append(point == '\n' ? "\\n" : point == '\r' ? "\\r" : "\\t");
            else if (PythonText.IsPrintable(point))
                PythonText.Append(to, point);
            else
                to.Append(Escape(point));
        }
        to.Append(quote);
    }

    private static string Escape(int point) =>
        point <= 0xff ? $"\\x{point:x2}" : point <= 0xffff ? $"\\u{point:x4}" : $"\\U{point:x8}";

    private static void WriteBytes(StringBuilder to, byte[] bytes)
    {
        char quote = bytes.Contains((byte)'\'') && !bytes.Contains((byte)'"') ? '"' : '\'';
        to.Append('b').Append(quote);
        foreach (byte b in bytes)
            _ = b == quote || b == '\\' ? to.Append('\\').Append((char)b)
              : b == '\n' ? to.Append("\\n") : b == '\r' ? to.Append("\\r") : b == '\t' ? to.Append("\\t")
              : b is >= 0x20 and < 0x7f ? to.Append((char)b)
              : to.Append(CultureInfo.InvariantCulture, $"\\x{b:x2}");
        to.Append(quote);
    }
}
