namespace Managed.Guards.Evaluation;

/// <summary>How a classifier's decisions meet the truth. Rates are 0 where they are not defined.</summary>
/// <param name="TruePositives">Positives that were found.</param>
/// <param name="FalsePositives">Negatives that were taken for positives.</param>
/// <param name="FalseNegatives">Positives that were missed.</param>
/// <param name="TrueNegatives">Negatives that were left alone.</param>
public readonly record struct Confusion(int TruePositives, int FalsePositives, int FalseNegatives, int TrueNegatives)
{
    /// <summary>Of those taken for positive, the share that is.</summary>
    public double Precision => Share(TruePositives, TruePositives + FalsePositives);

    /// <summary>Of the positives, the share that was found.</summary>
    public double Recall => Share(TruePositives, TruePositives + FalseNegatives);

    /// <summary>The harmonic mean of precision and recall.</summary>
    public double F1 => Share(2 * TruePositives, (2 * TruePositives) + FalsePositives + FalseNegatives);

    /// <summary>The share of right decisions.</summary>
    public double Accuracy => Share(TruePositives + TrueNegatives, TruePositives + FalsePositives + FalseNegatives + TrueNegatives);

    /// <summary>Of the negatives, the share that was taken for positive.</summary>
    public double FalsePositiveRate => Share(FalsePositives, FalsePositives + TrueNegatives);

    private static double Share(int part, int whole) => whole == 0 ? 0 : (double)part / whole;
}
