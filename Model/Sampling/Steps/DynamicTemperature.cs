namespace Managed.Sampling;

/// <summary>
/// z / T with T = low + (high − low)·(H / ln n)^exponent, low = max(0, t − range), high = t + range, n the number of
/// tokens left: a sure model is sampled coldly, an unsure one warmly.
/// </summary>
/// <remarks>As llama.cpp's `dynatemp`. With one token left, or no range, there is nothing to adapt.</remarks>
internal readonly record struct DynamicTemperature(double Temperature, double Range, double Exponent) : ILogitStep
{
    private const double Coldest = 1e-9; // T = 0 would divide by zero; this is as good as greedy

    public void Apply(Candidates candidates, in SamplingContext context)
    {
        int count = candidates.Count;
        if (count <= 1)
            return;
        double low = Math.Max(0, Temperature - Range), high = Temperature + Range;
        double share = Math.Clamp(candidates.Entropy() / Math.Log(count), 0, 1);
        candidates.Divide(Math.Max(Coldest, low + ((high - low) * Math.Pow(share, Exponent))));
    }
}
