namespace Managed.Guards.Evaluation;

/// <summary>Quantiles with linear interpolation between neighbours, as numpy's default.</summary>
internal static class Quantiles
{
    /// <summary>The quantile of values in ascending order.</summary>
    /// <exception cref="ArgumentException">No values.</exception>
    public static double OfSorted(ReadOnlySpan<double> sorted, double share)
    {
        if (sorted.IsEmpty)
            throw new ArgumentException("A quantile: found no values; expected at least one.");
        double place = share * (sorted.Length - 1);
        int below = (int)Math.Floor(place), above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((place - below) * (sorted[above] - sorted[below]));
    }
}
