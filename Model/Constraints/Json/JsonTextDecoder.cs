namespace Managed.Constraints.Json;

/// <summary>The code points that bytes read so far can still become: one or two ranges (an escape may yet become a surrogate pair).</summary>
internal readonly record struct CodePointReach(int First, int Last, int SecondFirst = 0, int SecondLast = -1);

/// <summary>What stands inside a JSON string between two code points: part of a UTF-8 sequence or of an escape.</summary>
internal readonly record struct JsonTextDecoder
{
    private const int HighSurrogate = 0xD800, LowSurrogate = 0xDC00, AfterSurrogates = 0xE000, Supplement = 0x10000;

    private enum Place : byte { Text, Escape, Hex, LowBackslash, LowLetter, LowHex }

    private Place At { get; init; }
    private CodePointDecoder Utf8 { get; init; }
    private byte Digits { get; init; }
    private int Value { get; init; }
    private int High { get; init; }

    /// <summary>Whether a code point has begun and is not yet whole.</summary>
    public bool IsPartial => At != Place.Text || Utf8.IsPartial;

    /// <summary>
    /// Takes a byte other than a quote between code points. False if it cannot stand here; otherwise `reach` is what can come of it,
    /// a single code point where `next` is not partial.
    /// </summary>
    public bool Take(byte value, out JsonTextDecoder next, out CodePointReach reach)
    {
        (next, reach) = (default, default);
        switch (At)
        {
            case Place.Text when !Utf8.IsPartial && value == '\\':
                next = new() { At = Place.Escape };
                reach = new(0, CodePointSet.End - 1);
                return true;
            case Place.Text:
                if (!Utf8.IsPartial && value < 0x20 || !Utf8.Take(value, out var utf8, out int first, out int last))
                    return false;
                next = new() { Utf8 = utf8 };
                reach = new(first, last);
                return true;
            case Place.Escape when value == 'u':
                next = new() { At = Place.Hex };
                reach = new(0, CodePointSet.End - 1);
                return true;
            case Place.Escape:
                int at = "\"\\/bfnrt".IndexOf((char)value, StringComparison.Ordinal);
                if (at < 0)
                    return false;
                reach = new("\"\\/\b\f\n\r\t"[at], "\"\\/\b\f\n\r\t"[at]);
                return true;
            case Place.Hex:
                return TakeHex(value, out next, out reach);
            case Place.LowBackslash or Place.LowLetter:
                if (value != (At == Place.LowBackslash ? '\\' : 'u'))
                    return false;
                next = this with { At = At == Place.LowBackslash ? Place.LowLetter : Place.LowHex, Digits = 0, Value = 0 };
                reach = PairsOf(High, High);
                return true;
            default:
                return TakeLowHex(value, out next, out reach);
        }
    }

    private bool TakeHex(byte value, out JsonTextDecoder next, out CodePointReach reach)
    {
        (next, reach) = (default, default);
        if (!char.IsAsciiHexDigit((char)value))
            return false;
        var (first, last) = Extend(value);
        next = Digits == 3 ? default : this with { Digits = (byte)(Digits + 1), Value = Value << 4 | Digit(value) };
        if (first >= LowSurrogate && last < AfterSurrogates)
            return false;
        int high = Math.Max(first, HighSurrogate), lastHigh = Math.Min(last, LowSurrogate - 1);
        if (high > lastHigh)
        {
            reach = new(first, last);
            return true;
        }
        if (Digits == 3)
            next = new() { At = Place.LowBackslash, High = first };
        var pairs = PairsOf(high, lastHigh);
        reach = new(first, Math.Min(last, HighSurrogate - 1), pairs.First, pairs.Last);
        return true;
    }

    private bool TakeLowHex(byte value, out JsonTextDecoder next, out CodePointReach reach)
    {
        (next, reach) = (default, default);
        if (!char.IsAsciiHexDigit((char)value))
            return false;
        var (first, last) = Extend(value);
        (first, last) = (Math.Max(first, LowSurrogate), Math.Min(last, AfterSurrogates - 1));
        if (first > last)
            return false;
        next = Digits == 3 ? default : this with { Digits = (byte)(Digits + 1), Value = Value << 4 | Digit(value) };
        int pairs = PairsOf(High, High).First - LowSurrogate;
        reach = new(pairs + first, pairs + last);
        return true;
    }

    // What four hexadecimal digits can be once this one is read.
    private (int First, int Last) Extend(byte value)
    {
        int free = 4 * (3 - Digits), bits = Value << 4 | Digit(value);
        return (bits << free, (bits + 1 << free) - 1);
    }

    private static int Digit(byte value) => value <= '9' ? value - '0' : (value | 0x20) - 'a' + 10;

    // The code points whose high surrogate is one of these.
    private static CodePointReach PairsOf(int first, int last) =>
        new(Supplement + (first - HighSurrogate << 10), Supplement + (last - HighSurrogate << 10) + 0x3FF);
}
