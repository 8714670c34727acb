using System.Text;

namespace Managed.Loader.Templates;

/// <summary>Breaks lines at a width, between words and after hyphens.</summary>
internal static class WordWrap
{
    public static string Apply(string text, int width, bool breakLongWords, string between, bool breakOnHyphens)
    {
        if (width <= 0)
            throw TemplateException.Value($"invalid width {width} (must be > 0)");
        var lines = new List<string>();
        foreach (object? line in TextSplit.Lines(text, keepEnds: false).Items)
            lines.AddRange(Wrap((string)line!, width, breakLongWords, breakOnHyphens) is { Count: > 0 } wrapped ? wrapped : [""]);
        Budget.SpendText(text.Length + (long)lines.Count * between.Length);
        return string.Join(between, lines);
    }

    private static List<string> Wrap(string line, int width, bool breakLongWords, bool breakOnHyphens)
    {
        var lines = new List<string>();
        var current = new StringBuilder();
        foreach (string chunk in Chunks(line, breakOnHyphens))
        {
            string rest = chunk;
            if (current.Length + rest.Length > width && current.Length > 0 && !(breakLongWords && rest.Length > width && rest.Trim().Length > 0))
                Flush();
            if (current.Length == 0 && lines.Count > 0 && rest.Trim().Length == 0)
                continue;
            while (breakLongWords && current.Length + rest.Length > width && rest.Trim().Length > 0 && rest.Length > width)
            {
                int room = width - current.Length;
                current.Append(rest[..room]);
                rest = rest[room..];
                Flush();
            }
            current.Append(rest);
        }
        Flush();
        return lines;

        void Flush()
        {
            string full = current.ToString().TrimEnd();
            if (full.Length > 0)
                lines.Add(full);
            current.Clear();
        }
    }

    private static IEnumerable<string> Chunks(string line, bool breakOnHyphens)
    {
        for (int from = 0; from < line.Length;)
        {
            bool blank = char.IsWhiteSpace(line[from]);
            int to = from + 1;
            while (to < line.Length && char.IsWhiteSpace(line[to]) == blank
                   && !(breakOnHyphens && !blank && line[to - 1] == '-' && to - from > 1 && char.IsLetter(line[to - 2]) && char.IsLetter(line[to])))
                to++;
            yield return line[from..to];
            from = to;
        }
    }
}
