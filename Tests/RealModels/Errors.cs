namespace Managed.Tests.RealModels;

/// <summary>How far values lie from their goldens.</summary>
internal static class Errors
{
    /// <summary>max |value − golden|; infinite where one is not a number or the counts differ.</summary>
    public static double Largest(ReadOnlySpan<float> values, ReadOnlySpan<float> golden)
    {
        if (values.Length != golden.Length)
            return double.PositiveInfinity;
        double worst = 0;
        for (int i = 0; i < golden.Length; i++)
        {
            if (values[i] == golden[i])
                continue; // also −∞, of masked scores
            double difference = Math.Abs((double)values[i] - golden[i]);
            worst = double.IsFinite(difference) ? Math.Max(worst, difference) : double.PositiveInfinity;
        }
        return worst;
    }

    /// <summary>|values − golden| / |golden|, Euclidean norms.</summary>
    public static double RelativeNorm(ReadOnlySpan<float> values, ReadOnlySpan<float> golden)
    {
        if (values.Length != golden.Length)
            return double.PositiveInfinity;
        double difference = 0, norm = 0;
        for (int i = 0; i < golden.Length; i++)
        {
            difference += ((double)values[i] - golden[i]) * ((double)values[i] - golden[i]);
            norm += (double)golden[i] * golden[i];
        }
        return norm == 0 ? difference == 0 ? 0 : double.PositiveInfinity : Math.Sqrt(difference / norm);
    }

    /// <summary>
    /// Whether greedy ids are the golden's, for as long as the golden's best logit leads by more than `leastMargin`:
    /// behind a closer race two correct engines may part.
    /// </summary>
    public static void CheckGreedy(ReadOnlySpan<int> ids, ReadOnlySpan<int> golden, ReadOnlySpan<float> margins, double leastMargin)
    {
        Assert.That(ids.Length, Is.EqualTo(golden.Length));
        int same = ids.CommonPrefixLength(golden);
        if (same < golden.Length && margins[same] > leastMargin)
            Assert.Fail($"new token {same} is {ids[same]}, golden {golden[same]} with a margin of {margins[same]}");
    }
}
