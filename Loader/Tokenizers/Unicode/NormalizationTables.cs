namespace Managed.Loader.Tokenizers;

/// <summary>Decompositions, compositions and combining classes of the Unicode normalisation forms.</summary>
/// <remarks>Own tables, because the runtime's normalisation needs a system library and cannot say which character became which.</remarks>
internal sealed class NormalizationTables
{
    private static readonly Lazy<NormalizationTables> Lazy = new(() => new NormalizationTables());

    private readonly Dictionary<int, int[]> canonical = [];
    private readonly Dictionary<int, int[]> compatible = [];
    private readonly Dictionary<long, int> compositions = [];
    private readonly byte[] classes = new byte[0x20000]; // no combining mark lies beyond the second plane

    private NormalizationTables()
    {
        foreach (string[] line in UnicodeResource.Lines("decompositions.txt"))
        {
            int point = UnicodeResource.Hex(line[0]);
            int[] parts = [.. line.Skip(2).Select(part => UnicodeResource.Hex(part))];
            if (line[1] == "k")
            {
                compatible.Add(point, parts);
                continue;
            }
            canonical.Add(point, parts);
            if (line[1] == "c")
                compositions.Add(Pair(parts[0], parts[1]), point);
        }
        foreach (string[] line in UnicodeResource.Lines("combining-classes.txt"))
            for (int point = UnicodeResource.Hex(line[0]); point <= UnicodeResource.Hex(line[1]); point++)
                classes[point] = (byte)UnicodeResource.Decimal(line[2]);
    }

    public static NormalizationTables Shared => Lazy.Value;

    public byte CombiningClass(int point) => (uint)point < (uint)classes.Length ? classes[point] : (byte)0;

    /// <summary>One step of the decomposition; false where the code point stands for itself.</summary>
    public bool TryDecompose(int point, bool compatibility, out int[] parts) =>
        canonical.TryGetValue(point, out parts!) || compatibility && compatible.TryGetValue(point, out parts!);

    public bool TryCompose(int first, int second, out int composed)
    {
        // Hangul syllables compose by arithmetic (Unicode Standard, section 3.12).
        if (first is >= 0x1100 and < 0x1113 && second is >= 0x1161 and < 0x1176)
        {
            composed = 0xAC00 + (((first - 0x1100) * 21) + second - 0x1161) * 28;
            return true;
        }
        if (first is >= 0xAC00 and < 0xD7A4 && (first - 0xAC00) % 28 == 0 && second is > 0x11A7 and < 0x11C3)
        {
            composed = first + second - 0x11A7;
            return true;
        }
        return compositions.TryGetValue(Pair(first, second), out composed);
    }

    private static long Pair(int first, int second) => ((long)first << 32) | (uint)second;
}
