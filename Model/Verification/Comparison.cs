namespace Managed.Verification;

/// <summary>How one tensor compares with its golden.</summary>
/// <param name="Name">Hook point or "greedy_ids".</param>
/// <param name="Absolute">Largest |value − golden|; infinite where shapes differ or one side is not a number.</param>
/// <param name="Relative">Absolute / max(1, max |golden|): the measure that the tolerance bounds.</param>
/// <param name="Passed">Whether it is within tolerance.</param>
/// <param name="Note">What else is to be said, or empty.</param>
internal sealed record Comparison(string Name, double Absolute, double Relative, bool Passed, string Note = "")
{
    /// <summary>A tensor that cannot be equal, and why.</summary>
    public static Comparison Failed(string name, string why) => new(name, double.PositiveInfinity, double.PositiveInfinity, false, why);

    /// <summary>Compares values elementwise. Entries that are −∞ on both sides (masked scores) are equal; on one side, they differ.</summary>
    public static Comparison Of(string name, ReadOnlySpan<float> values, ReadOnlySpan<float> golden, double tolerance)
    {
        if (values.Length != golden.Length)
            return Failed(name, $"{values.Length} values, golden has {golden.Length}");
        double worst = 0, largest = 0;
        for (int i = 0; i < golden.Length; i++)
        {
            if (values[i] == golden[i])
            {
                if (float.IsFinite(golden[i]))
                    largest = Math.Max(largest, Math.Abs(golden[i]));
                continue;
            }
            double difference = Math.Abs((double)values[i] - golden[i]);
            if (double.IsNaN(difference) || double.IsInfinity(difference))
                return Failed(name, FormattableString.Invariant($"{values[i]} where the golden has {golden[i]} (element {i})"));
            worst = Math.Max(worst, difference);
            largest = Math.Max(largest, Math.Abs(golden[i]));
        }
        double relative = worst / Math.Max(1, largest);
        return new Comparison(name, worst, relative, relative <= tolerance);
    }
}
