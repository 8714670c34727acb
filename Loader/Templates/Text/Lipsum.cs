using System.Text;

namespace Managed.Loader.Templates;

/// <summary>Filler text, the same each time.</summary>
internal static class Lipsum
{
    private static readonly string[] s_words =
    [
        "lorem", "ipsum", "dolor", "sit", "amet", "consectetur", "adipiscing", "elit", "sed", "tempor", "incididunt", "labore",
        "magna", "aliqua", "enim", "minim", "veniam", "quis", "nostrud", "ullamco", "laboris", "nisi", "commodo", "consequat",
    ];

    public static object Write(int paragraphs, bool html, int least, int most)
    {
        Budget.SpendText((long)Math.Max(0, paragraphs) * Math.Max(0, most) * 12);
        var random = new Random(0);
        var text = new StringBuilder();
        for (int p = 0; p < paragraphs; p++)
        {
            text.Append(p == 0 ? "" : html ? "\n" : "\n\n").Append(html ? "<p>" : "");
            int count = Math.Max(1, least < most ? random.Next(least, most) : least);
            for (int w = 0; w < count; w++)
            {
                string word = s_words[random.Next(s_words.Length)];
                text.Append(w == 0 ? char.ToUpperInvariant(word[0]) + word[1..] : " " + word);
            }
            text.Append('.').Append(html ? "</p>" : "");
        }
        return html ? new Markup(text.ToString()) : text.ToString();
    }
}
