using System.Text;

namespace Managed.Loader.Templates;

/// <summary>A string that is marked as safe HTML: what is joined to it is escaped first.</summary>
internal sealed record Markup(string Text)
{
    public static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length + 16);
        foreach (char c in text)
            _ = c switch
            {
                '&' => escaped.Append("&amp;"),
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '"' => escaped.Append("&#34;"),
                '\'' => escaped.Append("&#39;"),
                _ => escaped.Append(c),
            };
        Budget.SpendText(escaped.Length);
        return escaped.ToString();
    }

    /// <summary>The text of any value, safe to stand in HTML.</summary>
    public static string EscapeValue(object? value) => value is Markup safe ? safe.Text : Escape(Display.Text(value));
}
