namespace Managed.Sampling;

/// <summary>Keeps p ≥ ε, and the most probable tokens in any case.</summary>
/// <remarks>Hewitt, Manning, Liang, "Truncation Sampling as Language Model Desmoothing", 2022.</remarks>
internal readonly record struct EpsilonCutoff(double Epsilon) : ILogitStep
{
    public void Apply(Candidates candidates, in SamplingContext context) => candidates.KeepProbabilitiesFrom(Epsilon);
}
