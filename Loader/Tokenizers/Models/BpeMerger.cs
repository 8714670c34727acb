namespace Managed.Loader.Tokenizers;

/// <summary>Merges the symbols of a word, lowest rank first and leftmost among equals, until no pair merges.</summary>
internal static class BpeMerger
{
    // Below this length looking at every pair is faster than keeping a queue.
    private const int ShortWord = 24;

    /// <summary>Merges in place; returns how many tokens are left.</summary>
    public static int Merge(MergeTable merges, Span<WordToken> word) =>
        word.Length < 2 ? word.Length : word.Length <= ShortWord ? MergeShort(merges, word) : MergeLong(merges, word);

    private static int MergeShort(MergeTable merges, Span<WordToken> word)
    {
        Span<(int Rank, int Id)> pairs = stackalloc (int, int)[ShortWord];
        int count = word.Length;
        for (int i = 0; i + 1 < count; i++)
            pairs[i] = Lookup(merges, word[i], word[i + 1]);
        while (true)
        {
            int best = 0;
            for (int i = 1; i + 1 < count; i++)
                if (pairs[i].Rank < pairs[best].Rank)
                    best = i;
            if (count < 2 || pairs[best].Rank == int.MaxValue)
                return count;
            word[best] = new WordToken(pairs[best].Id, word[best].Start, word[best + 1].End);
            word[(best + 2)..count].CopyTo(word[(best + 1)..]);
            if (best + 2 < count)
                pairs[(best + 2)..count].CopyTo(pairs[(best + 1)..]);
            count--;
            if (best > 0)
                pairs[best - 1] = Lookup(merges, word[best - 1], word[best]);
            if (best + 1 < count)
                pairs[best] = Lookup(merges, word[best], word[best + 1]);
        }
    }

    private static (int Rank, int Id) Lookup(MergeTable merges, WordToken left, WordToken right) =>
        merges.TryGet(left.Id, right.Id, out int rank, out int id) ? (rank, id) : (int.MaxValue, 0);

    private static int MergeLong(MergeTable merges, Span<WordToken> word)
    {
        var chain = new SymbolChain(word.Length);
        var queue = new PriorityQueue<(int Left, int LeftId, int RightId, int Id), long>(word.Length);
        for (int i = 0; i + 1 < word.Length; i++)
            Offer(merges, queue, word, i, i + 1);
        while (queue.TryDequeue(out var pair, out _))
        {
            int left = pair.Left;
            int right = chain.IsGone(left) ? -1 : chain.Next(left);
            if (right < 0 || word[left].Id != pair.LeftId || word[right].Id != pair.RightId)
                continue; // one of the two has merged with another meanwhile
            word[left] = new WordToken(pair.Id, word[left].Start, word[right].End);
            chain.Remove(right);
            if (chain.Previous(left) is >= 0 and var before)
                Offer(merges, queue, word, before, left);
            if (chain.Next(left) is >= 0 and var after)
                Offer(merges, queue, word, left, after);
        }
        int count = 0;
        for (int i = 0; i >= 0; i = chain.Next(i))
            word[count++] = word[i];
        return count;
    }

    private static void Offer(MergeTable merges, PriorityQueue<(int, int, int, int), long> queue, Span<WordToken> word, int left, int right)
    {
        if (merges.TryGet(word[left].Id, word[right].Id, out int rank, out int id))
            queue.Enqueue((left, word[left].Id, word[right].Id, id), ((long)rank << 32) | (uint)left);
    }
}

/// <summary>The symbols of a word as a doubly linked list from which merged ones drop out.</summary>
internal readonly struct SymbolChain
{
    private const int Gone = -2;
    private readonly int[] next;
    private readonly int[] previous;

    public SymbolChain(int length)
    {
        next = new int[length];
        previous = new int[length];
        for (int i = 0; i < length; i++)
            (next[i], previous[i]) = (i + 1 < length ? i + 1 : -1, i - 1);
    }

    public int Next(int index) => next[index];

    public int Previous(int index) => previous[index];

    public bool IsGone(int index) => next[index] == Gone;

    public void Remove(int index)
    {
        next[previous[index]] = next[index];
        if (next[index] >= 0)
            previous[next[index]] = previous[index];
        next[index] = Gone;
    }
}
