namespace Managed.Tests.Docs;

/// <summary>A fenced block of a Markdown page.</summary>
/// <param name="Language">The word after the fence.</param>
/// <param name="Text">What is inside, each line ended by a line feed.</param>
/// <param name="Place">Page and line, for messages.</param>
internal sealed record CodeBlock(string Language, string Text, string Place)
{
    /// <summary>All blocks of a page in order.</summary>
    public static IReadOnlyList<CodeBlock> Read(string page)
    {
        var blocks = new List<CodeBlock>();
        string[] lines = File.ReadAllText(page).ReplaceLineEndings("\n").Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith("```"))
                continue;
            int first = ++i;
            while (i < lines.Length && lines[i] != "```")
                i++;
            Assert.That(i, Is.LessThan(lines.Length), $"{page}:{first}: a block without an end");
            blocks.Add(new CodeBlock(lines[first - 1][3..].Trim(), string.Concat(lines[first..i].Select(line => line + "\n")), $"{Path.GetFileName(page)}:{first}"));
        }
        return blocks;
    }
}
