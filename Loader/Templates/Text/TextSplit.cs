namespace Managed.Loader.Templates;

/// <summary>str.split, str.rsplit and str.splitlines.</summary>
internal static class TextSplit
{
    public static ListValue Split(string text, string? separator, int most, bool fromRight)
    {
        if (separator?.Length == 0)
            throw TemplateException.Value("empty separator");
        long limit = most < 0 ? long.MaxValue : most;
        Budget.SpendText(text.Length);
        Budget.SpendSearch(text.Length, separator?.Length ?? 0);
        var parts = separator is null
            ? fromRight ? WordsFromRight(text, limit) : Words(text, limit)
            : fromRight ? PartsFromRight(text, separator, limit) : Parts(text, separator, limit);
        Budget.SpendItems(parts.Count);
        return new ListValue(parts);
    }

    public static ListValue Lines(string text, bool keepEnds)
    {
        var lines = new List<object?>();
        for (int from = 0; from < text.Length;)
        {
            int end = from;
            while (end < text.Length && !PythonText.IsLineEnd(text[end]))
                end++;
            int next = end == text.Length ? end : text.AsSpan(end).StartsWith("\r\n") ? end + 2 : end + 1;
            lines.Add(text[from..(keepEnds ? next : end)]);
            from = next;
        }
        Budget.SpendItems(lines.Count);
        return new ListValue(lines);
    }

    private static List<object?> Parts(string text, string separator, long limit)
    {
        var parts = new List<object?>();
        int from = 0;
        for (int at; limit > 0 && (at = text.IndexOf(separator, from, StringComparison.Ordinal)) >= 0; limit--)
        {
            parts.Add(text[from..at]);
            from = at + separator.Length;
        }
        parts.Add(text[from..]);
        return parts;
    }

    private static List<object?> PartsFromRight(string text, string separator, long limit)
    {
        var parts = new List<object?>();
        int end = text.Length;
        for (; limit > 0 && end >= separator.Length; limit--)
        {
            int at = text.AsSpan(0, end).LastIndexOf(separator, StringComparison.Ordinal);
            if (at < 0)
                break;
            parts.Add(text[(at + separator.Length)..end]);
            end = at;
        }
        parts.Add(text[..end]);
        parts.Reverse();
        return parts;
    }

    private static List<object?> Words(string text, long limit)
    {
        var words = new List<object?>();
        for (int at = 0; ;)
        {
            while (at < text.Length && PythonText.IsSpace(text[at]))
                at++;
            if (at == text.Length)
                return words;
            int from = at;
            if (limit-- <= 0)
            {
                words.Add(text[from..]);
                return words;
            }
            while (at < text.Length && !PythonText.IsSpace(text[at]))
                at++;
            words.Add(text[from..at]);
        }
    }

    private static List<object?> WordsFromRight(string text, long limit)
    {
        var words = new List<object?>();
        for (int end = text.Length; ;)
        {
            while (end > 0 && PythonText.IsSpace(text[end - 1]))
                end--;
            if (end == 0)
                break;
            int to = end;
            if (limit-- <= 0)
            {
                words.Add(text[..to]);
                break;
            }
            while (end > 0 && !PythonText.IsSpace(text[end - 1]))
                end--;
            words.Add(text[end..to]);
        }
        words.Reverse();
        return words;
    }
}
