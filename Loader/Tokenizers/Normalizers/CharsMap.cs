using System.Buffers.Binary;
using System.Text;

namespace Managed.Loader.Tokenizers;

/// <summary>SentencePiece's precompiled character map: a double-array trie over UTF-8 and the texts that it points to.</summary>
internal sealed class CharsMap
{
    private readonly uint[] units;
    private readonly byte[] replacements;

    private CharsMap(uint[] units, byte[] replacements)
    {
        this.units = units;
        this.replacements = replacements;
    }

    /// <param name="map">The bytes of the map: u32 size of the trie, the trie, then texts that each end in a zero byte.</param>
    /// <param name="error">Makes the exception out of what was found and what was expected.</param>
    public static CharsMap Parse(ReadOnlySpan<byte> map, Func<string, string, CheckpointException> error)
    {
        if (map.Length < 4)
            throw error($"{map.Length} bytes", "a character map of at least 4 bytes");
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(map);
        if (size > (uint)(map.Length - 4) || size % 4 != 0 || size == 0)
            throw error($"a trie of {size} bytes in a map of {map.Length}", "a trie that lies inside the map, of whole 4-byte units");
        var units = new uint[size / 4];
        for (int i = 0; i < units.Length; i++)
            units[i] = BinaryPrimitives.ReadUInt32LittleEndian(map[(4 + i * 4)..]);
        byte[] replacements = map[(int)(4 + size)..].ToArray();
        if (replacements.Length > 0 && replacements[^1] != 0)
            throw error("a last replacement without an end", "texts that end in a zero byte");
        return new CharsMap(units, replacements);
    }

    /// <summary>The first entries of the trie that are prefixes of `text`: the longest, or with `shortest` the shortest one.</summary>
    /// <returns>Its length in bytes and its replacement; length 0 where there is none.</returns>
    public (int Length, string Replacement) Find(ReadOnlySpan<byte> text, bool shortest)
    {
        int length = 0;
        uint value = 0;
        uint node = Offset(units[0]);
        for (int i = 0; i < text.Length; i++)
        {
            node ^= text[i];
            if (text[i] == 0 || node >= units.Length)
                break;
            uint unit = units[node];
            if ((unit & 0x800000FFu) != text[i])
                break;
            node ^= Offset(unit);
            if ((unit >> 8 & 1) != 0 && node < units.Length)
            {
                (length, value) = (i + 1, units[node] & 0x7FFFFFFF);
                if (shortest)
                    break;
            }
        }
        if (length == 0 || value >= replacements.Length)
            return (0, "");
        var rest = replacements.AsSpan((int)value);
        return (length, System.Text.Encoding.UTF8.GetString(rest[..rest.IndexOf((byte)0)]));
    }

    private static uint Offset(uint unit) => unit >> 10 << ((int)(unit & (1u << 9)) >> 6);
}

/// <summary>The normaliser "Precompiled": a character map applied to each grapheme, or to its characters one by one.</summary>
internal sealed class CharsMapNormalizer(CharsMap map) : INormalizer
{
    private const int LongestGrapheme = 6; // in bytes; longer ones are taken apart at once

    public AlignedText Normalize(AlignedText text)
    {
        var builder = new AlignedTextBuilder(text.Length);
        string characters = text.ToString();
        int at = 0; // code points done
        for (int unit = 0; unit < characters.Length;)
        {
            int units = System.Globalization.StringInfo.GetNextTextElementLength(characters, unit);
            var grapheme = characters.AsSpan(unit, units);
            unit += units;
            int points = 0;
            foreach (var _ in grapheme.EnumerateRunes())
                points++;
            if (System.Text.Encoding.UTF8.GetByteCount(grapheme) < LongestGrapheme && TryMap(grapheme, out var whole))
            {
                builder.Replace(text, at, at + points, AlignedText.PointsOf(whole));
                at += points;
                continue;
            }
            for (int end = at + points; at < end; at++)
            {
                if (TryMap(new Rune(text[at]).ToString(), out var single))
                    builder.Replace(text, at, at + 1, AlignedText.PointsOf(single));
                else
                    builder.Append(text, at, at + 1);
            }
        }
        return builder.Build();
    }

    private bool TryMap(ReadOnlySpan<char> characters, out string replacement)
    {
        Span<byte> bytes = stackalloc byte[16];
        int count = System.Text.Encoding.UTF8.GetBytes(characters, bytes);
        (int length, replacement) = map.Find(bytes[..count], shortest: true);
        return length > 0;
    }
}
