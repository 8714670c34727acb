using System.Numerics;

namespace Managed.Loader.Tokenizers;

/// <summary>The tokens of a vocabulary as a tree of bytes: finds every token that a text starts with.</summary>
internal sealed class PieceTrie
{
    private (ulong Edge, int Node)[] edges;
    private int edgeCount;
    private readonly List<int> ids = [-1]; // by node

    public PieceTrie(Vocabulary vocabulary, Func<int, bool> wanted)
    {
        edges = new (ulong, int)[BitOperations.RoundUpToPowerOf2((uint)Math.Max(64, vocabulary.Count * 6))];
        for (int id = 0; id < vocabulary.Size; id++)
            if (vocabulary.Contains(id) && wanted(id))
                Add(vocabulary.Bytes(id), id);
    }

    public const int Root = 0;

    /// <summary>The node that a byte leads to; -1 where no token goes on that way.</summary>
    public int Next(int node, byte value)
    {
        ref var edge = ref Find(node, value);
        return edge.Node == 0 ? -1 : edge.Node;
    }

    /// <summary>The token that ends at a node; -1 where none does.</summary>
    public int Id(int node) => ids[node];

    /// <summary>The length in bytes of the longest token that the text starts with; 0 where there is none.</summary>
    public int LongestMatch(ReadOnlySpan<byte> text)
    {
        int longest = 0;
        int node = Root;
        for (int i = 0; i < text.Length && (node = Next(node, text[i])) >= 0; i++)
            if (ids[node] >= 0)
                longest = i + 1;
        return longest;
    }

    private void Add(ReadOnlySpan<byte> token, int id)
    {
        int node = Root;
        foreach (byte value in token)
        {
            if (edgeCount * 2 >= edges.Length)
                Grow();
            ref var edge = ref Find(node, value);
            if (edge.Node == 0)
            {
                edge = (Key(node, value), ids.Count);
                ids.Add(-1);
                edgeCount++;
            }
            node = edge.Node;
        }
        if (node != Root)
            ids[node] = id;
    }

    private static ulong Key(int node, byte value) => ((ulong)(uint)node << 8) | value;

    private ref (ulong Edge, int Node) Find(int node, byte value)
    {
        ulong key = Key(node, value);
        int mask = edges.Length - 1;
        int slot = (int)(key * 0x9E3779B97F4A7C15 >> 33) & mask;
        while (edges[slot].Node != 0 && edges[slot].Edge != key)
            slot = (slot + 1) & mask;
        return ref edges[slot];
    }

    private void Grow()
    {
        var old = edges;
        edges = new (ulong, int)[old.Length * 2];
        foreach (var (edge, node) in old)
            if (node != 0)
                Find((int)(edge >> 8), (byte)edge) = (edge, node);
    }
}
