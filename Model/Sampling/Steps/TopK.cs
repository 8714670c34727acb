namespace Managed.Sampling;

/// <summary>Keeps z ≥ the k-th largest: ties at the border all stay.</summary>
internal readonly record struct TopK(int Count) : ILogitStep
{
    public void Apply(Candidates candidates, in SamplingContext context)
    {
        if (Count < candidates.Count)
            candidates.KeepScoresFrom(candidates.Score(candidates.Ranked(Count - 1)));
    }
}
