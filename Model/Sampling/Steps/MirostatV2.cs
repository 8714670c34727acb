namespace Managed.Sampling;

/// <summary>
/// Keeps −log2 p ≤ μ, at least one token; after a draw with surprise S = −log2 of its probability among those kept,
/// μ −= η·(S − τ). μ starts at 2τ.
/// </summary>
/// <remarks>Basu et al., "Mirostat", 2020; version 2 as in llama.cpp. One instance belongs to one row.</remarks>
internal sealed class MirostatV2(double tau, double eta) : ILogitStep, IDrawObserver
{
    /// <summary>The most surprise a token may have.</summary>
    public double Mu { get; private set; } = 2 * tau;

    public void Apply(Candidates candidates, in SamplingContext context)
    {
        int kept = 1, count = candidates.Count;
        while (kept < count && -Math.Log2(candidates.Probability(candidates.Ranked(kept))) <= Mu)
            kept++;
        candidates.KeepRanked(0, kept);
    }

    public void Drawn(double probability) => Mu -= eta * (-Math.Log2(probability) - tau);
}
