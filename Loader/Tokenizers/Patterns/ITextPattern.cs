namespace Managed.Loader.Tokenizers;

/// <summary>Something that can be found in text.</summary>
internal interface ITextPattern
{
    /// <summary>The first occurrence that starts at or after `from`.</summary>
    bool TryFind(ReadOnlySpan<int> text, int from, out int start, out int end);
}

/// <summary>A fixed run of code points.</summary>
internal sealed class LiteralPattern(int[] literal) : ITextPattern
{
    public bool TryFind(ReadOnlySpan<int> text, int from, out int start, out int end)
    {
        int found = literal.Length == 0 ? -1 : text[from..].IndexOf(literal);
        start = from + found;
        end = start + literal.Length;
        return found >= 0;
    }
}

/// <summary>Any single code point that satisfies a predicate.</summary>
internal sealed class PointPattern(Func<int, bool> predicate) : ITextPattern
{
    public bool TryFind(ReadOnlySpan<int> text, int from, out int start, out int end)
    {
        for (int i = from; i < text.Length; i++)
        {
            if (predicate(text[i]))
            {
                (start, end) = (i, i + 1);
                return true;
            }
        }
        (start, end) = (0, 0);
        return false;
    }
}

/// <summary>`\w+|[^\w\s]+`: runs of word characters, and runs of what is neither word nor space.</summary>
internal sealed class WordRunPattern : ITextPattern
{
    public bool TryFind(ReadOnlySpan<int> text, int from, out int start, out int end)
    {
        start = from;
        while (start < text.Length && UnicodeFacts.IsWhiteSpace(text[start]))
            start++;
        end = start;
        if (start == text.Length)
            return false;
        bool word = UnicodeFacts.IsWordOrJoiner(text[start]);
        while (end < text.Length && !UnicodeFacts.IsWhiteSpace(text[end]) && UnicodeFacts.IsWordOrJoiner(text[end]) == word)
            end++;
        return true;
    }
}
