using System.Runtime.InteropServices;
using System.Text;

namespace Managed.Loader.Tokenizers;

/// <summary>Text as code points, each of which remembers the code points of the original text that it stands for.</summary>
/// <remarks>Immutable; a slice shares its parent's arrays. Offsets count code points of the original text.</remarks>
internal sealed class AlignedText
{
    private readonly int[] points;
    private readonly int[]? starts; // null: every code point stands for itself
    private readonly int[]? ends;
    private readonly int first;

    internal AlignedText(int[] points, int[]? starts, int[]? ends, int first, int length)
    {
        this.points = points;
        this.starts = starts;
        this.ends = ends;
        this.first = first;
        Length = length;
    }

    public static AlignedText Empty { get; } = new([], null, null, 0, 0);

    public int Length { get; }

    public ReadOnlySpan<int> Points => new(points, first, Length);

    public int this[int index] => points[first + index];

    /// <summary>Where the original of the code point at `index` starts.</summary>
    public int Start(int index) => starts is null ? first + index : starts[first + index];

    /// <summary>Where the original of the code point at `index` ends.</summary>
    public int End(int index) => ends is null ? first + index + 1 : ends[first + index];

    /// <summary>The original range of the code points from..to; an empty range lies where its neighbour begins or ends.</summary>
    public (int Start, int End) Offsets(int from, int to)
    {
        if (from < to)
            return (Start(from), Math.Max(Start(from), End(to - 1)));
        int at = from < Length ? Start(from) : Length > 0 ? End(Length - 1) : first;
        return (at, at);
    }

    public AlignedText Slice(int from, int to) => new(points, starts, ends, first + from, to - from);

    /// <summary>The code points of a string; a surrogate without its partner counts as U+FFFD.</summary>
    public static AlignedText FromString(string text)
    {
        int[] points = GC.AllocateUninitializedArray<int>(text.Length);
        int count = Decode(text, points);
        return new AlignedText(points, null, null, 0, count);
    }

    /// <summary>Writes the code points of `text`; returns their number.</summary>
    public static int Decode(ReadOnlySpan<char> text, Span<int> points)
    {
        int count = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char unit = text[i];
            if (!char.IsSurrogate(unit))
                points[count++] = unit;
            else if (char.IsHighSurrogate(unit) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                points[count++] = char.ConvertToUtf32(unit, text[++i]);
            else
                points[count++] = 0xFFFD;
        }
        return count;
    }

    public static int[] PointsOf(string text)
    {
        var points = new int[text.Length];
        int count = Decode(text, points);
        return points[..count];
    }

    public static string ToString(ReadOnlySpan<int> points)
    {
        var text = new StringBuilder(points.Length);
        Span<char> pair = stackalloc char[2];
        foreach (int point in points)
            text.Append(pair[..new Rune(point).EncodeToUtf16(pair)]);
        return text.ToString();
    }

    public override string ToString() => ToString(Points);

    /// <summary>Writes UTF-8; returns the number of bytes. `bytes` must hold four for each code point.</summary>
    public static int EncodeUtf8(ReadOnlySpan<int> points, Span<byte> bytes)
    {
        int count = 0;
        foreach (int point in points)
        {
            if (point < 0x80)
                bytes[count++] = (byte)point;
            else
                count += new Rune(point).EncodeToUtf8(bytes[count..]);
        }
        return count;
    }
}

/// <summary>Grows an <see cref="AlignedText"/> code point by code point.</summary>
internal sealed class AlignedTextBuilder
{
    private readonly List<int> points;
    private readonly List<int> starts;
    private readonly List<int> ends;

    public AlignedTextBuilder(int capacity)
    {
        points = new List<int>(capacity);
        starts = new List<int>(capacity);
        ends = new List<int>(capacity);
    }

    public int Count => points.Count;

    public ReadOnlySpan<int> Points => CollectionsMarshal.AsSpan(points);

    public void Add(int point, int start, int end)
    {
        points.Add(point);
        starts.Add(start);
        ends.Add(end);
    }

    /// <summary>Adds `point` in place of the code point at `index` of `source`.</summary>
    public void Add(int point, AlignedText source, int index) => Add(point, source.Start(index), source.End(index));

    public void Append(AlignedText source, int from, int to)
    {
        for (int i = from; i < to; i++)
            Add(source[i], source, i);
    }

    /// <summary>Adds `replacement` in place of the code points from..to of `source`; each new one stands for all of them.</summary>
    public void Replace(AlignedText source, int from, int to, ReadOnlySpan<int> replacement)
    {
        (int start, int end) = source.Offsets(from, to);
        foreach (int point in replacement)
            Add(point, start, end);
    }

    public AlignedText Build() => new([.. points], [.. starts], [.. ends], 0, points.Count);
}
