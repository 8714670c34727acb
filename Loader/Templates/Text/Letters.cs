using System.Globalization;
using System.Text;

namespace Managed.Loader.Templates;

/// <summary>Upper, lower and title case as Python has them: full mappings, so that ß becomes SS.</summary>
internal static class Letters
{
    public static string Upper(string text) => Mapped(text, SpecialCasing.Upper, Rune.ToUpperInvariant);

    public static string Lower(string text)
    {
        string lower = Mapped(text, SpecialCasing.Lower, Rune.ToLowerInvariant);
        return text.Contains('Σ') ? FinalSigmas(text, lower) : lower;
    }

    public static string Capitalize(string text)
    {
        if (text.Length == 0)
            return text;
        int first = PythonText.Width(text, 0);
        return ToTitle(text[..first]) + Lower(text)[Lower(text[..first]).Length..];
    }

    public static string Title(string text)
    {
        Budget.Spend(text.Length / 4);
        var result = new StringBuilder(text.Length);
        bool inWord = false;
        foreach (string character in PythonText.Characters(text))
        {
            result.Append(inWord ? Lower(character) : ToTitle(character));
            inWord = IsCased(character);
        }
        return result.ToString();
    }

    public static string SwapCase(string text)
    {
        Budget.Spend(text.Length / 4);
        var result = new StringBuilder(text.Length);
        foreach (string character in PythonText.Characters(text))
            result.Append(Is(character, UnicodeCategory.UppercaseLetter) ? Lower(character) : Upper(character));
        return result.ToString();
    }

    public static bool IsLower(string text) => HasCaseOnly(text, lower: true);

    public static bool IsUpper(string text) => HasCaseOnly(text, lower: false);

    public static bool IsTitle(string text)
    {
        bool any = false, inWord = false;
        foreach (string character in PythonText.Characters(text))
        {
            bool cased = IsCased(character);
            if (cased && inWord == !Is(character, UnicodeCategory.LowercaseLetter))
                return false;
            any |= cased;
            inWord = cased;
        }
        return any;
    }

    /// <summary>Digits, and what stands for one: superscripts, circled digits.</summary>
    public static bool IsDigit(Rune rune) => Rune.IsDigit(rune) || (rune.IsBmp && CharUnicodeInfo.GetDigitValue((char)rune.Value) >= 0);

    private static string ToTitle(string character) =>
        SpecialCasing.Title.TryGetValue(character, out string? special) ? special : Upper(character);

    private static bool Is(string character, UnicodeCategory category) => CharUnicodeInfo.GetUnicodeCategory(character, 0) == category;

    private static bool IsCased(string character) => CharUnicodeInfo.GetUnicodeCategory(character, 0)
        is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter;

    private static bool HasCaseOnly(string text, bool lower)
    {
        var wrong = lower ? UnicodeCategory.UppercaseLetter : UnicodeCategory.LowercaseLetter;
        var right = lower ? UnicodeCategory.LowercaseLetter : UnicodeCategory.UppercaseLetter;
        bool any = false;
        foreach (string character in PythonText.Characters(text))
        {
            if (Is(character, wrong) || Is(character, UnicodeCategory.TitlecaseLetter))
                return false;
            any |= Is(character, right);
        }
        return any;
    }

    private static string Mapped(string text, IReadOnlyDictionary<string, string> special, Func<Rune, Rune> simple)
    {
        if (Ascii.IsValid(text))
            return ReferenceEquals(special, SpecialCasing.Upper) ? text.ToUpperInvariant() : text.ToLowerInvariant();
        Budget.Spend(text.Length / 4);
        var result = new StringBuilder(text.Length);
        foreach (string character in PythonText.Characters(text))
            if (special.TryGetValue(character, out string? mapped))
                result.Append(mapped);
            else if (Rune.TryGetRuneAt(character, 0, out var rune))
                result.Append(simple(rune).ToString());
            else
                result.Append(character);
        return result.ToString();
    }

    // Σ at the end of a word becomes ς
    private static string FinalSigmas(string text, string lower)
    {
        if (text.Length != lower.Length)
            return lower;
        var result = new StringBuilder(lower);
        for (int i = 0; i < text.Length; i++)
            if (text[i] == 'Σ' && i > 0 && char.IsLetter(text[i - 1]) && (i + 1 == text.Length || !char.IsLetter(text[i + 1])))
                result[i] = 'ς';
        return result.ToString();
    }
}
