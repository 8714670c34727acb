namespace Managed.Loader.Tokenizers;

/// <summary>Since which Unicode version a code point is assigned: libraries that carry old tables do not know the newer ones.</summary>
internal static class UnicodeAges
{
    private static readonly Lazy<(int[] Firsts, int[] Lasts, byte[] Versions)> Table = new(Load);

    /// <summary>Whether the code point was assigned in that version (9 to 14) already.</summary>
    public static bool IsAssignedIn(int version, int point)
    {
        if (point < 0x80)
            return true;
        var (firsts, lasts, versions) = Table.Value;
        int found = Array.BinarySearch(firsts, point);
        if (found < 0)
            found = ~found - 1;
        return found < 0 || point > lasts[found] || versions[found] <= version;
    }

    private static (int[], int[], byte[]) Load()
    {
        var ranges = new List<(int First, int Last, byte Version)>();
        foreach (string[] line in UnicodeResource.Lines("ages.txt"))
        {
            byte version = (byte)UnicodeResource.Decimal(line[0]);
            foreach (string range in line.AsSpan(1))
            {
                string[] ends = range.Split('-');
                ranges.Add((UnicodeResource.Hex(ends[0]), UnicodeResource.Hex(ends[^1]), version));
            }
        }
        ranges.Sort();
        return ([.. ranges.Select(r => r.First)], [.. ranges.Select(r => r.Last)], [.. ranges.Select(r => r.Version)]);
    }
}
