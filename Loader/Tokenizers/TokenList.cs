namespace Managed.Loader.Tokenizers;

/// <summary>The tokens of a text as they come: ids, and the ranges of the original text that they stand for.</summary>
internal sealed class TokenList
{
    public List<int> Ids { get; } = [];

    public List<(int Start, int End)> Offsets { get; } = [];

    public int Count => Ids.Count;

    public void Add(int id, (int Start, int End) offsets)
    {
        Ids.Add(id);
        Offsets.Add(offsets);
    }
}
