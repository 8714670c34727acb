namespace Managed.Loader.Tokenizers;

/// <summary>What SentencePiece does to a text before it cuts it: its character map, and its way with spaces.</summary>
internal sealed class SentencePieceNormalizer : INormalizer
{
    public const int SpaceSign = 0x2581;

    public CharsMap? Map { get; init; }

    /// <summary>The user's own symbols, which are left as they are.</summary>
    public PieceTrie? Kept { get; init; }

    public bool AddDummyPrefix { get; init; } = true;

    public bool RemoveExtraWhitespaces { get; init; } = true;

    public bool EscapeWhitespaces { get; init; } = true;

    /// <summary>The added space goes to the end.</summary>
    public bool SpaceAsSuffix { get; init; }

    private int Space => EscapeWhitespaces ? SpaceSign : ' ';

    public AlignedText Normalize(AlignedText text)
    {
        var mapped = ApplyMap(text);
        int from = 0;
        while (RemoveExtraWhitespaces && from < mapped.Length && mapped[from] == ' ')
            from++;
        if (text.Length == 0 || (RemoveExtraWhitespaces && from == mapped.Length))
            return AlignedText.Empty;
        var builder = new AlignedTextBuilder(mapped.Length + 1);
        if (AddDummyPrefix && !SpaceAsSuffix)
        {
            var first = from < mapped.Length ? mapped.Offsets(from, from + 1) : text.Offsets(0, text.Length);
            builder.Add(Space, first.Start, first.End);
        }
        for (int i = from; i < mapped.Length; i++)
        {
            if (RemoveExtraWhitespaces && mapped[i] == ' ' && (i + 1 == mapped.Length || mapped[i + 1] == ' '))
                continue; // of several spaces, and of those at the end, none but the last before a word stays
            builder.Add(mapped[i] == ' ' ? Space : mapped[i], mapped, i);
        }
        var output = builder.Build();
        int end = output.Length;
        while (RemoveExtraWhitespaces && end > 0 && output[end - 1] == Space)
            end--;
        if (!AddDummyPrefix || !SpaceAsSuffix)
            return output.Slice(0, end);
        var suffixed = new AlignedTextBuilder(end + 1);
        suffixed.Append(output, 0, end);
        suffixed.Add(Space, end > 0 ? output.Start(end - 1) : 0, end > 0 ? output.End(end - 1) : 0);
        return suffixed.Build();
    }

    private AlignedText ApplyMap(AlignedText text)
    {
        if (Map is null)
            return text;
        byte[] bytes = new byte[text.Length * 4];
        int count = AlignedText.EncodeUtf8(text.Points, bytes);
        var builder = new AlignedTextBuilder(text.Length);
        int at = 0;
        for (int i = 0; i < text.Length;)
        {
            var rest = bytes.AsSpan(at, count - at);
            int kept = Kept?.LongestMatch(rest) ?? 0;
            var (length, replacement) = kept > 0 ? (kept, null) : Map.Find(rest, shortest: false);
            int end = i;
            for (int passed = 0; passed < length; end++)
                passed += new System.Text.Rune(text[end]).Utf8SequenceLength;
            if (length == 0 || kept > 0)
                builder.Append(text, i, end = Math.Max(end, i + 1));
            else
                builder.Replace(text, i, end, AlignedText.PointsOf(replacement!));
            for (; i < end; i++)
                at += new System.Text.Rune(text[i]).Utf8SequenceLength;
        }
        return builder.Build();
    }
}
