using System.Globalization;

namespace Managed.Loader.Tokenizers;

/// <summary>BERT's words as llama.cpp makes them: lower case without accents, punctuation and ideographs alone, a space sign before each.</summary>
internal sealed class GgufWordPreTokenizer : IPreTokenizer
{
    private const int SpaceSign = SentencePieceNormalizer.SpaceSign;

    private static readonly uint Symbols = UnicodeFacts.Mask(
        UnicodeCategory.MathSymbol, UnicodeCategory.CurrencySymbol, UnicodeCategory.ModifierSymbol, UnicodeCategory.OtherSymbol);

    public TextPieces Apply(TextPieces pieces)
    {
        var builder = new AlignedTextBuilder(pieces.Text.Length * 2);
        var words = new List<(int, int)>();
        foreach (var (from, to) in pieces.Pieces)
        {
            int start = -1; // of the word that is open
            for (int i = from; i < to; i++)
            {
                int point = BasePoint(pieces.Text[i]);
                bool space = UnicodeFacts.IsWhiteSpace(point);
                bool alone = IsAlone(point);
                if ((space || alone) && start >= 0)
                {
                    words.Add((start, builder.Count));
                    start = -1;
                }
                if (space || point is 0 or 0xFFFD || UnicodeFacts.Category(point) == UnicodeCategory.Control)
                    continue;
                if (start < 0)
                {
                    start = builder.Count;
                    builder.Add(SpaceSign, pieces.Text, i);
                }
                builder.Add(UnicodeFacts.ToLower(point), pieces.Text, i);
                if (alone)
                {
                    words.Add((start, builder.Count));
                    start = -1;
                }
            }
            if (start >= 0)
                words.Add((start, builder.Count));
        }
        return new TextPieces(builder.Build(), words);
    }

    private static bool IsAlone(int point) => UnicodeFacts.Is(point, UnicodeFacts.PunctuationMask) ||
        (point < 0x7F && UnicodeFacts.Is(point, Symbols)) || BertNormalizer.IsIdeograph(point);

    /// <summary>The first code point of the canonical decomposition.</summary>
    private static int BasePoint(int point)
    {
        while (point >= 0xA0 && NormalizationTables.Shared.TryDecompose(point, compatibility: false, out int[] parts))
            point = parts[0];
        return point;
    }
}
