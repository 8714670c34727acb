namespace Managed.Loader.Tokenizers;

/// <summary>What becomes of the occurrences of a pattern when a text is split at them.</summary>
internal enum SplitBehavior
{
    Removed,
    Isolated,
    MergedWithPrevious,
    MergedWithNext,

    /// <summary>Isolated, but adjacent occurrences stay together.</summary>
    Contiguous,
}

/// <summary>Splits at the occurrences of a pattern; with `invert`, at what lies between them.</summary>
internal sealed class SplitPreTokenizer(ITextPattern pattern, SplitBehavior behavior, bool invert) : IPreTokenizer
{
    public TextPieces Apply(TextPieces pieces)
    {
        var output = new List<(int From, int To)>(pieces.Pieces.Count);
        var parts = new List<(int From, int To, bool Match)>();
        foreach (var (from, to) in pieces.Pieces)
        {
            if (from == to)
                continue;
            parts.Clear();
            Cut(pieces.Text.Points[from..to], from, parts);
            Join(parts, output);
        }
        output.RemoveAll(piece => piece.From == piece.To);
        return pieces with { Pieces = output };
    }

    /// <summary>Occurrences and what lies between them, in order.</summary>
    private void Cut(ReadOnlySpan<int> text, int origin, List<(int, int, bool)> parts)
    {
        int done = 0;
        int from = 0;
        while (from <= text.Length && pattern.TryFind(text, from, out int start, out int end))
        {
            from = end;
            if (end == start)
            {
                from++;
                if (start == done && start > 0)
                    continue; // an empty occurrence just behind another does not count
            }
            if (start > done)
                parts.Add((origin + done, origin + start, invert));
            parts.Add((origin + start, origin + end, !invert));
            done = end;
        }
        if (done < text.Length)
            parts.Add((origin + done, origin + text.Length, invert));
    }

    private void Join(List<(int From, int To, bool Match)> parts, List<(int From, int To)> output)
    {
        int first = output.Count;
        bool previousMatch = false;
        if (behavior == SplitBehavior.MergedWithNext)
            parts.Reverse();
        foreach (var (from, to, match) in parts)
        {
            bool joins = behavior switch
            {
                SplitBehavior.Contiguous => match == previousMatch,
                SplitBehavior.MergedWithPrevious or SplitBehavior.MergedWithNext => match && !previousMatch,
                _ => false,
            };
            previousMatch = match;
            if (behavior == SplitBehavior.Removed && match)
                continue;
            if (joins && output.Count > first)
                output[^1] = (Math.Min(output[^1].From, from), Math.Max(output[^1].To, to));
            else
                output.Add((from, to));
        }
        if (behavior == SplitBehavior.MergedWithNext)
            output.Reverse(first, output.Count - first);
    }
}
