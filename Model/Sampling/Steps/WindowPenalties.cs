namespace Managed.Sampling;

/// <summary>
/// Penalties as llama.cpp counts them: over the last n tokens, the prompt's too. First z·r where z ≤ 0, else z / r;
/// then z −= count·frequency + presence. A window of −1 is the whole text.
/// </summary>
internal readonly record struct WindowPenalties(int Window, double Repeat, double Frequency, double Presence) : ILocalStep
{
    public ReadOnlySpan<int> Changes(in SamplingContext context) => context.Last(Window);

    public void Apply(Candidates candidates, in SamplingContext context)
    {
        ReadOnlySpan<int> ids = context.Last(Window);
        Span<int> counts = candidates.Tallies;
        foreach (int id in ids)
            counts[id]++;
        foreach (int id in ids)
        {
            if (counts[id] == 0)
                continue;
            double score = candidates.Score(id);
            score = score <= 0 ? score * Repeat : score / Repeat;
            candidates.SetScore(id, score - ((counts[id] * Frequency) + Presence));
            counts[id] = 0;
        }
    }
}
