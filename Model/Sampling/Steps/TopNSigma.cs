namespace Managed.Sampling;

/// <summary>Keeps z ≥ max − n·σ, σ the standard deviation of the scores that are left.</summary>
/// <remarks>Tang et al., "Top-nσ: Not All Logits Are You Need", 2024.</remarks>
internal readonly record struct TopNSigma(double Deviations) : ILogitStep
{
    public void Apply(Candidates candidates, in SamplingContext context)
    {
        double sum = 0, squares = 0;
        foreach (int id in candidates.Ids)
            sum += candidates.Score(id);
        double mean = sum / candidates.Count;
        foreach (int id in candidates.Ids)
            squares += (candidates.Score(id) - mean) * (candidates.Score(id) - mean);
        candidates.KeepScoresFrom(candidates.Highest - (Deviations * Math.Sqrt(squares / candidates.Count)));
    }
}
