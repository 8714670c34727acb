using System.Net;
using System.Text;

namespace Managed.Loader.Templates;

/// <summary>Filters for HTML.</summary>
internal static class MarkupFilters
{
    public static readonly (string Names, string Parameters, FilterBody Body)[] All =
    [
        ("escape e", "", (_, v, _) => v is Markup ? v : new Markup(Markup.EscapeValue(v))),
        ("forceescape", "", (_, v, _) => new Markup(Markup.Escape(Display.Text(v)))),
        ("safe", "", (_, v, _) => v is Markup ? v : new Markup(Display.Text(v))),
        ("striptags", "", (_, v, _) => StripTags(Display.Text(v))),
        ("xmlattr", "autospace=", (run, v, a) => XmlAttributes(run, v, a.Flag(0, true))),
        ("urlize", "trim_url_limit= nofollow= target= rel= extra_schemes=", (run, v, a) =>
            Links(run, Display.Text(v), a[0] is null ? null : a.Integer(0, 0), a.Flag(1), a.Text(2), a.Text(3))),
    ];

    private static string StripTags(string text)
    {
        var kept = new StringBuilder();
        for (int at = 0; at < text.Length;)
        {
            bool comment = text.AsSpan(at).StartsWith("<!--");
            int end = text[at] != '<' ? -1
                : comment ? text.IndexOf("-->", at, StringComparison.Ordinal)
                : text.IndexOf('>', at);
            if (end < 0)
                kept.Append(text[at++]);
            else
                at = end + (comment ? 3 : 1);
            Budget.Spend(1);
        }
        string words = string.Join(" ", TextSplit.Split(kept.ToString(), null, -1, fromRight: false).Items);
        return WebUtility.HtmlDecode(words);
    }

    private static object XmlAttributes(Rendering run, object? value, bool autospace)
    {
        if (value is not DictValue dict)
            throw value is Undefined undefined ? undefined.Error() : TemplateException.Runtime($"'{Kind.Name(value)} object' has no attribute 'items'");
        var text = new StringBuilder();
        foreach (var (key, item) in dict)
        {
            if (item is null or Undefined)
                continue;
            string name = Display.Text(key);
            if (name.Any(c => PythonText.IsSpace(c) || c is '/' or '>' or '='))
                throw TemplateException.Value($"Invalid character in attribute name: {Display.Repr(name)}");
            text.Append(text.Length > 0 || autospace ? " " : "").Append(Markup.Escape(name)).Append("=\"").Append(Markup.EscapeValue(item)).Append('"');
            Budget.CheckText(text.Length);
        }
        return run.Escapes ? new Markup(text.ToString()) : text.ToString();
    }

    private static object Links(Rendering run, string text, int? limit, bool nofollow, string? target, string? rel)
    {
        var relations = (rel ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Append("noopener");
        if (nofollow)
            relations = relations.Append("nofollow");
        string attributes = $" rel=\"{Markup.Escape(string.Join(' ', relations.Distinct().Order(StringComparer.Ordinal)))}\""
                          + (target is null ? "" : $" target=\"{Markup.Escape(target)}\"");
        var result = new StringBuilder();
        foreach (string word in Words(Markup.Escape(text)))
        {
            string bare = word.TrimEnd('.', ',', ')', '\n').TrimStart('(');
            int at = word.IndexOf(bare, StringComparison.Ordinal);
            string? address = Address(bare);
            if (address is null)
                result.Append(word);
            else
            {
                string shown = limit < bare.Length ? bare[..limit.Value] + "..." : bare;
                result.Append(word[..at]).Append($"<a href=\"{address}\"{(address.StartsWith("mailto:", StringComparison.Ordinal) ? "" : attributes)}>{shown}</a>")
                      .Append(word[(at + bare.Length)..]);
            }
            Budget.CheckText(result.Length);
        }
        Budget.SpendText(result.Length);
        return run.Escapes ? new Markup(result.ToString()) : result.ToString();
    }

    private static IEnumerable<string> Words(string text)
    {
        for (int from = 0; from < text.Length;)
        {
            int to = from + 1;
            while (to < text.Length && PythonText.IsSpace(text[to]) == PythonText.IsSpace(text[from]))
                to++;
            yield return text[from..to];
            from = to;
        }
    }

    private static string? Address(string word)
    {
        bool hasScheme = word.StartsWith("https://", StringComparison.Ordinal) || word.StartsWith("http://", StringComparison.Ordinal);
        if (hasScheme || word.StartsWith("www.", StringComparison.Ordinal))
        {
            string rest = hasScheme ? word[(word.IndexOf("//", StringComparison.Ordinal) + 2)..] : word;
            int end = rest.IndexOfAny([':', '/', '?', '#']);
            string top = (end < 0 ? rest : rest[..end]).Split('.')[^1];
            bool named = top.Length is >= 2 and <= 63 && top.All(char.IsAsciiLetterLower);
            return !named ? null : hasScheme ? word : "https://" + word;
        }
        int sign = word.IndexOf('@', StringComparison.Ordinal);
        return sign > 0 && word.IndexOf('.', sign) > sign + 1 && !word.Contains(':') ? "mailto:" + word : null;
    }
}
