using System.Globalization;

namespace Managed.Loader.Tokenizers;

/// <summary>BERT's clean-up: controls go, spaces are made plain, ideographs stand alone, accents and case may go.</summary>
internal sealed class BertNormalizer : INormalizer
{
    private readonly NormalizerSequence parts;

    public BertNormalizer(bool cleanText, bool handleChineseChars, bool? stripAccents, bool lowercase)
    {
        var list = new List<INormalizer>();
        if (cleanText)
            list.Add(new PointNormalizer(Clean));
        if (handleChineseChars)
            list.Add(new PointNormalizer(SetApart));
        if (stripAccents ?? lowercase)
        {
            list.Add(new UnicodeNormalizer(compose: false, compatibility: false));
            list.Add(PointNormalizer.Removing(point => UnicodeFacts.Category(point) == UnicodeCategory.NonSpacingMark));
        }
        if (lowercase)
            list.Add(PointNormalizer.Lowercase);
        parts = new NormalizerSequence(list);
    }

    public AlignedText Normalize(AlignedText text) => parts.Normalize(text);

    private static int Clean(int point, Span<int> output)
    {
        output[0] = UnicodeFacts.IsWhiteSpace(point) ? ' ' : point;
        if (point is '\t' or '\n' or '\r')
            return 1;
        bool control = point is 0 or 0xFFFD || (UnicodeAges.IsAssignedIn(9, point) &&
            UnicodeFacts.Category(point) is (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse));
        return control ? 0 : 1;
    }

    private static int SetApart(int point, Span<int> output)
    {
        if (!IsIdeograph(point))
        {
            output[0] = point;
            return 1;
        }
        (output[0], output[1], output[2]) = (' ', point, ' ');
        return 3;
    }

    // The blocks that BERT's own code lists; it leaves out a part of extension E.
    public static bool IsIdeograph(int point) => point is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF)
        or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F)
        or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);
}
