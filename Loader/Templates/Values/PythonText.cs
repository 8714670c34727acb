using System.Globalization;
using System.Text;

namespace Managed.Loader.Templates;

/// <summary>Strings as Python sees them: sequences of code points, held here as UTF-16.</summary>
internal static class PythonText
{
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    public static bool IsLineEnd(char c) => c is '\n' or '\r' or '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\x85' or '\u2028' or '\u2029';

    // where every code point is one UTF-16 unit, indices need no counting
    private static bool IsPlain(string text)
    {
        Budget.SpendScan(text.Length);
        bool plain = !text.AsSpan().ContainsAnyInRange('\ud800', '\udfff');
        if (!plain)
            Budget.Spend(text.Length / 32);
        return plain;
    }

    public static int Length(string text)
    {
        if (IsPlain(text))
            return text.Length;
        int count = 0;
        for (int i = 0; i < text.Length; i += Width(text, i))
            count++;
        return count;
    }

    /// <summary>UTF-16 units of the code point that starts here; half a surrogate pair counts as a code point of its own.</summary>
    public static int Width(string text, int index) =>
        char.IsHighSurrogate(text[index]) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]) ? 2 : 1;

    public static int CodePoint(string text, int index) =>
        Width(text, index) == 2 ? char.ConvertToUtf32(text[index], text[index + 1]) : text[index];

    public static void Append(StringBuilder to, int codePoint)
    {
        if (codePoint > 0xffff)
            to.Append(char.ConvertFromUtf32(codePoint));
        else
            to.Append((char)codePoint);
    }

    public static IEnumerable<string> Characters(string text)
    {
        for (int i = 0; i < text.Length;)
        {
            int width = Width(text, i);
            yield return text.Substring(i, width);
            i += width;
        }
    }

    public static int[] CodePoints(string text)
    {
        var points = new int[Length(text)];
        for (int i = 0, n = 0; i < text.Length; i += Width(text, i))
            points[n++] = CodePoint(text, i);
        return points;
    }

    /// <summary>UTF-16 index of the code point with that number.</summary>
    public static int Offset(string text, int codePointIndex)
    {
        if (IsPlain(text))
            return codePointIndex;
        int offset = 0;
        for (int n = 0; n < codePointIndex; n++)
            offset += Width(text, offset);
        return offset;
    }

    public static string At(string text, int codePointIndex)
    {
        int offset = Offset(text, codePointIndex);
        return text.Substring(offset, Width(text, offset));
    }

    public static string Slice(string text, SliceRange range)
    {
        if (range.Count == 0)
            return "";
        if (range.Step == 1)
        {
            int start = Offset(text, range.Start);
            int end = IsPlain(text) ? start + range.Count : start + Offset(text[start..], range.Count);
            return text[start..end];
        }
        int[] points = CodePoints(text);
        var result = new StringBuilder(range.Count);
        for (int n = 0; n < range.Count; n++)
            Append(result, points[range.Start + n * range.Step]);
        return result.ToString();
    }

    /// <summary>Compares by code points; UTF-16 order differs above U+FFFF.</summary>
    public static int Compare(string left, string right)
    {
        int shared = left.AsSpan().CommonPrefixLength(right);
        Budget.SpendScan(shared);
        if (shared == left.Length || shared == right.Length)
            return left.Length.CompareTo(right.Length);
        char a = left[shared], b = right[shared];
        bool surrogateA = char.IsSurrogate(a), surrogateB = char.IsSurrogate(b);
        return surrogateA != surrogateB ? (surrogateA ? 1 : -1) : a.CompareTo(b);
    }

    public static bool IsPrintable(int codePoint) => codePoint == ' ' || CharUnicodeInfo.GetUnicodeCategory(codePoint) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
         or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
         or UnicodeCategory.SpaceSeparator);

    public static bool IsIdentifier(string text) =>
        text.Length > 0 && !char.IsAsciiDigit(text[0]) && Rune.DecodeFromUtf16(text, out var first, out _) == System.Buffers.OperationStatus.Done
        && (first.Value == '_' || Rune.IsLetter(first) || Rune.GetUnicodeCategory(first) == UnicodeCategory.LetterNumber)
        && text.EnumerateRunes().All(IsWord);

    /// <summary>What the regular expression \w matches.</summary>
    public static bool IsWord(Rune rune) => rune.Value == '_' || Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark
        or UnicodeCategory.ConnectorPunctuation;

    public static string Trim(string text, string? characters, bool start, bool end)
    {
        int from = 0, to = text.Length;
        if (characters is null)
        {
            while (start && from < to && IsSpace(text[from]))
                from++;
            while (end && to > from && IsSpace(text[to - 1]))
                to--;
            return text[from..to];
        }
        var set = CodePoints(characters).ToHashSet();
        while (start && from < to && set.Contains(CodePoint(text, from)))
            from += Width(text, from);
        while (end && to > from)
        {
            int last = to > from + 1 && char.IsLowSurrogate(text[to - 1]) && char.IsHighSurrogate(text[to - 2]) ? to - 2 : to - 1;
            if (!set.Contains(CodePoint(text, last)))
                break;
            to = last;
        }
        return text[from..to];
    }
}
