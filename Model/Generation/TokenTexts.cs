namespace Managed;

/// <summary>The texts that tokens become in a stream, one string for each, so that a stream in steady state makes no new ones.</summary>
internal sealed class TokenTexts(int vocabulary)
{
    private readonly string?[] known = new string?[vocabulary];

    /// <summary>The text as a string: the one handed out for this token before, where it is the same.</summary>
    public string Of(int id, ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
            return "";
        if (known[id] is { } before && text.SequenceEqual(before))
            return before;
        return known[id] = text.ToString();
    }
}
