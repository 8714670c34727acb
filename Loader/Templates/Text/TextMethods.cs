using System.Text;

namespace Managed.Loader.Templates;

/// <summary>The methods of str.</summary>
internal static class TextMethods
{
    private delegate object? Body(string self, Bound arguments);

    private static readonly Dictionary<string, (Signature Signature, Body Body)> s_methods = Table(
        ("capitalize", "", (s, _) => Letters.Capitalize(s)),
        ("casefold", "", (s, _) => Letters.Lower(s).Replace("ß", "ss", StringComparison.Ordinal)),
        ("center", "width fillchar=", (s, a) => Pad(s, a, both: true, left: false)),
        ("count", "sub start= end=", (s, a) => Count(Window(s, a, out _), Required(a, 0))),
        ("encode", "encoding= errors=", (s, _) => new BytesValue(Encoding.UTF8.GetBytes(s))),
        ("endswith", "suffix start= end=", (s, a) => Any(a[0], x => Window(s, a, out _).EndsWith(x, StringComparison.Ordinal), "endswith")),
        ("expandtabs", "tabsize=", (s, a) => ExpandTabs(s, a.Integer(0, 8))),
        ("find", "sub start= end=", (s, a) => Find(s, a, last: false)),
        ("format", "*", (s, a) => BraceFormat.Apply(s, a.Raw)),
        ("format_map", "mapping", (s, a) => BraceFormat.Apply(s, Named(a[0]))),
        ("index", "sub start= end=", (s, a) => Found(Find(s, a, last: false))),
        ("isalnum", "", (s, _) => All(s, r => Rune.IsLetterOrDigit(r) || Rune.IsNumber(r))),
        ("isalpha", "", (s, _) => All(s, Rune.IsLetter)),
        ("isascii", "", (s, _) => Ascii.IsValid(s)),
        ("isdecimal", "", (s, _) => All(s, Rune.IsDigit)),
        ("isdigit", "", (s, _) => All(s, Letters.IsDigit)),
        ("isidentifier", "", (s, _) => PythonText.IsIdentifier(s)),
        ("islower", "", (s, _) => Letters.IsLower(s)),
        ("isnumeric", "", (s, _) => All(s, Rune.IsNumber)),
        ("isprintable", "", (s, _) => PythonText.CodePoints(s).All(PythonText.IsPrintable)),
        ("isspace", "", (s, _) => s.Length > 0 && s.All(PythonText.IsSpace)),
        ("istitle", "", (s, _) => Letters.IsTitle(s)),
        ("isupper", "", (s, _) => Letters.IsUpper(s)),
        ("join", "iterable", (s, a) => Join(s, a[0])),
        ("ljust", "width fillchar=", (s, a) => Pad(s, a, both: false, left: false)),
        ("lower", "", (s, _) => Letters.Lower(s)),
        ("lstrip", "chars=", (s, a) => PythonText.Trim(s, a.Text(0), true, false)),
        ("partition", "sep", (s, a) => Partition(s, Separator(a), last: false)),
        ("removeprefix", "prefix", (s, a) => s.StartsWith(Required(a, 0), StringComparison.Ordinal) ? s[Required(a, 0).Length..] : s),
        ("removesuffix", "suffix", (s, a) => s.EndsWith(Required(a, 0), StringComparison.Ordinal) ? s[..^Required(a, 0).Length] : s),
        ("replace", "old new count=", (s, a) => Replace(s, Required(a, 0), Required(a, 1), a.Integer(2, -1))),
        ("rfind", "sub start= end=", (s, a) => Find(s, a, last: true)),
        ("rindex", "sub start= end=", (s, a) => Found(Find(s, a, last: true))),
        ("rjust", "width fillchar=", (s, a) => Pad(s, a, both: false, left: true)),
        ("rpartition", "sep", (s, a) => Partition(s, Separator(a), last: true)),
        ("rsplit", "sep= maxsplit=", (s, a) => TextSplit.Split(s, a.Text(0), a.Integer(1, -1), fromRight: true)),
        ("rstrip", "chars=", (s, a) => PythonText.Trim(s, a.Text(0), false, true)),
        ("split", "sep= maxsplit=", (s, a) => TextSplit.Split(s, a.Text(0), a.Integer(1, -1), fromRight: false)),
        ("splitlines", "keepends=", (s, a) => TextSplit.Lines(s, a.Flag(0))),
        ("startswith", "prefix start= end=", (s, a) => Any(a[0], x => Window(s, a, out _).StartsWith(x, StringComparison.Ordinal), "startswith")),
        ("strip", "chars=", (s, a) => PythonText.Trim(s, a.Text(0), true, true)),
        ("swapcase", "", (s, _) => Letters.SwapCase(s)),
        ("title", "", (s, _) => Letters.Title(s)),
        ("translate", "table", (s, a) => Translate(s, a[0])),
        ("upper", "", (s, _) => Letters.Upper(s)),
        ("zfill", "width", (s, a) => ZeroFill(s, a.Integer(0, 0))));

    public static bool TryGet(string self, string name, out object? value)
    {
        bool found = s_methods.TryGetValue(name, out var method);
        value = found ? new NativeFunction(method.Signature, (_, a) => Run(self, a, method.Body), Title(name)) : null;
        return found;
    }

    /// <summary>The methods of a string that is marked as safe: what they give is marked too.</summary>
    public static bool TryGet(Markup self, string name, out object? value)
    {
        bool found = s_methods.TryGetValue(name, out var method);
        value = found ? new NativeFunction(new Signature(name, "*"), (_, a) => Marked(Run(self.Text, method.Signature.Bind(Escaped(name, a.Raw)), method.Body)), Title(name)) : null;
        return found;
    }

    private static string Title(string name) => $"<built-in method {name} of str object>";

    private static object? Run(string self, Bound arguments, Body body)
    {
        Budget.SpendScan(self.Length);
        object? result = body(self, arguments);
        Budget.SpendText(Kind.Text(result)?.Length ?? 0);
        return result;
    }

    private static CallArguments Escaped(string name, CallArguments arguments) => name switch
    {
        "join" => CallArguments.Of(new ListValue([.. Sequences.Items(arguments.Positional.FirstOrDefault()).Select(i => (object?)Markup.EscapeValue(i))])),
        "replace" => arguments with { Positional = [.. arguments.Positional.Select((v, i) => i == 1 ? Markup.EscapeValue(v) : v)] },
        "format" => new CallArguments([.. arguments.Positional.Select(EscapedText)],
            [.. arguments.Named.Select(n => new KeyValuePair<string, object?>(n.Key, EscapedText(n.Value)))]),
        _ => arguments,
    };

    private static object? EscapedText(object? value) => Kind.IsText(value) ? Markup.EscapeValue(value) : value;

    private static object? Marked(object? value) => value switch
    {
        string text => new Markup(text),
        ListValue list => new ListValue([.. list.Items.Select(Marked)]),
        TupleValue tuple => new TupleValue([.. tuple.Items.Select(Marked)]),
        _ => value,
    };

    private static Dictionary<string, (Signature, Body)> Table(params (string Name, string Parameters, Body Body)[] methods) =>
        methods.ToDictionary(m => m.Name, m => (new Signature(m.Name, m.Parameters), m.Body), StringComparer.Ordinal);

    private static string Required(Bound a, int index) => a.Text(index) ?? throw TemplateException.Type("must be str, not NoneType");

    private static string Separator(Bound a) => Required(a, 0) is { Length: > 0 } text ? text : throw TemplateException.Value("empty separator");

    private static bool All(string text, Predicate<Rune> test)
    {
        Budget.Spend(text.Length / 16);
        return text.Length > 0 && text.EnumerateRunes().All(r => test(r));
    }

    private static bool Any(object? texts, Func<string, bool> test, string method) => texts is TupleValue tuple
        ? tuple.Items.Any(t => Any(t, test, method))
        : test(Kind.Text(texts) ?? throw (texts is Undefined undefined ? undefined.Error() : TemplateException.Type(
            $"{method} first arg must be str or a tuple of str, not {Kind.Name(texts)}")));

    /// <summary>The part between the arguments start and end, and where it begins.</summary>
    private static string Window(string text, Bound a, out int start)
    {
        start = 0;
        if (a[1] is null && a[2] is null)
            return text;
        var range = SliceRange.Of(a[1], a[2], null, PythonText.Length(text));
        start = range.Start;
        return PythonText.Slice(text, range);
    }

    private static long Find(string text, Bound a, bool last)
    {
        string window = Window(text, a, out int start), sought = Required(a, 0);
        Budget.SpendSearch(window.Length, sought.Length);
        int at = last ? window.LastIndexOf(sought, StringComparison.Ordinal) : window.IndexOf(sought, StringComparison.Ordinal);
        if (last && sought.Length == 0)
            at = window.Length;
        return at < 0 ? -1 : start + PythonText.Length(window[..at]);
    }

    private static long Found(long at) => at >= 0 ? at : throw TemplateException.Value("substring not found");

    private static long Count(string text, string sought)
    {
        Budget.SpendSearch(text.Length, sought.Length);
        if (sought.Length == 0)
            return PythonText.Length(text) + 1;
        long count = 0;
        for (int at = text.IndexOf(sought, StringComparison.Ordinal); at >= 0; at = text.IndexOf(sought, at + sought.Length, StringComparison.Ordinal))
            count++;
        return count;
    }

    private static object Join(string separator, object? items)
    {
        var text = new StringBuilder();
        int count = 0;
        foreach (object? item in Sequences.Items(items))
        {
            if (count++ > 0)
                text.Append(separator);
            string part = Kind.Text(item) ?? throw TemplateException.Type($"sequence item {count - 1}: expected str instance, {Kind.Name(item)} found");
            text.Append(part);
            Budget.Spend(1);
            Budget.CheckText(text.Length);
        }
        Budget.SpendText(text.Length);
        return text.ToString();
    }

    public static string Replace(string text, string old, string by, int count)
    {
        if (count == 0)
            return text;
        Budget.SpendSearch(text.Length, old.Length);
        long limit = count < 0 ? long.MaxValue : count;
        long growth = Math.Min(limit, old.Length == 0 ? text.Length + 1 : text.Length / old.Length) * Math.Max(0, by.Length - old.Length);
        if (growth + text.Length > Budget.Limits.Text && old.Length > 0)
            growth = Math.Min(limit, Count(text, old)) * Math.Max(0, by.Length - old.Length);
        Budget.SpendText(text.Length + growth);
        var result = new StringBuilder(text.Length);
        int from = 0;
        if (old.Length == 0)
        {
            for (; limit > 0 && from <= text.Length; limit--)
            {
                result.Append(by);
                int width = from < text.Length ? PythonText.Width(text, from) : 1;
                if (from < text.Length)
                    result.Append(text, from, width);
                from += width;
            }
            return from < text.Length ? result.Append(text, from, text.Length - from).ToString() : result.ToString();
        }
        for (int at = text.IndexOf(old, StringComparison.Ordinal); at >= 0 && limit > 0; at = text.IndexOf(old, from, StringComparison.Ordinal), limit--)
        {
            result.Append(text, from, at - from).Append(by);
            from = at + old.Length;
        }
        return result.Append(text, from, text.Length - from).ToString();
    }

    private static TupleValue Partition(string text, string separator, bool last)
    {
        Budget.SpendSearch(text.Length, separator.Length);
        int at = last ? text.LastIndexOf(separator, StringComparison.Ordinal) : text.IndexOf(separator, StringComparison.Ordinal);
        if (at < 0)
            return last ? new TupleValue(["", "", text]) : new TupleValue([text, "", ""]);
        return new TupleValue([text[..at], separator, text[(at + separator.Length)..]]);
    }

    private static string Pad(string text, Bound a, bool both, bool left)
    {
        string fill = a.Text(1, " ")!;
        if (PythonText.Length(fill) != 1)
            throw TemplateException.Type("The fill character must be exactly one character long");
        int width = a.Integer(0, 0), missing = width - PythonText.Length(text);
        if (missing <= 0)
            return text;
        Budget.SpendText((long)width * fill.Length);
        int before = both ? missing / 2 + (missing & width & 1) : left ? missing : 0;
        return string.Concat(Enumerable.Repeat(fill, before)) + text + string.Concat(Enumerable.Repeat(fill, missing - before));
    }

    private static string ZeroFill(string text, int width)
    {
        int missing = width - PythonText.Length(text);
        if (missing <= 0)
            return text;
        Budget.SpendText(width);
        int sign = text.StartsWith('-') || text.StartsWith('+') ? 1 : 0;
        return text[..sign] + new string('0', missing) + text[sign..];
    }

    private static string ExpandTabs(string text, int size)
    {
        Budget.SpendText((long)text.Count(c => c == '\t') * Math.Max(0, size) + text.Length);
        var result = new StringBuilder();
        int column = 0;
        foreach (char c in text)
        {
            if (c == '\t')
            {
                int blanks = size > 0 ? size - column % size : 0;
                result.Append(' ', blanks);
                column += blanks;
                continue;
            }
            result.Append(c);
            column = c is '\n' or '\r' ? 0 : char.IsLowSurrogate(c) ? column : column + 1;
        }
        return result.ToString();
    }

    private static string Translate(string text, object? table)
    {
        var result = new StringBuilder();
        foreach (int point in PythonText.CodePoints(text))
        {
            object? by = Members.Item(table, (long)point);
            if (by is long other)
                PythonText.Append(result, (int)other);
            else if (by is Undefined)
                PythonText.Append(result, point);
            else
                result.Append(Kind.Text(by) ?? "");
            Budget.CheckText(result.Length);
        }
        return result.ToString();
    }

    private static CallArguments Named(object? mapping) => mapping is DictValue dict
        ? new CallArguments([], [.. dict.Select(e => new KeyValuePair<string, object?>(Display.Text(e.Key), e.Value))])
        : throw TemplateException.Type("format_map() needs a mapping");
}
