namespace Managed.Loader.Tokenizers;

/// <summary>Which script a code point belongs to.</summary>
internal static class UnicodeScripts
{
    private static readonly Lazy<Table> Scripts = new(Load);

    /// <summary>The script's number; 0 for a code point without one.</summary>
    public static int Of(int point)
    {
        var table = Scripts.Value;
        int found = Array.BinarySearch(table.Firsts, point);
        if (found < 0)
            found = ~found - 1;
        return found >= 0 && point <= table.Lasts[found] ? table.Numbers[found] : 0;
    }

    /// <summary>The number of a script by its name, whatever the case, spaces and underscores; 0 where there is none.</summary>
    public static int Number(string name) => Scripts.Value.Names.GetValueOrDefault(Simplify(name));

    private static string Simplify(string name) =>
        name.Replace("_", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant();

    private static Table Load()
    {
        var names = new Dictionary<string, int>();
        var ranges = new List<(int First, int Last, int Number)>();
        foreach (string[] line in UnicodeResource.Lines("scripts.txt"))
        {
            int number = names.Count + 1;
            names.Add(Simplify(line[0]), number);
            foreach (string range in line.AsSpan(1))
            {
                string[] ends = range.Split('-');
                ranges.Add((UnicodeResource.Hex(ends[0]), UnicodeResource.Hex(ends[^1]), number));
            }
        }
        ranges.Sort();
        return new Table(names, [.. ranges.Select(r => r.First)], [.. ranges.Select(r => r.Last)], [.. ranges.Select(r => r.Number)]);
    }

    private sealed record Table(Dictionary<string, int> Names, int[] Firsts, int[] Lasts, int[] Numbers);
}
