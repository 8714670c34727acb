using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace Managed.Loader.Tokenizers;

/// <summary>Tokens and their ids. The texts lie as UTF-8 in one block, so that a large vocabulary is loaded without a string for each token.</summary>
internal sealed class Vocabulary
{
    /// <summary>Ids beyond this are refused: no vocabulary is that large, and tables are indexed by id.</summary>
    public const int MaxId = (1 << 24) - 1;

    /// <summary>The largest id that a file of so many bytes may use: ids may have gaps, but a small file must not ask for huge tables.</summary>
    public static int MostId(long fileLength) => (int)Math.Clamp(fileLength, ushort.MaxValue, MaxId);

    private static readonly ulong Seed = (ulong)Random.Shared.NextInt64() | 1; // so that no file can be made to collide on purpose

    private byte[] block;
    private int used;
    private (int Start, int Length)[] places; // by id; Length -1 where there is no such token
    private int[] slots;                      // id + 1; open addressing

    public Vocabulary(int capacity)
    {
        block = new byte[Math.Max(256, capacity * 8)];
        places = new (int, int)[Math.Max(16, capacity)];
        places.AsSpan().Fill((0, -1));
        slots = new int[BitOperations.RoundUpToPowerOf2((uint)Math.Max(32, capacity * 2))];
    }

    /// <summary>The number of different tokens.</summary>
    public int Count { get; private set; }

    /// <summary>One more than the largest id.</summary>
    public int Size { get; private set; }

    public int LongestToken { get; private set; }

    /// <summary>Adds a token. A text that is there already moves to the new id; an id that has a text already is refused.</summary>
    public bool TryAdd(ReadOnlySpan<byte> token, int id)
    {
        if (id < places.Length && places[id].Length >= 0)
            return false;
        if (id >= places.Length)
        {
            int old = places.Length;
            Array.Resize(ref places, Math.Max(id + 1, old * 2));
            places.AsSpan(old).Fill((0, -1));
        }
        if (used + token.Length > block.Length)
            Array.Resize(ref block, checked(Math.Max(used + token.Length, block.Length * 2)));
        token.CopyTo(block.AsSpan(used));
        places[id] = (used, token.Length);
        used += token.Length;
        Size = Math.Max(Size, id + 1);
        LongestToken = Math.Max(LongestToken, token.Length);
        if (Count * 2 >= slots.Length)
            Grow();
        int slot = FindSlot(token);
        if (slots[slot] == 0)
            Count++;
        slots[slot] = id + 1;
        return true;
    }

    public bool TryGetId(ReadOnlySpan<byte> token, out int id)
    {
        id = slots[FindSlot(token)] - 1;
        return id >= 0;
    }

    public int? Find(string token)
    {
        Span<byte> bytes = token.Length <= 256 ? stackalloc byte[768] : new byte[token.Length * 3];
        return TryGetId(bytes[..Encoding.UTF8.GetBytes(token, bytes)], out int id) ? id : null;
    }

    public bool Contains(int id) => (uint)id < (uint)places.Length && places[id].Length >= 0;

    /// <summary>The token's UTF-8; empty where there is no such id.</summary>
    public ReadOnlySpan<byte> Bytes(int id) =>
        Contains(id) ? block.AsSpan(places[id].Start, places[id].Length) : default;

    public string? Text(int id) => Contains(id) ? Encoding.UTF8.GetString(Bytes(id)) : null;

    private int FindSlot(ReadOnlySpan<byte> token)
    {
        int mask = slots.Length - 1;
        int slot = (int)Hash(token) & mask;
        while (slots[slot] != 0 && !Bytes(slots[slot] - 1).SequenceEqual(token))
            slot = (slot + 1) & mask;
        return slot;
    }

    private void Grow()
    {
        var old = slots;
        slots = new int[old.Length * 2];
        foreach (int entry in old)
            if (entry != 0)
                slots[FindSlot(Bytes(entry - 1))] = entry;
    }

    private static uint Hash(ReadOnlySpan<byte> bytes)
    {
        ulong hash = Seed ^ (ulong)bytes.Length;
        while (bytes.Length >= 8)
        {
            hash = (hash ^ MemoryMarshal.Read<ulong>(bytes)) * 0x9E3779B97F4A7C15;
            hash ^= hash >> 29;
            bytes = bytes[8..];
        }
        ulong rest = 0;
        foreach (byte b in bytes)
            rest = (rest << 8) | b;
        hash = (hash ^ rest) * 0xBF58476D1CE4E5B9;
        hash ^= hash >> 32;
        return (uint)(hash * 0x94D049BB133111EB >> 32);
    }
}
