namespace Managed.Verification;

/// <summary>What verification found.</summary>
/// <param name="Comparisons">Every compared tensor: hook points in forward order, then those the model lacks, greedy ids last.</param>
/// <param name="Ignored">Tensors of the golden file whose names are not those of hook points.</param>
/// <param name="Tolerance">The bound of the relative error.</param>
/// <param name="Precision">The precision that everything was computed in.</param>
internal sealed record VerificationReport(IReadOnlyList<Comparison> Comparisons, IReadOnlyList<string> Ignored, double Tolerance, string Precision)
{
    /// <summary>Whether everything is within tolerance.</summary>
    public bool Passed => Comparisons.All(comparison => comparison.Passed);

    /// <summary>The first hook point in forward order that is not; null where all are.</summary>
    public string? FirstDivergence => Comparisons.FirstOrDefault(comparison => !comparison.Passed)?.Name;

    /// <summary>The largest relative error of all compared tensors.</summary>
    public Comparison? Worst => Comparisons.MaxBy(comparison => comparison.Relative);
}
