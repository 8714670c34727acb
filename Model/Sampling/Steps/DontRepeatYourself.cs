namespace Managed.Sampling;

/// <summary>
/// DRY: where the last n tokens have occurred before (n at least `allowedLength`), the token that followed there loses
/// multiplier·base^(n − allowedLength), n the longest such match. A match may not reach back over a breaker, and
/// breakers are never penalised. Only the last `window` tokens count; −1: all.
/// </summary>
/// <remarks>As llama.cpp's `dry`. Matches of all earlier places are found in one pass (the Z function of the text read backwards).</remarks>
internal readonly record struct DontRepeatYourself(double Multiplier, double Base, int AllowedLength, int Window, int[] Breakers) : ILocalStep
{
    public ReadOnlySpan<int> Changes(in SamplingContext context) => context.Last(Window);

    public void Apply(Candidates candidates, in SamplingContext context)
    {
        ReadOnlySpan<int> text = context.Last(Window);
        int sinceBreaker = text.Length - 1 - text.LastIndexOfAny(Breakers);
        if (text.Length <= AllowedLength || sinceBreaker < AllowedLength)
            return;

        Span<int> matches = candidates.Numbers(text.Length);
        MatchesFromTheEnd(text, matches);
        Span<int> longest = candidates.Tallies;
        for (int back = 1; back < text.Length; back++)
        {
            int match = Math.Min(matches[back], sinceBreaker), next = text[text.Length - back];
            if (match >= AllowedLength && !Breakers.AsSpan().Contains(next))
                longest[next] = Math.Max(longest[next], match);
        }
        foreach (int id in text)
        {
            if (longest[id] > 0)
                candidates.SetScore(id, candidates.Score(id) - (Multiplier * Math.Pow(Base, longest[id] - AllowedLength)));
            longest[id] = 0;
        }
    }

    // matches[k]: how many tokens before the last k agree with the text's last tokens.
    private static void MatchesFromTheEnd(ReadOnlySpan<int> text, Span<int> matches)
    {
        int length = text.Length, begin = 0, end = 0;
        matches[0] = length;
        for (int back = 1; back < length; back++)
        {
            int match = back < end ? Math.Min(end - back, matches[back - begin]) : 0;
            while (back + match < length && text[length - 1 - match] == text[length - 1 - back - match])
                match++;
            matches[back] = match;
            if (back + match > end)
                (begin, end) = (back, back + match);
        }
    }
}
