namespace Managed.Loader.Tokenizers;

/// <summary>The Unicode normalisation forms NFD, NFC, NFKD and NFKC.</summary>
internal sealed class UnicodeNormalizer(bool compose, bool compatibility) : INormalizer
{
    public AlignedText Normalize(AlignedText text)
    {
        // Nothing below U+00A0 decomposes, and nothing below U+0300 composes.
        int plain = compose && !compatibility ? 0x300 : 0xA0;
        if (!text.Points.ContainsAnyExceptInRange(0, plain - 1))
            return text;
        var decomposed = Decompose(text);
        return compose ? Compose(decomposed) : decomposed;
    }

    private AlignedText Decompose(AlignedText text)
    {
        var tables = NormalizationTables.Shared;
        var output = new List<(int Point, int Class, int Start, int End)>(text.Length);
        for (int i = 0; i < text.Length; i++)
            Decompose(tables, text[i], text.Start(i), text.End(i), output);
        // Marks are put into the order of their classes, each run between two starters by itself.
        for (int i = 0; i < output.Count;)
        {
            int run = i;
            while (run < output.Count && output[run].Class != 0)
                run++;
            if (run - i > 1)
            {
                var ordered = output.GetRange(i, run - i).OrderBy(mark => mark.Class).ToList(); // a stable sort
                for (int k = 0; k < ordered.Count; k++)
                    output[i + k] = ordered[k];
            }
            i = run + 1;
        }
        var builder = new AlignedTextBuilder(output.Count);
        foreach (var (point, _, start, end) in output)
            builder.Add(point, start, end);
        return builder.Build();
    }

    private void Decompose(NormalizationTables tables, int point, int start, int end, List<(int, int, int, int)> output)
    {
        if (point is >= 0xAC00 and < 0xD7A4)
        {
            int syllable = point - 0xAC00;
            output.Add((0x1100 + syllable / 588, 0, start, end));
            output.Add((0x1161 + syllable % 588 / 28, 0, start, end));
            if (syllable % 28 != 0)
                output.Add((0x11A7 + syllable % 28, 0, start, end));
        }
        else if (tables.TryDecompose(point, compatibility, out int[] parts))
        {
            foreach (int part in parts)
                Decompose(tables, part, start, end, output);
        }
        else
        {
            output.Add((point, tables.CombiningClass(point), start, end));
        }
    }

    private static AlignedText Compose(AlignedText text)
    {
        var tables = NormalizationTables.Shared;
        var output = new List<(int Point, int Start, int End)>(text.Length);
        int starter = -1;   // index in output of the last starter
        int lastClass = -1; // class of the last code point kept after it; -1: none
        for (int i = 0; i < text.Length; i++)
        {
            int point = text[i];
            int combining = tables.CombiningClass(point);
            if (starter >= 0 && lastClass < combining && tables.TryCompose(output[starter].Point, point, out int composed))
            {
                output[starter] = (composed, Math.Min(output[starter].Start, text.Start(i)), Math.Max(output[starter].End, text.End(i)));
                continue;
            }
            if (combining == 0)
            {
                starter = output.Count;
                lastClass = -1;
            }
            else
            {
                lastClass = combining;
            }
            output.Add((point, text.Start(i), text.End(i)));
        }
        var builder = new AlignedTextBuilder(output.Count);
        foreach (var (point, start, end) in output)
            builder.Add(point, start, end);
        return builder.Build();
    }
}
