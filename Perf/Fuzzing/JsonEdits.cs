namespace Managed.Fuzzing;

/// <summary>
/// Edits that leave JSON JSON: a value becomes another one, or goes, or comes twice; a key becomes another key.
/// They get past the parser, where random bytes rarely do.
/// </summary>
internal sealed class JsonEdits(IReadOnlyList<byte[]> seeds, IReadOnlyList<byte[]> values, int capacity)
{
    private const int LongestPiece = 4096;

    /// <summary>Edits the JSON text in `buffer`; returns its new length. Text that holds no value stays as it is.</summary>
    public int Edit(ref CaseRandom random, Span<byte> buffer, int length)
    {
        int kind = random.Below(10);
        bool keys = kind == 9;
        if (Pick(ref random, buffer[..length], keys) is not { Start: >= 0 } place)
            return length;
        switch (kind)
        {
            case <= 3:
                return Replace(buffer, length, place, values[random.Below(values.Count)]);
            case 4 or 5:
                return Replace(buffer, length, place, Other(ref random, buffer[..length], keys: false));
            case 6:
                return Replace(buffer, length, WithKeyAndComma(buffer[..length], place), []);
            case 7:
                return Twice(buffer, length, WithKeyAndComma(buffer[..length], place));
            case 8:
                return Wrap(ref random, buffer, length, place);
            default:
                return Replace(buffer, length, place, Other(ref random, buffer[..length], keys: true));
        }
    }

    /// <summary>A value (or key) of this text, or of any sound one.</summary>
    private byte[] Other(ref CaseRandom random, ReadOnlySpan<byte> text, bool keys)
    {
        ReadOnlySpan<byte> source = random.Below(2) == 0 ? text : seeds[random.Below(seeds.Count)];
        (int start, int end) = Pick(ref random, source, keys);
        return start < 0 || end - start > LongestPiece ? [] : source[start..end].ToArray();
    }

    private static (int Start, int End) WithKeyAndComma(ReadOnlySpan<byte> text, (int Start, int End) value)
    {
        int start = SkipBack(text, value.Start);
        if (start > 0 && text[start - 1] == ':')
        {
            start = SkipBack(text, start - 1); // behind the key's closing quote
            while (--start > 0 && text[start - 1] != '"')
            {
            }

            start = Math.Max(0, start - 1);
        }
        else
        {
            start = value.Start;
        }

        int end = value.End;
        while (end < text.Length && text[end] <= ' ')
            end++;
        if (end < text.Length && text[end] == ',')
            return (start, end + 1);
        int before = SkipBack(text, start);
        return before > 0 && text[before - 1] == ',' ? (before - 1, value.End) : (start, value.End);
    }

    private static int SkipBack(ReadOnlySpan<byte> text, int at)
    {
        while (at > 0 && text[at - 1] <= ' ')
            at--;
        return at;
    }

    private int Twice(Span<byte> buffer, int length, (int Start, int End) piece)
    {
        byte[] copy = buffer[piece.Start..piece.End].ToArray();
        return copy.Length > LongestPiece ? length : Replace(buffer, length, (piece.End, piece.End), copy);
    }

    private int Wrap(ref CaseRandom random, Span<byte> buffer, int length, (int Start, int End) place)
    {
        byte[] value = buffer[place.Start..place.End].ToArray();
        byte[] wrapped = random.Below(2) == 0 ? [(byte)'[', .. value, (byte)']'] : [.. "{\"type\":"u8, .. value, (byte)'}'];
        return Replace(buffer, length, place, wrapped);
    }

    private int Replace(Span<byte> buffer, int length, (int Start, int End) place, ReadOnlySpan<byte> by)
    {
        int grown = length - (place.End - place.Start) + by.Length;
        if (grown > capacity)
            return length;
        buffer[place.End..length].CopyTo(buffer[(place.Start + by.Length)..]);
        by.CopyTo(buffer[place.Start..]);
        return grown;
    }

    /// <summary>One value of the text, or one key, all of them equally likely; (-1, -1) where there is none.</summary>
    private static (int Start, int End) Pick(ref CaseRandom random, ReadOnlySpan<byte> text, bool keys)
    {
        int chosen = -1, count = 0;
        for (int at = 0; at < text.Length;)
        {
            byte now = text[at];
            bool isString = now == '"';
            int end = isString ? StringEnd(text, at) : ScalarEnd(text, at);
            bool isKey = isString && IsKey(text, end);
            bool isValue = isString ? !isKey : now is (byte)'{' or (byte)'[' || end > at;
            if ((keys ? isKey : isValue) && random.Below(++count) == 0)
                chosen = at;
            at = Math.Max(end, at + 1);
        }

        return chosen < 0 ? (-1, -1) : (chosen, ValueEnd(text, chosen));
    }

    private static int StringEnd(ReadOnlySpan<byte> text, int at)
    {
        for (at++; at < text.Length && text[at] != '"'; at++)
            if (text[at] == '\\')
                at++;
        return Math.Min(text.Length, at + 1);
    }

    private static int ScalarEnd(ReadOnlySpan<byte> text, int at)
    {
        while (at < text.Length && (char.IsAsciiLetterOrDigit((char)text[at]) || text[at] is (byte)'-' or (byte)'+' or (byte)'.'))
            at++;
        return at;
    }

    private static bool IsKey(ReadOnlySpan<byte> text, int end)
    {
        while (end < text.Length && text[end] <= ' ')
            end++;
        return end < text.Length && text[end] == ':';
    }

    private static int ValueEnd(ReadOnlySpan<byte> text, int at)
    {
        if (text[at] == '"')
            return StringEnd(text, at);
        if (text[at] is not ((byte)'{' or (byte)'['))
            return ScalarEnd(text, at);
        int depth = 0;
        while (at < text.Length)
        {
            if (text[at] == '"')
            {
                at = StringEnd(text, at);
                continue;
            }

            depth += text[at] switch { (byte)'{' or (byte)'[' => 1, (byte)'}' or (byte)']' => -1, _ => 0 };
            at++;
            if (depth == 0)
                break;
        }

        return at;
    }
}
