using System.Globalization;

namespace Managed.Constraints;

/// <summary>The named sets of a regex.</summary>
internal static class CharacterClasses
{
    private static readonly CodePointSet Digits = CodePointSet.Range('0', '9');
    private static readonly CodePointSet Word = Digits.Union(CodePointSet.Range('a', 'z')).Union(CodePointSet.Range('A', 'Z')).Union(CodePointSet.Of("_"));
    private static readonly CodePointSet Space =
        CodePointSet.Of("\t\n\v\f\r \u00A0\u1680\u2028\u2029\u202F\u205F\u3000\uFEFF").Union(CodePointSet.Range(0x2000, 0x200A));

    private static readonly Lazy<CodePointSet> WideDigits = new(() => Digits.Union(Category("Nd")!));
    private static readonly Lazy<CodePointSet> WideWord = new(() => Word.Union(Category("L")!).Union(Category("N")!).Union(Category("M")!));
    private static readonly Lazy<CodePointSet> WideSpace = new(() => Space.Union(CodePointSet.Of("\u0085")).Union(CodePointSet.Range(0x1C, 0x1F)));

    /// <summary>Everything but the end of a line.</summary>
    public static CodePointSet Dot { get; } = CodePointSet.Of("\n").Complement();

    /// <summary>
    /// `\d`, `\w`, `\s` and their opposites; null for other letters. Dialects differ on what lies beyond ASCII: a set takes what all agree
    /// on, so a set that will be `negated` takes what any of them counts in.
    /// </summary>
    public static CodePointSet? Shorthand(int letter, bool negated)
    {
        bool opposite = letter is 'D' or 'W' or 'S';
        CodePointSet? set = (char)(letter | 0x20) switch
        {
            'd' => negated != opposite ? WideDigits.Value : Digits,
            'w' => negated != opposite ? WideWord.Value : Word,
            's' => negated != opposite ? WideSpace.Value : Space,
            _ => null,
        };
        return opposite ? set?.Complement() : set;
    }

    /// <summary>The code points of a general category (`L`, `Lu`, `Nd`, …); null if there is none of that name.</summary>
    public static CodePointSet? Category(string name)
    {
        var categories = Enum.GetValues<UnicodeCategory>().Where(category => Abbreviations[(int)category].StartsWith(name, StringComparison.Ordinal)).ToHashSet();
        return categories.Count == 0 || name.Length == 0 ? null : CodePointSet.Where(codePoint => categories.Contains(CharUnicodeInfo.GetUnicodeCategory(codePoint)));
    }

    // In the order of System.Globalization.UnicodeCategory.
    private static readonly string[] Abbreviations =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc",
        "Cf", "Cs", "Co", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",
    ];
}
