using System.Globalization;

namespace Managed;

/// <summary>Positions of a text: all, single ones ("0,5,-1", negative from the end) or ranges ("2:10", "-4:", end excluded).</summary>
public sealed class PositionFilter
{
    private readonly (int? First, int? End, bool Single)[] parts;

    private PositionFilter((int?, int?, bool)[] parts) => this.parts = parts;

    /// <summary>Every position.</summary>
    public static PositionFilter All { get; } = new([]);

    /// <summary>The last position alone.</summary>
    public static PositionFilter Last { get; } = new([(-1, null, true)]);

    /// <summary>Whether every position is meant.</summary>
    public bool IsAll => parts.Length == 0;

    /// <summary>Reads "all", "last", or a list of positions and ranges.</summary>
    /// <exception cref="FormatException">The text is none of these.</exception>
    public static PositionFilter Parse(string text)
    {
        if (text is "all" or "")
            return All;
        if (text == "last")
            return Last;
        return new PositionFilter([.. text.Split(',').Select(ParsePart)]);
    }

    private static (int?, int?, bool) ParsePart(string part)
    {
        int? Number(string digits) => digits.Length == 0 ? null
            : int.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number
            : throw new FormatException($"'{part}' is not a position; give all, last, single positions (0,5,-1) or ranges (2:10).");
        string[] ends = part.Split(':');
        return ends.Length switch
        {
            1 when Number(ends[0]) is { } single => (single, null, true),
            2 => (Number(ends[0]), Number(ends[1]), false),
            _ => throw new FormatException($"'{part}' is not a position; give all, last, single positions (0,5,-1) or ranges (2:10)."),
        };
    }

    /// <summary>The first part that names no position of a text of that length; null where every part does.</summary>
    internal string? FirstOutside(int length)
    {
        int From(int position) => position < 0 ? position + length : position;
        foreach ((int? first, int? end, bool single) in parts)
        {
            int from = From(first ?? 0), to = single ? from + 1 : Math.Min(end is { } e ? From(e) : length, length);
            if (from >= to || from >= length || (single && from < 0) || to <= 0)
                return single ? $"{first}" : $"{first}:{end}";
        }
        return null;
    }

    /// <summary>Indices of the chosen ones among some positions of a text of `length` tokens, ascending, each once.</summary>
    internal List<int> Choose(ReadOnlySpan<int> positions, int length)
    {
        int From(int position) => position < 0 ? position + length : position;
        var chosen = new List<int>();
        for (int i = 0; i < positions.Length; i++)
            foreach ((int? first, int? end, bool single) in parts)
            {
                int position = positions[i];
                if (single ? position == From(first!.Value) : position >= From(first ?? 0) && position < (end is { } e ? From(e) : length))
                {
                    chosen.Add(i);
                    break;
                }
            }
        return chosen;
    }
}
