namespace Managed.Constraints;

/// <summary>A part of a UTF-8 sequence: how many bytes are still to come, and the bits so far.</summary>
internal readonly record struct CodePointDecoder(byte Missing, int Bits)
{
    private const int FirstOfThreeBytes = 0x800, FirstOfFourBytes = 0x10000;
    private const int FirstSurrogate = 0xD800, LastSurrogate = 0xDFFF;

    public bool IsPartial => Missing > 0;

    /// <summary>
    /// Takes one byte. False if it cannot stand here. Otherwise `first` to `last` are the code points that can still come of it:
    /// a single one when `next` is not partial.
    /// </summary>
    public bool Take(byte value, out CodePointDecoder next, out int first, out int last)
    {
        (next, first, last) = (default, 0, 0);
        int missing, bits, least = 0;
        if (Missing > 0)
        {
            if (value is < 0x80 or > 0xBF)
                return false;
            (missing, bits) = (Missing - 1, Bits << 6 | value & 0x3F);
            // The length is known from what is missing: with two missing, four bits are the lead of a three-byte form.
            least = Missing == 3 ? FirstOfFourBytes : Missing == 2 && Bits < 16 ? FirstOfThreeBytes : 0;
        }
        else if (value < 0x80)
            (missing, bits) = (0, value);
        else if (value is >= 0xC2 and <= 0xDF)
            (missing, bits) = (1, value & 0x1F);
        else if (value is >= 0xE0 and <= 0xEF)
            (missing, bits, least) = (2, value & 0x0F, FirstOfThreeBytes);
        else if (value is >= 0xF0 and <= 0xF4)
            (missing, bits, least) = (3, value & 0x07, FirstOfFourBytes);
        else
            return false;

        first = Math.Max(bits << 6 * missing, least);
        last = Math.Min((bits + 1 << 6 * missing) - 1, CodePointSet.End - 1);
        if (first is >= FirstSurrogate and <= LastSurrogate)
            return false;
        if (first < FirstSurrogate && last == LastSurrogate)
            last = FirstSurrogate - 1;
        next = missing == 0 ? default : new((byte)missing, bits);
        return first <= last;
    }
}
