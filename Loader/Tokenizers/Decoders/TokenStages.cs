namespace Managed.Loader.Tokenizers;

/// <summary>Rewrites each token by itself. What a token becomes behind the first place is remembered.</summary>
internal sealed class MapStage(Func<string, bool, string> map) : TokenStage
{
    private readonly Dictionary<string, string> known = new(StringComparer.Ordinal);

    protected override void OnToken(ReadOnlySpan<char> token) => Next.Push(IsFirst ? map(token.ToString(), true) : Later(token), true, true);

    private string Later(ReadOnlySpan<char> token)
    {
        if (known.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(token, out string? mapped))
            return mapped;
        string text = token.ToString();
        return known[text] = map(text, false);
    }

    /// <summary>Spaces between tokens, as for files without a decoder.</summary>
    public static MapStage Spaces() => new((token, first) => first ? token : " " + token);

    public static MapStage Replace(ITextPattern pattern, string content)
    {
        var normalizer = new ReplaceNormalizer(pattern, content);
        return new((token, _) => normalizer.Normalize(AlignedText.FromString(token)).ToString());
    }

    public static MapStage WordPiece(string prefix, bool cleanUp) => new((token, first) =>
    {
        if (!first)
            token = prefix.Length > 0 && token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
        return cleanUp ? CleanUp(token) : token;
    });

    /// <summary>SentencePiece's space signs become spaces; those of the first token go where one was put in front.</summary>
    public static MapStage Metaspace(string replacement, PrependScheme scheme) => new((token, first) =>
        token.Replace(replacement, first && scheme != PrependScheme.Never ? "" : " ", StringComparison.Ordinal));

    /// <summary>Takes up to `start` and `stop` occurrences of a character away at the ends of each token.</summary>
    public static MapStage Strip(string content, int start, int stop) => new((token, _) =>
    {
        for (int i = 0; i < start && token.StartsWith(content, StringComparison.Ordinal); i++)
            token = token[content.Length..];
        for (int i = 0; i < stop && token.EndsWith(content, StringComparison.Ordinal); i++)
            token = token[..^content.Length];
        return token;
    });

    /// <summary>English punctuation without the spaces that joining words puts there.</summary>
    public static string CleanUp(string token)
    {
        foreach (var (from, to) in CleanUps)
            token = token.Replace(from, to, StringComparison.Ordinal);
        return token;
    }

    private static readonly (string From, string To)[] CleanUps =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
        (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];
}

/// <summary>Joins all tokens into one.</summary>
internal sealed class FuseStage : DecoderStage
{
    private bool began;

    public override void Push(ReadOnlySpan<char> piece, bool begins, bool ends)
    {
        Next.Push(piece, !began, false);
        began = true;
    }

    public override void Flush()
    {
        if (began)
            Next.Push("", false, true);
        began = false;
        Next.Flush();
    }
}

/// <summary>A suffix marks the ends of words: it becomes a space, and nothing at the very end.</summary>
internal sealed class SuffixStage(string suffix) : TokenStage
{
    private string? held;

    protected override void OnToken(ReadOnlySpan<char> token)
    {
        Give(" ");
        held = token.ToString();
    }

    protected override void End()
    {
        Give("");
        held = null;
    }

    private void Give(string replacement)
    {
        if (held is not null)
            Next.Push(suffix.Length == 0 ? held : held.Replace(suffix, replacement, StringComparison.Ordinal), true, true);
    }
}

/// <summary>Connectionist temporal classification: repeated tokens count once, the blank token not at all.</summary>
internal sealed class CtcStage(string blank, string wordDelimiter, bool cleanUp) : TokenStage
{
    private string? previous;

    protected override void OnToken(ReadOnlySpan<char> piece)
    {
        if (previous is not null && piece.SequenceEqual(previous))
            return;
        string token = previous = piece.ToString();
        if (blank.Length > 0)
            token = token.Replace(blank, "", StringComparison.Ordinal);
        if (cleanUp)
            token = MapStage.CleanUp(token);
        if (cleanUp && wordDelimiter.Length > 0)
            token = token.Replace(wordDelimiter, " ", StringComparison.Ordinal);
        if (token.Length > 0)
            Next.Push(token, true, true);
    }

    protected override void End() => previous = null;
}

/// <summary>Byte tokens such as &lt;0xE2&gt; become the character that they spell; a run that spells none, one U+FFFD a byte.</summary>
internal sealed class ByteFallbackStage : TokenStage
{
    private static readonly System.Text.UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);
    private readonly List<byte> bytes = [];

    protected override void OnToken(ReadOnlySpan<char> token)
    {
        if (ByteTokens.Parse(token) is { } value)
        {
            bytes.Add(value);
            return;
        }
        End();
        Next.Push(token, true, true);
    }

    protected override void End()
    {
        if (bytes.Count == 0)
            return;
        var run = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes);
        if (System.Text.Unicode.Utf8.IsValid(run))
        {
            Next.Push(Strict.GetString(run), true, true);
        }
        else
        {
            foreach (byte _ in run)
                Next.Push("\uFFFD", true, true);
        }
        bytes.Clear();
    }
}
