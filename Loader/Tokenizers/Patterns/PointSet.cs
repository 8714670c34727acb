namespace Managed.Loader.Tokenizers;

/// <summary>A set of code points, as a regular expression's class or escape describes it.</summary>
internal sealed class PointSet
{
    private readonly List<(int First, int Last)> ranges = [];
    private readonly List<Func<int, bool>> members = [];
    private readonly List<PointSet> intersections = [];
    private uint categories;
    private bool ignoreCase;
    private readonly ulong[] ascii = new ulong[2];

    public bool Negated { get; set; }

    public void AddRange(int first, int last) => ranges.Add((first, last));

    public void AddCategories(uint mask) => categories |= mask;

    public void Add(Func<int, bool> member) => members.Add(member);

    public void Add(PointSet other) => members.Add(other.Contains);

    /// <summary>Keeps only the code points that are in `other` too.</summary>
    public void Intersect(PointSet other) => intersections.Add(other);

    /// <summary>Ends the construction; looks up what ASCII needs once and for all.</summary>
    public PointSet Close(bool ignoreCase)
    {
        this.ignoreCase = ignoreCase;
        for (int point = 0; point < 128; point++)
            if (Compute(point))
                ascii[point >> 6] |= 1ul << (point & 63);
        return this;
    }

    public bool Contains(int point) =>
        (uint)point < 128 ? (ascii[point >> 6] >> (point & 63) & 1) != 0 : Compute(point);

    private bool Compute(int point)
    {
        bool found = Holds(point);
        if (!found && ignoreCase)
        {
            int fold = UnicodeFacts.Fold(point);
            found = Holds(fold) || Holds(UpperOf(fold)) || fold == 's' && Holds(0x17F) || fold == 'k' && Holds(0x212A);
        }
        foreach (var other in intersections)
            found = found && other.Contains(point);
        return found != Negated;
    }

    private static int UpperOf(int point) => System.Text.Rune.ToUpperInvariant(new System.Text.Rune(point)).Value;

    private bool Holds(int point)
    {
        if (categories != 0 && UnicodeFacts.Is(point, categories))
            return true;
        foreach (var (first, last) in ranges)
            if (point >= first && point <= last)
                return true;
        foreach (var member in members)
            if (member(point))
                return true;
        return false;
    }
}
