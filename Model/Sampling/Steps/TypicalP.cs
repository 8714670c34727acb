namespace Managed.Sampling;

/// <summary>
/// With d = |−ln p − H| ascending and L the number of tokens whose running mass is below m: keeps every token with
/// d ≤ that of rank L (counted from 0; at most the last), so ties at the border stay.
/// </summary>
/// <remarks>Meister et al., "Locally Typical Sampling", 2022.</remarks>
internal readonly record struct TypicalP(double Mass) : ILogitStep
{
    public void Apply(Candidates candidates, in SamplingContext context)
    {
        (LazyRanking ranking, double[] distances) = candidates.RankByTypicality();
        var order = new ByDistance(distances);
        int rank = 0;
        double mass = 0;
        while (rank < ranking.Count - 1 && (mass += candidates.Probability(ranking.At(rank, order))) < Mass)
            rank++;
        double limit = distances[ranking.At(rank, order)];
        foreach (int id in ranking.Ids.AsSpan(0, ranking.Count))
            if (distances[id] > limit)
                candidates.Drop(id);
    }
}

/// <summary>Ascending distance, ties by lower id.</summary>
internal readonly struct ByDistance(double[] distances) : IRankOrder
{
    public bool ComesBefore(int first, int second) =>
        distances[first] < distances[second] || (distances[first] == distances[second] && first < second);
}
