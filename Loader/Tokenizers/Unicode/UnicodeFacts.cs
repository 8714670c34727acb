using System.Globalization;
using System.Text;

namespace Managed.Loader.Tokenizers;

/// <summary>The properties of code points that tokenizers ask for, as the formats' own implementations define them.</summary>
internal static class UnicodeFacts
{
    // A table over the first two planes' worth of categories would cost 128 KiB; the first 4,096 code points cover most text.
    private static readonly byte[] Categories = BuildCategories();

    public static UnicodeCategory Category(int point) =>
        (uint)point < (uint)Categories.Length ? (UnicodeCategory)Categories[point] : CharUnicodeInfo.GetUnicodeCategory(point);

    /// <summary>A set of general categories as bits.</summary>
    public static uint Mask(params ReadOnlySpan<UnicodeCategory> categories)
    {
        uint mask = 0;
        foreach (var category in categories)
            mask |= 1u << (int)category;
        return mask;
    }

    public static uint LetterMask { get; } = Mask(UnicodeCategory.UppercaseLetter, UnicodeCategory.LowercaseLetter,
        UnicodeCategory.TitlecaseLetter, UnicodeCategory.ModifierLetter, UnicodeCategory.OtherLetter);

    public static uint MarkMask { get; } =
        Mask(UnicodeCategory.NonSpacingMark, UnicodeCategory.SpacingCombiningMark, UnicodeCategory.EnclosingMark);

    public static uint NumberMask { get; } =
        Mask(UnicodeCategory.DecimalDigitNumber, UnicodeCategory.LetterNumber, UnicodeCategory.OtherNumber);

    public static uint PunctuationMask { get; } = Mask(UnicodeCategory.ConnectorPunctuation, UnicodeCategory.DashPunctuation,
        UnicodeCategory.OpenPunctuation, UnicodeCategory.ClosePunctuation, UnicodeCategory.InitialQuotePunctuation,
        UnicodeCategory.FinalQuotePunctuation, UnicodeCategory.OtherPunctuation);

    public static bool Is(int point, uint mask) => (mask >> (int)Category(point) & 1) != 0;

    public static bool IsLetter(int point) =>
        point < 0x80 ? (uint)((point | 0x20) - 'a') < 26 : Is(point, LetterMask);

    public static bool IsNumber(int point) => point < 0x80 ? (uint)(point - '0') < 10 : Is(point, NumberMask);

    public static bool IsMark(int point) => point >= 0x300 && Is(point, MarkMask);

    /// <summary>A mark by the tables that StripAccents carries: older than Unicode 12, which made letters of two of them.</summary>
    public static bool IsStrippedMark(int point) => (IsMark(point) && UnicodeAges.IsAssignedIn(11, point)) || point is 0x1CF2 or 0x1CF3;

    public static bool IsWhiteSpace(int point) => point < 0x80
        ? point is ' ' or (>= 9 and <= 13)
        : point is 0x85 or 0xA0 or 0x1680 or (>= 0x2000 and <= 0x200A) or 0x2028 or 0x2029 or 0x202F or 0x205F or 0x3000;

    /// <summary>Punctuation as BERT has it: every ASCII symbol, and the general category P beyond, by the tables of Unicode 9.</summary>
    public static bool IsBertPunctuation(int point) => point < 0x80
        ? point is (>= 33 and <= 47) or (>= 58 and <= 64) or (>= 91 and <= 96) or (>= 123 and <= 126)
        : Is(point, PunctuationMask) && UnicodeAges.IsAssignedIn(9, point);

    private static readonly uint WordMask = LetterMask | MarkMask |
        Mask(UnicodeCategory.DecimalDigitNumber, UnicodeCategory.LetterNumber, UnicodeCategory.ConnectorPunctuation);

    /// <summary>`\w` of Unicode Technical Standard 18, without the join controls.</summary>
    public static bool IsWord(int point) => Is(point, WordMask) || IsAlphabeticSymbol(point);

    /// <summary>`\w` with the two join controls, as Rust's regex library has it.</summary>
    public static bool IsWordOrJoiner(int point) => IsWord(point) || point is 0x200C or 0x200D;

    /// <summary>`point` in lower case, alone: two code points for U+0130.</summary>
    public static int ToLower(int point) => point < 0x80
        ? (uint)(point - 'A') < 26 ? point | 0x20 : point
        : Rune.ToLowerInvariant(new Rune(point)).Value;

    /// <summary>Equal for code points that differ only in case.</summary>
    public static int Fold(int point) => point switch
    {
        < 0x80 => (uint)(point - 'A') < 26 ? point | 0x20 : point,
        0x17F => 's',
        0x212A => 'k',
        _ => Rune.ToLowerInvariant(Rune.ToUpperInvariant(new Rune(point))).Value,
    };

    // Circled and squared letters are symbols by category and alphabetic by property.
    private static bool IsAlphabeticSymbol(int point) => point is
        (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189);

    private static byte[] BuildCategories()
    {
        var table = new byte[0x1000];
        for (int point = 0; point < table.Length; point++)
            table[point] = (byte)CharUnicodeInfo.GetUnicodeCategory(point);
        return table;
    }
}
