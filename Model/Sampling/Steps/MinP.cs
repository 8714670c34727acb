namespace Managed.Sampling;

/// <summary>Keeps tokens at least `share` as probable as the best one.</summary>
/// <remarks>Nguyen et al., "Turning Up the Heat: Min-p Sampling", 2024.</remarks>
internal readonly record struct MinP(double Share) : ILeadingStep
{
    public bool SeesAllThatStay(Candidates candidates) => candidates.SeesAllFrom(Share);

    public void Apply(Candidates candidates, in SamplingContext context) =>
        candidates.KeepProbabilitiesFrom(Share * candidates.Probability(candidates.Ranked(0)));
}
