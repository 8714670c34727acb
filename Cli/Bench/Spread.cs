namespace Managed.Cli.Bench;

/// <summary>What several measurements of one thing gave.</summary>
/// <param name="Median">Half of them lie below; of an even number, the mean of the two in the middle.</param>
/// <param name="Least">The smallest.</param>
/// <param name="Most">The largest.</param>
/// <param name="LowerQuartile">A quarter of them lie below, interpolated between neighbours.</param>
/// <param name="UpperQuartile">Three quarters lie below.</param>
/// <param name="Count">How many there were.</param>
internal sealed record Spread(double Median, double Least, double Most, double LowerQuartile, double UpperQuartile, int Count)
{
    /// <exception cref="ArgumentException">There are no values.</exception>
    public static Spread Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        if (sorted.Length == 0)
            throw new ArgumentException("There is nothing to measure the spread of.");
        return new Spread(Quantile(sorted, 0.5), sorted[0], sorted[^1], Quantile(sorted, 0.25), Quantile(sorted, 0.75), sorted.Length);
    }

    private static double Quantile(double[] sorted, double share)
    {
        double at = share * (sorted.Length - 1);
        int below = (int)at, above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((at - below) * (sorted[above] - sorted[below]));
    }
}
