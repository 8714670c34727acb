namespace Managed.Sampling;

/// <summary>Keeps p ≥ min(ε, √ε·e^(−H)), and the most probable tokens in any case.</summary>
/// <remarks>Hewitt, Manning, Liang, "Truncation Sampling as Language Model Desmoothing", 2022.</remarks>
internal readonly record struct EtaCutoff(double Epsilon) : ILogitStep
{
    public void Apply(Candidates candidates, in SamplingContext context) =>
        candidates.KeepProbabilitiesFrom(Math.Min(Epsilon, Math.Sqrt(Epsilon) * Math.Exp(-candidates.Entropy())));
}
