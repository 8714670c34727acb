namespace Managed.Sampling;

/// <summary>
/// With q the softmax over the 100 best tokens: keeps the first, and in descending order those whose running
/// −Σ q·ln q is at most h·H(q). Everything beyond the 100 goes.
/// </summary>
/// <remarks>Baghaei Potraghloo et al., "Top-H Decoding", 2025.</remarks>
internal readonly record struct TopH(double Share) : ILogitStep
{
    public const int Considered = 100;

    public void Apply(Candidates candidates, in SamplingContext context)
    {
        int count = Math.Min(Considered, candidates.Count), kept = 1;
        candidates.KeepRanked(0, count);
        double limit = Share * candidates.Entropy(), running = candidates.Uncertainty(candidates.Ranked(0));
        while (kept < count && (running += candidates.Uncertainty(candidates.Ranked(kept))) <= limit)
            kept++;
        candidates.KeepRanked(0, kept);
    }
}
