namespace Managed.Sampling;

/// <summary>Every distinct token of the text, once: z·r where z is negative, else z / r.</summary>
/// <remarks>Keskar et al., "CTRL", 2019, as corrected for negative scores by everybody since.</remarks>
internal readonly record struct RepetitionPenalty(double Penalty) : ILocalStep
{
    public ReadOnlySpan<int> Changes(in SamplingContext context) => context.Ids;

    public void Apply(Candidates candidates, in SamplingContext context)
    {
        Span<int> seen = candidates.Tallies;
        foreach (int id in context.Ids)
        {
            if (seen[id]++ > 0)
                continue;
            double score = candidates.Score(id);
            candidates.SetScore(id, score < 0 ? score * Penalty : score / Penalty);
        }
        foreach (int id in context.Ids)
            seen[id] = 0;
    }
}
