using System.Text;

namespace Managed.Loader.Templates;

/// <summary>Filters on texts.</summary>
internal static class TextFilters
{
    public static readonly (string Names, string Parameters, FilterBody Body)[] All =
    [
        ("upper", "", (_, v, _) => Change(v, Letters.Upper)),
        ("lower", "", (_, v, _) => Change(v, Letters.Lower)),
        ("capitalize", "", (_, v, _) => Change(v, Letters.Capitalize)),
        ("title", "", (_, v, _) => Title(Display.Text(v))),
        ("trim", "chars=", (_, v, a) => Change(v, s => PythonText.Trim(s, a.Text(0), true, true))),
        ("string", "", (_, v, _) => v is Markup ? v : Display.Text(v)),
        ("center", "width=", (run, v, a) => Method(run, v, "center", a.Or(0, 80L))),
        ("replace", "s new count=", (_, v, a) => TextMethods.Replace(
            Display.Text(v), Display.Text(a[0]), Display.Text(a[1]), a[2] is null ? -1 : a.Integer(2, -1))),
        ("format", "*", (_, v, a) => PercentFormat.Apply(v is Markup ? v : Display.Text(v), Values(a.Raw))),
        ("indent", "width= first= blank=", (_, v, a) => Change(OnlyText(v), s => Indent(s, a.Or(0, 4L), a.Flag(1), a.Flag(2)))),
        ("truncate", "length= killwords= end= leeway=", (_, v, a) =>
            !Kind.IsText(v) && Sequences.Length(v) <= (long)a.Integer(0, 255) + a.Integer(3, 5) ? v
            : Change(OnlyText(v), s => Truncate(s, a.Integer(0, 255), a.Flag(1), a.Text(2, "...")!, a.Integer(3, 5)))),
        ("wordcount", "", (_, v, _) => WordCount(Display.Text(v))),
        ("wordwrap", "width= break_long_words= wrapstring= break_on_hyphens=", (_, v, a) =>
            WordWrap.Apply(Display.Text(OnlyText(v)), a.Integer(0, 79), a.Flag(1, true), a.Text(2, "\n")!, a.Flag(3, true))),
        ("tojson", "ensure_ascii= indent= separators= sort_keys=", (_, v, a) => JsonText.Write(v, a.Flag(0), a[1], a[2], a.Flag(3))),
        ("pprint", "", (_, v, _) => Display.Repr(Sorted(v))),
        ("urlencode", "", (_, v, _) => UrlEncode(v)),
    ];

    /// <summary>Changes the text of a value; a text that is marked as safe stays so.</summary>
    public static object Change(object? value, Func<string, string> change)
    {
        string text = Display.Text(value);
        Budget.SpendText(text.Length);
        return value is Markup ? new Markup(change(text)) : change(text);
    }

    private static object? OnlyText(object? value) => value switch
    {
        Undefined undefined => throw undefined.Error(),
        string or Markup => value,
        _ => throw TemplateException.Type($"a str is needed, not {Kind.Name(value)}"),
    };

    private static object? Method(Rendering run, object? value, string name, params object?[] arguments)
    {
        object text = value is Markup ? value : Display.Text(value);
        return Function.Call(run, Members.Attribute(text, name), CallArguments.Of(arguments));
    }

    private static object Values(CallArguments arguments)
    {
        if (arguments.Named.Count > 0 && arguments.Positional.Count > 0)
            throw TemplateException.Runtime("FilterArgumentError: can't handle positional and keyword arguments at the same time");
        if (arguments.Named.Count == 0)
            return new TupleValue(arguments.Positional);
        var dict = new DictValue();
        foreach (var (name, value) in arguments.Named)
            dict.Set(name, value);
        return dict;
    }

    // a word begins after a blank, a hyphen or an opening bracket
    private static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        bool begins = true;
        foreach (string character in PythonText.Characters(text))
        {
            bool separates = character[0] is '-' or '(' or '{' or '[' or '<' || PythonText.IsSpace(character[0]);
            result.Append(separates ? character : begins ? Letters.Upper(character) : Letters.Lower(character));
            begins = separates;
        }
        Budget.SpendText(result.Length);
        return result.ToString();
    }

    private static string Indent(string text, object? width, bool first, bool blank)
    {
        string margin = Kind.Text(width) ?? new string(' ', Math.Clamp(Number.ToIndex(width), 0, Budget.Limits.Text));
        var lines = TextSplit.Lines(text + "\n", keepEnds: false).Items;
        Budget.SpendText(text.Length + (long)lines.Count * margin.Length);
        var result = new StringBuilder(first ? margin : "");
        for (int i = 0; i < lines.Count; i++)
        {
            string line = (string)lines[i]!;
            if (i > 0)
                result.Append('\n').Append(blank || line.Length > 0 ? margin : "");
            result.Append(line);
        }
        return result.ToString();
    }

    private static string Truncate(string text, int length, bool killWords, string end, int leeway)
    {
        int endLength = PythonText.Length(end);
        if (length < endLength)
            throw TemplateException.Runtime($"AssertionError: expected length >= {endLength}, got {length}");
        if (leeway < 0)
            throw TemplateException.Runtime($"AssertionError: expected leeway >= 0, got {leeway}");
        int count = PythonText.Length(text);
        if (count <= (long)length + leeway)
            return text;
        string kept = PythonText.Slice(text, SliceRange.Of(null, (long)(length - endLength), null, count));
        int blank = kept.LastIndexOf(' ');
        return (killWords || blank < 0 ? kept : kept[..blank]) + end;
    }

    private static object WordCount(string text)
    {
        long count = 0;
        bool inWord = false;
        foreach (var rune in text.EnumerateRunes())
        {
            bool word = PythonText.IsWord(rune);
            count += word && !inWord ? 1 : 0;
            inWord = word;
        }
        return count;
    }

    // dicts print in the order of their keys; lines are not wrapped
    private static object? Sorted(object? value)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        Budget.Spend(1);
        switch (value)
        {
            case ListValue list:
                return new ListValue([.. list.Items.Select(Sorted)]);
            case TupleValue tuple:
                return new TupleValue([.. tuple.Items.Select(Sorted)]);
            case DictValue dict:
                var sorted = new DictValue();
                foreach (var (key, item) in Sorting.Sort(dict, e => e.Key))
                    sorted.Set(key, Sorted(item));
                return sorted;
            default:
                return value;
        }
    }

    private static string UrlEncode(object? value)
    {
        if (Kind.IsText(value) || Sequences.TryItems(value) is not { } items)
            return Quote(Display.Text(value), inQuery: false);
        if (value is DictValue dict)
            items = dict.Select(e => new TupleValue([e.Key, e.Value]));
        return string.Join("&", items.Select(pair => string.Join("=", Sequences.ToList(pair).Select(p => Quote(Display.Text(p), inQuery: true)))));
    }

    private static string Quote(string text, bool inQuery)
    {
        var result = new StringBuilder(text.Length);
        foreach (byte b in Encoding.UTF8.GetBytes(text))
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'_' or (byte)'.' or (byte)'-' or (byte)'~' || (b == '/' && !inQuery))
                result.Append((char)b);
            else
                result.Append(b == ' ' && inQuery ? "+" : "%" + b.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        Budget.SpendText(result.Length);
        return result.ToString();
    }
}
