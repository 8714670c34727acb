namespace Managed.Loader.Tokenizers;

/// <summary>Values under texts of code points, found at the start of a longer text in one walk, however many there are.</summary>
internal sealed class PointTrie<T>
    where T : class
{
    private const int Root = 0;

    private readonly Dictionary<long, int> edges = []; // from node and code point
    private readonly List<T?> values = [null]; // by node
    private readonly bool[] startsAscii = new bool[128]; // most characters of a text start nothing

    public bool IsEmpty => edges.Count == 0;

    /// <summary>Puts a value under a text; an empty text is passed over.</summary>
    public T this[ReadOnlySpan<int> text]
    {
        set
        {
            int node = Root;
            foreach (int point in text)
            {
                if (node == Root && point < startsAscii.Length)
                    startsAscii[point] = true;
                if (!edges.TryGetValue(Edge(node, point), out int next))
                {
                    edges.Add(Edge(node, point), next = values.Count);
                    values.Add(null);
                }
                node = next;
            }
            if (node != Root)
                values[node] = value;
        }
    }

    /// <summary>The longest of the texts that `text` starts with: its length and its value; 0 where there is none.</summary>
    public int LongestMatch(ReadOnlySpan<int> text, out T? value)
    {
        int longest = 0, node = Root;
        value = null;
        if (!MayStart(text))
            return 0;
        for (int i = 0; i < text.Length && edges.TryGetValue(Edge(node, text[i]), out node); i++)
            if (values[node] is { } found)
                (longest, value) = (i + 1, found);
        return longest;
    }

    /// <summary>Adds to `found` the values of all texts that `text` starts with.</summary>
    public void AllMatches(ReadOnlySpan<int> text, ISet<T> found)
    {
        if (!MayStart(text))
            return;
        int node = Root;
        foreach (int point in text)
        {
            if (!edges.TryGetValue(Edge(node, point), out node))
                return;
            if (values[node] is { } value)
                found.Add(value);
        }
    }

    private static long Edge(int node, int point) => ((long)node << 32) | (uint)point;

    private bool MayStart(ReadOnlySpan<int> text) => text.Length > 0 && (text[0] >= startsAscii.Length || startsAscii[text[0]]);
}
