namespace Managed.Loader.Tokenizers;

/// <summary>Whether SentencePiece's space sign is put in front of a text.</summary>
internal enum PrependScheme
{
    Always,

    /// <summary>Only at the very start, not behind a special token.</summary>
    First,
    Never,
}

/// <summary>SentencePiece's spaces: written as a visible sign, and split before each.</summary>
internal sealed class MetaspacePreTokenizer(int replacement, PrependScheme scheme, bool split) : IPreTokenizer
{
    private readonly SplitPreTokenizer splitter =
        new(new LiteralPattern([replacement]), SplitBehavior.MergedWithNext, invert: false);

    public TextPieces Apply(TextPieces pieces)
    {
        var builder = new AlignedTextBuilder(pieces.Text.Length + 1);
        for (int i = 0; i < pieces.Text.Length; i++)
            builder.Add(pieces.Text[i] == ' ' ? replacement : pieces.Text[i], pieces.Text, i);
        pieces = pieces with { Text = builder.Build() };
        if (scheme != PrependScheme.Never)
            pieces = Prefixing.Apply(pieces, replacement, origin => scheme == PrependScheme.Always || origin == 0);
        return split ? splitter.Apply(pieces) : pieces;
    }
}
