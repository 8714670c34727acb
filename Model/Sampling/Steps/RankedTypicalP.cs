namespace Managed.Sampling;

/// <summary>Locally typical sampling as llama.cpp cuts it: in order of |−ln p − H|, ranks are kept until their mass first exceeds m.</summary>
/// <remarks>Differs from <see cref="TypicalP"/> where distances tie at the border.</remarks>
internal readonly record struct RankedTypicalP(double Mass) : ILogitStep
{
    public void Apply(Candidates candidates, in SamplingContext context)
    {
        (LazyRanking ranking, double[] distances) = candidates.RankByTypicality();
        var order = new ByDistance(distances);
        int kept = 0;
        double mass = 0;
        do
            mass += candidates.Probability(ranking.At(kept++, order));
        while (kept < ranking.Count && mass <= Mass);
        foreach (int id in ranking.Ids.AsSpan(kept, ranking.Count - kept))
            candidates.Drop(id);
    }
}
