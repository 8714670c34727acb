namespace Managed.Sampling;

/// <summary>Keeps a token if the mass of the tokens ranked above it is less than p; the best always stays.</summary>
/// <remarks>Holtzman et al., "The Curious Case of Neural Text Degeneration", 2019.</remarks>
internal readonly record struct TopP(double Mass) : ILeadingStep
{
    public bool SeesAllThatStay(Candidates candidates) => candidates.SeesMass(Mass);

    public void Apply(Candidates candidates, in SamplingContext context)
    {
        int kept = 0, count = candidates.Count;
        double above = 0;
        do
            above += candidates.Probability(candidates.Ranked(kept++));
        while (kept < count && above < Mass);
        candidates.KeepRanked(0, kept);
    }
}
