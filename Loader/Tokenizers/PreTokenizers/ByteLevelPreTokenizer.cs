using System.Text;

namespace Managed.Loader.Tokenizers;

/// <summary>GPT-2's pre-tokeniser: splits into words, and writes every byte as its printable symbol.</summary>
internal sealed class ByteLevelPreTokenizer(bool addPrefixSpace, bool useRegex) : IPreTokenizer
{
    private readonly SplitPreTokenizer words = new(WordScanner.Gpt2, SplitBehavior.Isolated, invert: false);

    public TextPieces Apply(TextPieces pieces)
    {
        if (addPrefixSpace)
            pieces = Prefixing.Apply(pieces, ' ', _ => true);
        if (useRegex)
            pieces = words.Apply(pieces);
        return ToBytes(pieces);
    }

    private static TextPieces ToBytes(TextPieces pieces)
    {
        var builder = new AlignedTextBuilder(pieces.Text.Length + 16);
        var output = new List<(int, int)>(pieces.Pieces.Count);
        Span<byte> bytes = stackalloc byte[4];
        foreach (var (from, to) in pieces.Pieces)
        {
            int start = builder.Count;
            for (int i = from; i < to; i++)
            {
                int point = pieces.Text[i];
                if (point < 0x80)
                {
                    builder.Add(ByteSymbols.Symbol((byte)point), pieces.Text, i);
                    continue;
                }
                foreach (byte value in bytes[..new Rune(point).EncodeToUtf8(bytes)])
                    builder.Add(ByteSymbols.Symbol(value), pieces.Text, i);
            }
            output.Add((start, builder.Count));
        }
        return new TextPieces(builder.Build(), output);
    }
}

/// <summary>Puts a character in front of the pieces that do not start with it.</summary>
internal static class Prefixing
{
    /// <param name="pieces">The pieces.</param>
    /// <param name="prefix">The code point to put in front.</param>
    /// <param name="wanted">Whether a piece that starts at this place of the original text gets it.</param>
    public static TextPieces Apply(TextPieces pieces, int prefix, Func<int, bool> wanted)
    {
        var builder = new AlignedTextBuilder(pieces.Text.Length + pieces.Pieces.Count);
        var output = new List<(int, int)>(pieces.Pieces.Count);
        foreach (var (from, to) in pieces.Pieces)
        {
            int start = builder.Count;
            var (origin, _) = pieces.Text.Offsets(from, to);
            if (wanted(origin) && (from == to || pieces.Text[from] != prefix))
            {
                var (first, last) = pieces.Text.Offsets(from, Math.Min(from + 1, to));
                builder.Add(prefix, first, last); // counts as part of the first character
            }
            builder.Append(pieces.Text, from, to);
            output.Add((start, builder.Count));
        }
        return new TextPieces(builder.Build(), output);
    }
}
