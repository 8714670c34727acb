namespace Managed.Loader.Tokenizers;

/// <summary>The tokens of a text as they come: ids, and the ranges of the original text that they stand for.</summary>
internal sealed class TokenList
{
    public List<int> Ids { get; } = [];

    public List<(int Start, int End)> Offsets { get; } = [];

    /// <summary>The texts, by index, of the tokens that stand for something else than their entry in the vocabulary.</summary>
    public Dictionary<int, string> Texts { get; } = [];

    public int Count => Ids.Count;

    public void Add(int id, (int Start, int End) offsets)
    {
        Ids.Add(id);
        Offsets.Add(offsets);
    }

    /// <summary>Adds a token that is shown as `text`.</summary>
    public void Add(int id, (int Start, int End) offsets, string text)
    {
        Texts[Count] = text;
        Add(id, offsets);
    }

    /// <summary>Adds all tokens of another list.</summary>
    public void AddRange(TokenList other)
    {
        foreach (var (index, text) in other.Texts)
            Texts[Count + index] = text;
        Ids.AddRange(other.Ids);
        Offsets.AddRange(other.Offsets);
    }

    /// <summary>Drops the tokens from an index on.</summary>
    public void Truncate(int count)
    {
        Ids.RemoveRange(count, Count - count);
        Offsets.RemoveRange(count, Offsets.Count - count);
    }
}
