namespace Managed.Guards.Evaluation;

/// <summary>McNemar's test: whether two systems that answered the same items differ in a rate.</summary>
/// <param name="OnlyFirst">Items that only the first has.</param>
/// <param name="OnlySecond">Items that only the second has.</param>
public readonly record struct McNemar(int OnlyFirst, int OnlySecond)
{
    /// <summary>
    /// The exact two-sided probability of a split at least as uneven if there were no difference: 2 P(X ≤ min) for
    /// X ~ Binomial(n, ½), at most 1.
    /// </summary>
    public double ExactP
    {
        get
        {
            int fewer = Math.Min(OnlyFirst, OnlySecond), both = OnlyFirst + OnlySecond;
            // P(X ≤ k) of a binomial is a beta probability
            return fewer * 2 >= both ? 1 : Math.Min(1, 2 * BetaDistribution.Cumulative(0.5, both - fewer, fewer + 1));
        }
    }

    /// <summary>Counts the items in which two lists of yes and no differ.</summary>
    /// <exception cref="ArgumentException">The lists are not of the same length.</exception>
    public static McNemar Of(IReadOnlyList<bool> first, IReadOnlyList<bool> second)
    {
        if (first.Count != second.Count)
            throw new ArgumentException($"McNemar's test: found {first.Count} and {second.Count} items; expected the same items twice.");
        int onlyFirst = 0, onlySecond = 0;
        for (int i = 0; i < first.Count; i++)
            if (first[i] != second[i])
                _ = first[i] ? onlyFirst++ : onlySecond++;
        return new McNemar(onlyFirst, onlySecond);
    }
}
