namespace Managed.Guards.Evaluation;

/// <summary>A range that holds the true value with 95 % confidence.</summary>
/// <param name="Low">Its lower end.</param>
/// <param name="High">Its upper end.</param>
public readonly record struct Interval(double Low, double High)
{
    private const double Z = 1.959963984540054; // Φ⁻¹(0.975)

    /// <summary>Wilson's score interval of a rate: short, and sensible near 0 and 1.</summary>
    /// <exception cref="ArgumentException">No trials, or more successes than trials.</exception>
    public static Interval Wilson(int successes, int trials)
    {
        Check(successes, trials);
        double n = trials, rate = successes / n, square = Z * Z;
        double centre = (rate + (square / (2 * n))) / (1 + (square / n));
        double half = Z / (1 + (square / n)) * Math.Sqrt((rate * (1 - rate) / n) + (square / (4 * n * n)));
        return new Interval(successes == 0 ? 0 : centre - half, successes == trials ? 1 : centre + half);
    }

    /// <summary>Clopper and Pearson's exact interval of a rate: never too short.</summary>
    /// <exception cref="ArgumentException">No trials, or more successes than trials.</exception>
    public static Interval ClopperPearson(int successes, int trials)
    {
        Check(successes, trials);
        return new Interval(
            successes == 0 ? 0 : BetaDistribution.Quantile(0.025, successes, trials - successes + 1),
            successes == trials ? 1 : BetaDistribution.Quantile(0.975, successes + 1, trials - successes));
    }

    /// <summary>The percentile bootstrap interval of a statistic: its 2.5 % and 97.5 % quantiles over samples drawn with replacement.</summary>
    /// <param name="count">Items that there are.</param>
    /// <param name="statistic">The statistic of a sample, given as indices of items; NaN where the sample has none, which is left out.</param>
    /// <param name="seed">Start of the random numbers; the same seed gives the same interval.</param>
    /// <param name="samples">Samples drawn.</param>
    /// <exception cref="ArgumentException">No items, or no sample has the statistic.</exception>
    public static Interval Bootstrap(int count, Func<int[], double> statistic, long seed = 0, int samples = 2000)
    {
        if (count < 1 || samples < 1)
            throw new ArgumentException($"A bootstrap interval: found {count} items and {samples} samples; expected at least one of each.");
        var random = new Random(unchecked((int)(seed ^ (seed >> 32))));
        var chosen = new int[count];
        var values = new List<double>(samples);
        for (int sample = 0; sample < samples; sample++)
        {
            for (int i = 0; i < count; i++)
                chosen[i] = random.Next(count);
            double value = statistic(chosen);
            if (!double.IsNaN(value))
                values.Add(value);
        }
        if (values.Count == 0)
            throw new ArgumentException($"A bootstrap interval: found no sample of {count} items that has the statistic; expected at least one.");
        double[] sorted = [.. values.Order()];
        return new Interval(Quantiles.OfSorted(sorted, 0.025), Quantiles.OfSorted(sorted, 0.975));
    }

    private static void Check(int successes, int trials)
    {
        if (trials < 1 || successes < 0 || successes > trials)
            throw new ArgumentException($"The interval of a rate: found {successes} of {trials}; expected at least one trial and no more successes than trials.");
    }
}
