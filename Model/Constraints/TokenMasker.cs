using System.Numerics;

namespace Managed.Constraints;

/// <summary>
/// A vocabulary as a tree of bytes. One walk over it, side by side with the constraint's nodes, finds every token that may follow;
/// where the constraint refuses a byte, all tokens below are passed over at once.
/// </summary>
internal sealed class TokenMasker
{
    private readonly ReadOnlyMemory<byte>[] tokens;
    private readonly int[] endTokens;

    // The tree in depth-first order.
    private readonly byte[] values;
    private readonly int[] depths;    // 1 for the first byte of a token
    private readonly int[] behind;    // the first entry that is not below this one
    private readonly int[] firstToken; // [entries + 1]: where the tokens that end here begin in `ids`
    private readonly int[] ids;
    private readonly int deepest;

    /// <summary>
    /// Takes the bytes of each token id. Tokens without bytes (control tokens, padding) are never allowed, except those in `endTokens`,
    /// which are allowed where the text is whole.
    /// </summary>
    public TokenMasker(IReadOnlyList<ReadOnlyMemory<byte>> tokens, IEnumerable<int> endTokens)
    {
        this.tokens = [.. tokens];
        this.endTokens = [.. endTokens];
        if (this.endTokens.FirstOrDefault(id => id < 0 || id >= tokens.Count, -1) is var bad and not -1)
            throw new ArgumentException($"the end token {bad} is not in a vocabulary of {tokens.Count} tokens.", nameof(endTokens));
        int[] order = [.. Enumerable.Range(0, tokens.Count).Where(id => tokens[id].Length > 0).Except(this.endTokens)];
        Array.Sort(order, (a, b) => this.tokens[a].Span.SequenceCompareTo(this.tokens[b].Span) is var by and not 0 ? by : a - b);

        var value = new List<byte>();
        var depth = new List<int>();
        ReadOnlySpan<byte> before = default;
        for (int i = 0; i < order.Length; i++)
        {
            var bytes = this.tokens[order[i]].Span;
            for (int d = bytes.CommonPrefixLength(before); d < bytes.Length; d++)
            {
                value.Add(bytes[d]);
                depth.Add(d + 1);
            }
            before = bytes;
        }
        (values, depths, ids) = ([.. value], [.. depth], order);
        deepest = depth.Count == 0 ? 0 : depth.Max();
        firstToken = TokenStarts();
        behind = new int[values.Length];
        var open = new int[deepest + 1];
        for (int entry = 0, top = 0; entry <= values.Length; entry++)
        {
            int at = entry < values.Length ? depths[entry] : 0;
            for (; top >= Math.Max(at, 1); top--)
                behind[open[top]] = entry;
            if (at > 0)
                open[top = at] = entry;
        }
    }

    /// <summary>How many tokens the vocabulary has.</summary>
    public int Count => tokens.Length;

    /// <summary>How many words of 64 tokens a mask takes.</summary>
    public int Words => (Count + 63) / 64;

    // Tokens are sorted as the entries are: each entry takes the tokens whose length is its depth, as they come.
    private int[] TokenStarts()
    {
        var starts = new int[values.Length + 1];
        int next = 0;
        var path = new byte[deepest];
        for (int entry = 0; entry < values.Length; entry++)
        {
            starts[entry] = next;
            path[depths[entry] - 1] = values[entry];
            var text = path.AsSpan(0, depths[entry]);
            while (next < ids.Length && tokens[ids[next]].Span.SequenceEqual(text))
                next++;
        }
        starts[values.Length] = next;
        return starts;
    }

    /// <summary>The bytes of a token.</summary>
    public ReadOnlySpan<byte> BytesOf(int id) => tokens[id].Span;

    /// <summary>Sets the bit of every token that may follow, clears the others; returns how many are set.</summary>
    public int FillMask(in ConstraintState state, Span<ulong> mask)
    {
        if (mask.Length < Words)
            throw new ArgumentException($"the mask has {mask.Length} words; {Count} tokens need {Words}.", nameof(mask));
        var graph = state.Graph;
        TokenMask known;
        lock (graph.Gate)
        {
            var node = graph.Nameless(state.Node);
            known = node.Mask is { } cached && ReferenceEquals(cached.Owner, this) ? cached : node.Mask = Walk(graph, node);
        }
        known.Allowed.CopyTo(mask);
        mask[known.Allowed.Length..].Clear();
        foreach (int id in known.Undetermined)
        {
            var trial = state;
            if (trial.Advance(tokens[id].Span))
                Set(mask, id);
        }
        if (state.IsAccepting)
            foreach (int id in endTokens)
                Set(mask, id);
        int count = 0;
        foreach (ulong word in mask)
            count += BitOperations.PopCount(word);
        return count;
    }

    private TokenMask Walk(ParseGraph graph, ParseNode start)
    {
        var allowed = new ulong[Words];
        var undetermined = new List<int>();
        var path = new ParseNode[deepest + 1];
        path[0] = start;
        for (int entry = 0; entry < values.Length;)
        {
            int depth = depths[entry];
            var next = graph.Follow(path[depth - 1], values[entry]);
            if (next is null)
            {
                entry = behind[entry];
                continue;
            }
            next = graph.Nameless(next);
            if (next.Undetermined)
            {
                for (int i = firstToken[entry]; i < firstToken[behind[entry]]; i++)
                    undetermined.Add(ids[i]);
                entry = behind[entry];
                continue;
            }
            path[depth] = next;
            for (int i = firstToken[entry]; i < firstToken[entry + 1]; i++)
                Set(allowed, ids[i]);
            entry++;
        }
        return new(this, allowed, [.. undetermined]);
    }

    private static void Set(Span<ulong> mask, int id) => mask[id >> 6] |= 1UL << id;
}
