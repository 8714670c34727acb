namespace Managed.Constraints;

/// <summary>
/// A set of Unicode scalar values, kept as the ascending code points at which membership flips: [from, to, from, to, …).
/// Surrogates are never members, since no well-formed text holds one.
/// </summary>
internal sealed class CodePointSet
{
    public const int End = 0x110000;
    private readonly int[] flips;

    private CodePointSet(int[] flips) => this.flips = flips;

    /// <summary>Every scalar value.</summary>
    public static CodePointSet Any { get; } = new([0, 0xD800, 0xE000, End]);

    public static CodePointSet None { get; } = new([]);

    public bool IsEmpty => flips.Length == 0;

    /// <summary>The code points at which membership changes, first member first.</summary>
    public ReadOnlySpan<int> Flips => flips;

    /// <summary>The scalar values from `first` to `last`, both included.</summary>
    public static CodePointSet Range(int first, int last) => Combine(new([first, last + 1]), Any, (a, b) => a && b);

    public static CodePointSet Of(string characters) =>
        characters.EnumerateRunes().Aggregate(None, (set, rune) => set.Union(Range(rune.Value, rune.Value)));

    /// <summary>The scalar values for which `member` holds.</summary>
    public static CodePointSet Where(Func<int, bool> member)
    {
        var flips = new List<int>();
        bool inside = false;
        for (int codePoint = 0; codePoint <= End; codePoint++)
        {
            bool now = codePoint < End && codePoint is < 0xD800 or > 0xDFFF && codePoint < End && member(codePoint);
            if (now != inside)
                flips.Add(codePoint);
            inside = now;
        }
        return new([.. flips]);
    }

    public bool Contains(int codePoint)
    {
        int at = Array.BinarySearch(flips, codePoint);
        return at >= 0 ? at % 2 == 0 : (~at) % 2 == 1;
    }

    public CodePointSet Union(CodePointSet other) => Combine(this, other, (a, b) => a || b);

    public CodePointSet Except(CodePointSet other) => Combine(this, other, (a, b) => a && !b);

    public CodePointSet Complement() => Any.Except(this);

    private static CodePointSet Combine(CodePointSet left, CodePointSet right, Func<bool, bool, bool> keep)
    {
        var flips = new List<int>();
        bool inside = false;
        for (int i = 0, j = 0; i < left.flips.Length || j < right.flips.Length;)
        {
            int a = i < left.flips.Length ? left.flips[i] : int.MaxValue, b = j < right.flips.Length ? right.flips[j] : int.MaxValue;
            i += a <= b ? 1 : 0;
            j += b <= a ? 1 : 0;
            bool now = keep(i % 2 == 1, j % 2 == 1);
            if (now != inside)
                flips.Add(Math.Min(a, b));
            inside = now;
        }
        return new([.. flips]);
    }
}
