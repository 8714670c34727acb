using System.Globalization;
using C = System.Globalization.UnicodeCategory;

namespace Managed.Loader.Tokenizers;

/// <summary>The names that \p{…} and [:…:] know: general categories, POSIX classes, scripts.</summary>
internal static class PointProperties
{
    private static readonly uint Symbols = UnicodeFacts.Mask(C.MathSymbol, C.CurrencySymbol, C.ModifierSymbol, C.OtherSymbol);
    private static readonly uint Separators = UnicodeFacts.Mask(C.SpaceSeparator, C.LineSeparator, C.ParagraphSeparator);
    private static readonly uint Others = UnicodeFacts.Mask(C.Control, C.Format, C.Surrogate, C.PrivateUse, C.OtherNotAssigned);

    private static readonly Dictionary<string, uint> Categories = new(StringComparer.OrdinalIgnoreCase)
    {
        ["L"] = UnicodeFacts.LetterMask,
        ["Letter"] = UnicodeFacts.LetterMask,
        ["Lu"] = UnicodeFacts.Mask(C.UppercaseLetter),
        ["Ll"] = UnicodeFacts.Mask(C.LowercaseLetter),
        ["Lt"] = UnicodeFacts.Mask(C.TitlecaseLetter),
        ["Lm"] = UnicodeFacts.Mask(C.ModifierLetter),
        ["Lo"] = UnicodeFacts.Mask(C.OtherLetter),
        ["M"] = UnicodeFacts.MarkMask,
        ["Mark"] = UnicodeFacts.MarkMask,
        ["Mn"] = UnicodeFacts.Mask(C.NonSpacingMark),
        ["Mc"] = UnicodeFacts.Mask(C.SpacingCombiningMark),
        ["Me"] = UnicodeFacts.Mask(C.EnclosingMark),
        ["N"] = UnicodeFacts.NumberMask,
        ["Number"] = UnicodeFacts.NumberMask,
        ["Nd"] = UnicodeFacts.Mask(C.DecimalDigitNumber),
        ["Nl"] = UnicodeFacts.Mask(C.LetterNumber),
        ["No"] = UnicodeFacts.Mask(C.OtherNumber),
        ["P"] = UnicodeFacts.PunctuationMask,
        ["Punctuation"] = UnicodeFacts.PunctuationMask,
        ["Pc"] = UnicodeFacts.Mask(C.ConnectorPunctuation),
        ["Pd"] = UnicodeFacts.Mask(C.DashPunctuation),
        ["Ps"] = UnicodeFacts.Mask(C.OpenPunctuation),
        ["Pe"] = UnicodeFacts.Mask(C.ClosePunctuation),
        ["Pi"] = UnicodeFacts.Mask(C.InitialQuotePunctuation),
        ["Pf"] = UnicodeFacts.Mask(C.FinalQuotePunctuation),
        ["Po"] = UnicodeFacts.Mask(C.OtherPunctuation),
        ["S"] = Symbols,
        ["Symbol"] = Symbols,
        ["Sm"] = UnicodeFacts.Mask(C.MathSymbol),
        ["Sc"] = UnicodeFacts.Mask(C.CurrencySymbol),
        ["Sk"] = UnicodeFacts.Mask(C.ModifierSymbol),
        ["So"] = UnicodeFacts.Mask(C.OtherSymbol),
        ["Z"] = Separators,
        ["Separator"] = Separators,
        ["Zs"] = UnicodeFacts.Mask(C.SpaceSeparator),
        ["Zl"] = UnicodeFacts.Mask(C.LineSeparator),
        ["Zp"] = UnicodeFacts.Mask(C.ParagraphSeparator),
        ["C"] = Others,
        ["Other"] = Others,
        ["Cc"] = UnicodeFacts.Mask(C.Control),
        ["Cf"] = UnicodeFacts.Mask(C.Format),
        ["Cs"] = UnicodeFacts.Mask(C.Surrogate),
        ["Co"] = UnicodeFacts.Mask(C.PrivateUse),
        ["Cn"] = UnicodeFacts.Mask(C.OtherNotAssigned),
    };

    private static readonly Dictionary<string, Func<int, bool>> Classes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["alpha"] = IsAlphabetic,
        ["alphabetic"] = IsAlphabetic,
        ["alnum"] = point => IsAlphabetic(point) || UnicodeFacts.Category(point) == C.DecimalDigitNumber,
        ["digit"] = point => UnicodeFacts.Category(point) == C.DecimalDigitNumber,
        ["upper"] = point => UnicodeFacts.Category(point) == C.UppercaseLetter,
        ["lower"] = point => UnicodeFacts.Category(point) == C.LowercaseLetter,
        ["punct"] = point => UnicodeFacts.IsBertPunctuation(point),
        ["space"] = UnicodeFacts.IsWhiteSpace,
        ["white_space"] = UnicodeFacts.IsWhiteSpace,
        ["blank"] = point => point == '\t' || UnicodeFacts.Category(point) == C.SpaceSeparator,
        ["cntrl"] = point => UnicodeFacts.Category(point) == C.Control,
        ["word"] = UnicodeFacts.IsWord,
        ["xdigit"] = point => point < 128 && char.IsAsciiHexDigit((char)point),
        ["ascii"] = point => point < 128,
        ["any"] = _ => true,
    };

    public static bool TryAdd(PointSet set, string name)
    {
        string simple = name.StartsWith("gc=", StringComparison.Ordinal) ? name[3..]
            : name.StartsWith("Script=", StringComparison.Ordinal) ? name[7..]
            : name.StartsWith("sc=", StringComparison.Ordinal) ? name[3..] : name;
        if (Categories.TryGetValue(simple, out uint mask))
            set.AddCategories(mask);
        else if (Classes.TryGetValue(simple, out var member))
            set.Add(member);
        else if (UnicodeScripts.Number(simple) is > 0 and var script)
            set.Add(point => UnicodeScripts.Of(point) == script);
        else
            return false;
        return true;
    }

    // Every word character is alphabetic but for the digits, the connectors and the marks that are no vowel signs.
    private static bool IsAlphabetic(int point) => UnicodeFacts.IsWord(point) && UnicodeFacts.Category(point) is not
        (UnicodeCategory.DecimalDigitNumber or UnicodeCategory.ConnectorPunctuation or UnicodeCategory.EnclosingMark);
}
