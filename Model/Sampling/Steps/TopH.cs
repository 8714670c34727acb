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
        int count = Math.Min(Considered, candidates.Count);
        candidates.KeepRanked(0, count);
        double logTotal = candidates.LogTotal, limit = Share * Running(candidates, logTotal, count);
        int kept = 1;
        double running = Term(candidates, logTotal, 0);
        while (kept < count && (running += Term(candidates, logTotal, kept)) <= limit)
            kept++;
        candidates.KeepRanked(0, kept);
    }

    private static double Running(Candidates candidates, double logTotal, int count)
    {
        double sum = 0;
        for (int rank = 0; rank < count; rank++)
            sum += Term(candidates, logTotal, rank);
        return sum;
    }

    private static double Term(Candidates candidates, double logTotal, int rank)
    {
        int id = candidates.Ranked(rank);
        double probability = candidates.Probability(id);
        return probability == 0 ? 0 : -probability * (candidates.Score(id) - logTotal);
    }
}
