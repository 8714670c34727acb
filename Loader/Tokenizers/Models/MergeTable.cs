using System.Numerics;

namespace Managed.Loader.Tokenizers;

/// <summary>Which pairs of tokens merge, in which order, into which token.</summary>
internal sealed class MergeTable
{
    private (ulong Pair, int Rank, int Id)[] entries;
    private int count;

    public MergeTable(int capacity) =>
        entries = new (ulong, int, int)[BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, capacity * 2))];

    /// <summary>Adds a merge; one that is there already is replaced.</summary>
    public void Add(int left, int right, int rank, int id)
    {
        if (count * 2 >= entries.Length)
            Grow();
        ref var entry = ref Find(Pair(left, right));
        if (entry.Pair == 0)
            count++;
        entry = (Pair(left, right), rank, id);
    }

    /// <summary>Adds a merge unless it is there already.</summary>
    public void TryAdd(int left, int right, int rank, int id)
    {
        if (count * 2 >= entries.Length)
            Grow();
        ref var entry = ref Find(Pair(left, right));
        if (entry.Pair != 0)
            return;
        count++;
        entry = (Pair(left, right), rank, id);
    }

    /// <summary>The rank of a merge and its result; false where the pair does not merge.</summary>
    public bool TryGet(int left, int right, out int rank, out int id)
    {
        ref var entry = ref Find(Pair(left, right));
        (rank, id) = (entry.Rank, entry.Id);
        return entry.Pair != 0;
    }

    private static ulong Pair(int left, int right) => ((ulong)(uint)(left + 1) << 32) | (uint)right; // never 0

    private ref (ulong Pair, int Rank, int Id) Find(ulong pair)
    {
        int mask = entries.Length - 1;
        ulong hash = pair * 0x9E3779B97F4A7C15;
        int slot = (int)(hash >> 33) & mask;
        while (entries[slot].Pair != pair && entries[slot].Pair != 0)
            slot = (slot + 1) & mask;
        return ref entries[slot];
    }

    private void Grow()
    {
        var old = entries;
        entries = new (ulong, int, int)[old.Length * 2];
        foreach (var entry in old)
            if (entry.Pair != 0)
                Find(entry.Pair) = entry;
    }
}
