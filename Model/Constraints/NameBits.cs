namespace Managed.Constraints;

/// <summary>Which of an object's declared names are meant: a bit each. Immutable once handed out.</summary>
internal sealed class NameBits : IEquatable<NameBits>
{
    private readonly ulong[] words;

    public NameBits(int names) => words = new ulong[(names + 63) / 64];

    private NameBits(ulong[] words) => this.words = words;

    public bool this[int i] => (words[i >> 6] >> i & 1) != 0;

    public NameBits With(int i)
    {
        var copy = new NameBits((ulong[])words.Clone());
        copy.Set(i);
        return copy;
    }

    /// <summary>Sets a bit, while the bits are being built.</summary>
    public void Set(int i) => words[i >> 6] |= 1UL << i;

    /// <summary>Adds another's bits, while the bits are being built; whether that changed any.</summary>
    public bool Add(NameBits other)
    {
        bool changed = false;
        for (int i = 0; i < words.Length; i++)
        {
            changed |= (other.words[i] & ~words[i]) != 0;
            words[i] |= other.words[i];
        }
        return changed;
    }

    /// <summary>How many bits are set here that `other` lacks.</summary>
    public int CountWithout(NameBits other)
    {
        int count = 0;
        for (int i = 0; i < words.Length; i++)
            count += System.Numerics.BitOperations.PopCount(words[i] & ~other.words[i]);
        return count;
    }

    /// <summary>Whether a bit is set here and in `among`, but not in `without`.</summary>
    public bool AnyAmong(NameBits among, NameBits without)
    {
        for (int i = 0; i < words.Length; i++)
            if ((words[i] & among.words[i] & ~without.words[i]) != 0)
                return true;
        return false;
    }

    public bool Equals(NameBits? other) => other is not null && words.AsSpan().SequenceEqual(other.words);
    public override bool Equals(object? other) => Equals(other as NameBits);
    public override int GetHashCode() => words.Aggregate(17, HashCode.Combine);
}
