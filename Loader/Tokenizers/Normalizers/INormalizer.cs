namespace Managed.Loader.Tokenizers;

/// <summary>What rewrites a text before it is split.</summary>
internal interface INormalizer
{
    AlignedText Normalize(AlignedText text);
}

/// <summary>Several normalisers in turn.</summary>
internal sealed class NormalizerSequence(IReadOnlyList<INormalizer> parts) : INormalizer
{
    public AlignedText Normalize(AlignedText text) => parts.Aggregate(text, (current, part) => part.Normalize(current));
}

/// <summary>Replaces each code point by none, one or several, whatever its neighbours.</summary>
internal sealed class PointNormalizer(PointNormalizer.Rule rule) : INormalizer
{
    /// <summary>Writes what becomes of a code point; returns how many code points that is.</summary>
    public delegate int Rule(int point, Span<int> output);

    public AlignedText Normalize(AlignedText text)
    {
        var builder = new AlignedTextBuilder(text.Length);
        Span<int> output = stackalloc int[8];
        for (int i = 0; i < text.Length; i++)
            builder.Replace(text, i, i + 1, output[..rule(text[i], output)]);
        return builder.Build();
    }

    /// <summary>Keeps what does not satisfy the predicate.</summary>
    public static PointNormalizer Removing(Func<int, bool> predicate) => new((point, output) =>
    {
        output[0] = point;
        return predicate(point) ? 0 : 1;
    });

    public static PointNormalizer Lowercase { get; } = new(Lower);

    public static PointNormalizer StripAccents { get; } = Removing(UnicodeFacts.IsStrippedMark);

    /// <summary>The clean-up of Google's NMT: control characters go, unusual spaces become spaces.</summary>
    public static PointNormalizer Nmt { get; } = new((point, output) =>
    {
        output[0] = point is 0x09 or 0x0A or 0x0C or 0x0D or 0x1680 or (>= 0x200B and <= 0x200F) or 0x2028 or 0x2029 or 0x2581
            or 0xFEFF or 0xFFFD ? ' ' : point;
        return point is (>= 0x01 and <= 0x08) or 0x0B or (>= 0x0E and <= 0x1F) or 0x7F or 0x8F or 0x9F ? 0 : 1;
    });

    /// <summary>Every byte of the UTF-8 becomes its symbol of GPT-2's alphabet.</summary>
    public static PointNormalizer ByteLevel { get; } = new((point, output) =>
    {
        Span<byte> bytes = stackalloc byte[4];
        int count = new System.Text.Rune(point).EncodeToUtf8(bytes);
        for (int i = 0; i < count; i++)
            output[i] = ByteSymbols.Symbol(bytes[i]);
        return count;
    });

    public static int Lower(int point, Span<int> output)
    {
        if (point == 0x130)
        {
            (output[0], output[1]) = ('i', 0x307);
            return 2;
        }
        output[0] = UnicodeFacts.ToLower(point);
        return 1;
    }
}

/// <summary>Puts a text before any text that is not empty.</summary>
internal sealed class PrependNormalizer(string prefix) : INormalizer
{
    private readonly int[] points = AlignedText.PointsOf(prefix);

    public AlignedText Normalize(AlignedText text)
    {
        if (text.Length == 0)
            return text;
        var builder = new AlignedTextBuilder(text.Length + points.Length);
        foreach (int point in points)
            builder.Add(point, text.Start(0), text.End(0)); // what is put in front counts as part of the first character
        builder.Append(text, 0, text.Length);
        return builder.Build();
    }
}

/// <summary>Takes white space away at the ends.</summary>
internal sealed class StripNormalizer(bool left, bool right) : INormalizer
{
    public AlignedText Normalize(AlignedText text)
    {
        int from = 0, to = text.Length;
        while (left && from < to && UnicodeFacts.IsWhiteSpace(text[from]))
            from++;
        while (right && to > from && UnicodeFacts.IsWhiteSpace(text[to - 1]))
            to--;
        return text.Slice(from, to);
    }
}

/// <summary>Replaces every occurrence of a pattern.</summary>
internal sealed class ReplaceNormalizer(ITextPattern pattern, string content) : INormalizer
{
    private readonly int[] content = AlignedText.PointsOf(content);

    public AlignedText Normalize(AlignedText text)
    {
        AlignedTextBuilder? builder = null;
        int done = 0;
        int from = 0;
        while (from <= text.Length && pattern.TryFind(text.Points, from, out int start, out int end))
        {
            builder ??= new AlignedTextBuilder(text.Length);
            builder.Append(text, done, start);
            builder.Replace(text, start, end, content);
            done = end;
            from = end > start ? end : end + 1;
        }
        if (builder is null)
            return text;
        builder.Append(text, done, text.Length);
        return builder.Build();
    }
}
