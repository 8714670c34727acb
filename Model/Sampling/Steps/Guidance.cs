namespace Managed.Sampling;

/// <summary>
/// Classifier-free guidance: with c = log_softmax(z) and u = log_softmax(unconditional logits), z = scale·(c − u) + u.
/// A token that either side forbids stays forbidden.
/// </summary>
/// <remarks>Sanchez et al., "Stay on topic with Classifier-Free Guidance", 2023.</remarks>
internal readonly record struct Guidance(double Scale) : ILogitStep
{
    public void Apply(Candidates candidates, in SamplingContext context)
    {
        ReadOnlySpan<float> other = context.Unconditional;
        if (other.Length != candidates.Vocabulary)
            throw new InvalidOperationException($"Guidance needs the unconditional logits: found {other.Length}; expected {candidates.Vocabulary}.");
        double total = candidates.LogTotal, otherTotal = LogitFunctions.LogSumExp(other);
        foreach (int id in candidates.Ids)
        {
            double conditional = candidates.Score(id) - total, unconditional = other[id] - otherTotal;
            candidates.SetScore(id, double.IsNegativeInfinity(unconditional)
                ? double.NegativeInfinity
                : (Scale * (conditional - unconditional)) + unconditional);
        }
    }
}
