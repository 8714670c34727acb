using System.Text;

namespace Managed.Tests.Docs;

/// <summary>The words of a command line as a shell splits them: quotes hold together, a hash begins a comment.</summary>
internal static class CommandWords
{
    public static string[] Of(string line)
    {
        var words = new List<string>();
        StringBuilder? word = null;
        char quote = '\0';
        foreach (char c in line)
        {
            if (quote != '\0')
                _ = c == quote ? Close() : word!.Append(c);
            else if (c is '"' or '\'')
                (quote, word) = (c, word ?? new StringBuilder());
            else if (c == '#' && word is null)
                break;
            else if (char.IsWhiteSpace(c))
                End();
            else
                (word ??= new StringBuilder()).Append(c);
        }
        End();
        return [.. words];

        StringBuilder Close()
        {
            quote = '\0';
            return word!;
        }

        void End()
        {
            if (word is not null)
                words.Add(word.ToString());
            word = null;
        }
    }
}
