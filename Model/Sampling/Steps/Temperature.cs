namespace Managed.Sampling;

/// <summary>z / t.</summary>
internal readonly record struct Temperature(double Value) : ILogitStep
{
    public void Apply(Candidates candidates, in SamplingContext context) => candidates.Divide(Value);
}
