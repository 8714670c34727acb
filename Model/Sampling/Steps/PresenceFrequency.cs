namespace Managed.Sampling;

/// <summary>z −= count·frequency + (count > 0)·presence, counting generated tokens only.</summary>
/// <remarks>The presence and frequency penalties of OpenAI's API.</remarks>
internal readonly record struct PresenceFrequency(double Presence, double Frequency) : ILocalStep
{
    public ReadOnlySpan<int> Changes(in SamplingContext context) => context.Generated;

    public void Apply(Candidates candidates, in SamplingContext context)
    {
        Span<int> counts = candidates.Tallies;
        foreach (int id in context.Generated)
            counts[id]++;
        foreach (int id in context.Generated)
        {
            if (counts[id] == 0)
                continue;
            candidates.SetScore(id, candidates.Score(id) - ((counts[id] * Frequency) + Presence));
            counts[id] = 0;
        }
    }
}
