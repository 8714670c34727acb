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
    private readonly Dictionary<int, List<(int[] Content, AddedToken Token)>> byFirst = [];

    public AddedTokenFinder(IEnumerable<(int[] Content, AddedToken Token)> tokens)
    {
        foreach (var entry in tokens.Where(entry => entry.Content.Length > 0))
        {
            if (!byFirst.TryGetValue(entry.Content[0], out var list))
                byFirst.Add(entry.Content[0], list = []);
            list.RemoveAll(other => other.Content.AsSpan().SequenceEqual(entry.Content)); // the later one wins
            list.Add(entry);
        }
        foreach (var list in byFirst.Values)
            list.Sort((a, b) => b.Content.Length.CompareTo(a.Content.Length));
    }

    public bool IsEmpty => byFirst.Count == 0;

    /// <summary>Cuts the text into added tokens and what lies between them (no token).</summary>
    public List<(AddedToken? Token, int From, int To)> Cut(ReadOnlySpan<int> text)
    {
        var parts = new List<(AddedToken?, int, int)>();
        int done = 0;
        for (int at = 0; !IsEmpty && at < text.Length;)
        {
            if (Match(text, at) is not { } match)
            {
                at++;
                continue;
            }
            int from = at;
            int to = at + match.Content.Length;
            at = to; // a match that does not count hides others within it all the same
            var token = match.Token;
            if (token.SingleWord && (TouchesWord(text, from - 1) || TouchesWord(text, to)))
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

    private (int[] Content, AddedToken Token)? Match(ReadOnlySpan<int> text, int at)
    {
        if (byFirst.TryGetValue(text[at], out var list))
            foreach (var entry in list)
                if (text[at..].StartsWith(entry.Content))
                    return entry;
        return null;
    }

    private static bool TouchesWord(ReadOnlySpan<int> text, int at) =>
        (uint)at < (uint)text.Length && UnicodeFacts.IsWordOrJoiner(text[at]);
}
