namespace Managed.Sampling;

/// <summary>
/// XTC: with the given probability, if at least two tokens have p ≥ threshold, all of these but the least likely go.
/// A threshold above one half can never apply.
/// </summary>
/// <remarks>As llama.cpp's `xtc`.</remarks>
internal readonly record struct ExcludeTopChoices(double Probability, double Threshold) : ILogitStep
{
    public void Apply(Candidates candidates, in SamplingContext context)
    {
        if (Threshold > 0.5 || context.Random.Uniform(context.Ids.Length, RandomPurpose.ExcludeTopChoices) >= Probability)
            return;
        int count = candidates.Count, likely = 0;
        while (likely < count && candidates.Probability(candidates.Ranked(likely)) >= Threshold)
            likely++;
        if (likely >= 2)
            candidates.KeepRanked(likely - 1, count);
    }
}
