using System.Text;

namespace Managed.Constraints.Json;

/// <summary>Member names that an object already has, in order. Immutable.</summary>
internal sealed class NameSet : IEquatable<NameSet>
{
    private readonly string[] names;
    private readonly int hash;

    private NameSet(string[] names, int hash) => (this.names, this.hash) = (names, hash);

    public static NameSet Empty { get; } = new([], 0);

    public int Count => names.Length;

    public NameSet With(string name)
    {
        int at = Array.BinarySearch(names, name, StringComparer.Ordinal);
        return at >= 0 ? this : new([.. names[..~at], name, .. names[~at..]], hash ^ name.GetHashCode(StringComparison.Ordinal));
    }

    /// <summary>All names: a name that begins may become any of them.</summary>
    public NameRange All => names.Length == 0 ? Nowhere : new(this, 0, names.Length, 0);

    public bool Equals(NameSet? other) => other is not null && hash == other.hash && names.AsSpan().SequenceEqual(other.names);
    public override bool Equals(object? other) => Equals(other as NameSet);
    public override int GetHashCode() => hash;

    /// <summary>The names that share their first `Depth` letters (as UTF-16) with the name being read.</summary>
    internal readonly record struct NameRange(NameSet Set, int From, int To, int Depth)
    {
        public int Count => To - From;

        /// <summary>Whether the letters read so far are a name of the set.</summary>
        public bool IsName => From < To && Set.names[From].Length == Depth;

        /// <summary>The range after one more code point.</summary>
        public NameRange Step(int codePoint)
        {
            int from = From, length = codePoint > 0xFFFF ? 2 : 1;
            while (from < To && CodePointAt(from) != codePoint)
                from++;
            int to = from;
            while (to < To && CodePointAt(to) == codePoint)
                to++;
            return from == to ? Nowhere : new(Set, from, to, Depth + length);
        }

        /// <summary>The distinct code points from `first` to `last` with which the names go on.</summary>
        public IEnumerable<int> NextCodePoints(int first, int last)
        {
            int before = -1;
            for (int i = From; i < To; i++)
                if (CodePointAt(i) is var next && next != before && next >= first && next <= last)
                    yield return before = next;
        }

        private int CodePointAt(int i) =>
            Depth < Set.names[i].Length && Rune.TryGetRuneAt(Set.names[i], Depth, out var rune) ? rune.Value : -1;
    }

    /// <summary>No name begins like this.</summary>
    public static NameRange Nowhere { get; } = new(Empty, 0, 0, 0);
}
