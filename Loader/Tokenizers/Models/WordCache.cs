namespace Managed.Loader.Tokenizers;

/// <summary>A token of a word: its id and the word's code points that it covers.</summary>
internal readonly record struct WordToken(int Id, int Start, int End);

/// <summary>Remembers the tokens of words. Belongs to one thread at a time.</summary>
internal sealed class WordCache
{
    private const int FirstEntries = 1 << 8, MostEntries = 1 << 15;

    private int[] slots = new int[FirstEntries * 2]; // entry + 1
    private (uint Hash, int Key, int KeyLength, int Value, int ValueLength)[] entries = new (uint, int, int, int, int)[FirstEntries];
    private readonly List<int> keys = [];
    private readonly List<WordToken> values = [];
    private int count;

    /// <summary>The tokens of the word, valid until the next call of <see cref="Add"/>.</summary>
    public bool TryGet(ReadOnlySpan<int> word, out ReadOnlySpan<WordToken> tokens)
    {
        ref int slot = ref Find(word, Hash(word));
        if (slot == 0)
        {
            tokens = default;
            return false;
        }
        var entry = entries[slot - 1];
        tokens = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(values).Slice(entry.Value, entry.ValueLength);
        return true;
    }

    public void Add(ReadOnlySpan<int> word, ReadOnlySpan<WordToken> tokens)
    {
        if (count == MostEntries)
            Clear();
        else if (count == entries.Length)
            Grow();
        uint hash = Hash(word);
        ref int slot = ref Find(word, hash);
        entries[count] = (hash, keys.Count, word.Length, values.Count, tokens.Length);
        slot = ++count;
        keys.AddRange(word);
        values.AddRange(tokens);
    }

    private void Clear()
    {
        Array.Clear(slots);
        keys.Clear();
        values.Clear();
        count = 0;
    }

    private void Grow()
    {
        Array.Resize(ref entries, count * 4);
        slots = new int[entries.Length * 2];
        for (int entry = 0; entry < count; entry++)
        {
            int at = (int)entries[entry].Hash & (slots.Length - 1);
            while (slots[at] != 0)
                at = (at + 1) & (slots.Length - 1);
            slots[at] = entry + 1;
        }
    }

    private ref int Find(ReadOnlySpan<int> word, uint hash)
    {
        var allKeys = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(keys);
        int at = (int)hash & (slots.Length - 1);
        while (slots[at] != 0)
        {
            ref var entry = ref entries[slots[at] - 1];
            if (entry.Hash == hash && allKeys.Slice(entry.Key, entry.KeyLength).SequenceEqual(word))
                break;
            at = (at + 1) & (slots.Length - 1);
        }
        return ref slots[at];
    }

    private static uint Hash(ReadOnlySpan<int> word)
    {
        ulong hash = (ulong)word.Length;
        foreach (int point in word)
        {
            hash = (hash ^ (uint)point) * 0x9E3779B97F4A7C15;
            hash ^= hash >> 31;
        }
        return (uint)(hash >> 16);
    }
}
