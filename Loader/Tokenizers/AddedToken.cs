namespace Managed.Loader.Tokenizers;

/// <summary>A token that is found in the text itself, before the model sees what lies between.</summary>
internal sealed record AddedToken(int Id, string Content)
{
    /// <summary>Found only where no word character touches it.</summary>
    public bool SingleWord { get; init; }

    /// <summary>Takes the white space before it.</summary>
    public bool StripLeft { get; init; }

    /// <summary>Takes the white space behind it.</summary>
    public bool StripRight { get; init; }

    /// <summary>Looked for in the normalised text.</summary>
    public bool Normalized { get; init; }

    /// <summary>Controls the model rather than being text; decoding may skip it.</summary>
    public bool Special { get; init; }
}

/// <summary>Finds added tokens: the leftmost first, and of those that start there, the longest.</summary>
internal sealed class AddedTokenFinder : ITokenCutter
{
    private readonly PointTrie<AddedToken> tokens = new();

    /// <param name="tokens">What to find; of two with the same content, the later.</param>
    /// <param name="contentOf">A token's content as it stands in the text.</param>
    public AddedTokenFinder(IEnumerable<AddedToken> tokens, Func<AddedToken, int[]> contentOf)
    {
        foreach (var token in tokens)
            this.tokens[contentOf(token)] = token;
    }

    /// <summary>Cuts the text into added tokens and what lies between them (no token).</summary>
    public List<(AddedToken? Token, int From, int To)> Cut(ReadOnlySpan<int> text)
    {
        var parts = new List<(AddedToken?, int, int)>();
        int done = 0;
        for (int at = 0; !tokens.IsEmpty && at < text.Length;)
        {
            if (tokens.LongestMatch(text[at..], out var token) is not (> 0 and var length))
            {
                at++;
                continue;
            }
            int from = at;
            int to = at + length;
            at = to; // a match that does not count hides others within it all the same
            if (token!.SingleWord && (TouchesWord(text, from - 1) || TouchesWord(text, to)))
                continue;
            while (token.StripLeft && from > done && UnicodeFacts.IsWhiteSpace(text[from - 1]))
                from--;
            while (token.StripRight && to < text.Length && UnicodeFacts.IsWhiteSpace(text[to]))
                to++;
            if (from > done)
                parts.Add((null, done, from));
            parts.Add((token, Math.Max(from, done), Math.Max(to, done)));
            done = Math.Max(to, done);
        }
        if (done < text.Length)
            parts.Add((null, done, text.Length));
        return parts;
    }

    private static bool TouchesWord(ReadOnlySpan<int> text, int at) =>
        (uint)at < (uint)text.Length && UnicodeFacts.IsWordOrJoiner(text[at]);
}
