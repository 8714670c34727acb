namespace Managed.Loader.Tokenizers;

/// <summary>Cuts a text at the tokens that are found in the text itself.</summary>
internal interface ITokenCutter
{
    /// <summary>The tokens and, without a token, what lies between them.</summary>
    List<(AddedToken? Token, int From, int To)> Cut(ReadOnlySpan<int> text);
}

/// <summary>llama.cpp's way to find special tokens: the longest token first, all over the text, then the next in what is left.</summary>
internal sealed class SpecialTokenPartition : ITokenCutter
{
    private readonly AddedToken[] tokens; // by length, the longest first
    private readonly PointTrie<AddedToken> byContent = new();

    public SpecialTokenPartition(IEnumerable<AddedToken> tokens)
    {
        this.tokens = [.. tokens.OrderByDescending(token => System.Text.Encoding.UTF8.GetByteCount(token.Content))];
        for (int i = this.tokens.Length - 1; i >= 0; i--) // the first of two wins
            byContent[AlignedText.PointsOf(this.tokens[i].Content)] = this.tokens[i];
    }

    public List<(AddedToken? Token, int From, int To)> Cut(ReadOnlySpan<int> text)
    {
        var parts = new List<(AddedToken? Token, int From, int To)>();
        if (text.Length > 0)
            parts.Add((null, 0, text.Length));
        var present = new HashSet<AddedToken>(ReferenceEqualityComparer.Instance);
        for (int at = 0; at < text.Length; at++)
            byContent.AllMatches(text[at..], present);
        foreach (var token in tokens)
            if (present.Contains(token))
                parts = CutAt(text, AlignedText.PointsOf(token.Content), token, parts);
        return parts;
    }

    private static List<(AddedToken?, int, int)> CutAt(
        ReadOnlySpan<int> text, int[] content, AddedToken token, List<(AddedToken? Token, int From, int To)> parts)
    {
        var output = new List<(AddedToken?, int, int)>();
        foreach (var part in parts)
        {
            int from = part.From;
            while (part.Token is null && text[from..part.To].IndexOf(content) is >= 0 and var found)
            {
                int start = from + found, end = start + content.Length;
                int before = start, behind = end;
                while (token.StripLeft && before > from && IsSpace(text[before - 1]))
                    before--;
                while (token.StripRight && behind < part.To && IsSpace(text[behind]))
                    behind++;
                if (before > from)
                    output.Add((null, from, before));
                output.Add((token, before, behind));
                from = behind;
            }
            if (part.Token is not null || from < part.To)
                output.Add((part.Token, from, part.To));
        }
        return output;
    }

    private static bool IsSpace(int point) => point is ' ' or (>= 9 and <= 13);
}
