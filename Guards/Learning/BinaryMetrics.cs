namespace Managed.Guards.Learning;

/// <summary>How well scores tell two kinds apart.</summary>
internal static class BinaryMetrics
{
    /// <summary>Area under the ROC curve by ranks; ties count half. NaN where one kind is absent.</summary>
    public static double Auc(ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels)
    {
        int[] order = new int[scores.Length];
        for (int i = 0; i < order.Length; i++)
            order[i] = i;
        double[] keys = scores.ToArray();
        Array.Sort(keys, order);
        double rankSum = 0;
        long positives = 0;
        for (int first = 0, end; first < order.Length; first = end)
        {
            for (end = first + 1; end < order.Length && keys[end] == keys[first]; end++)
            {
            }
            double rank = (first + 1 + end) / 2.0; // mean rank of equal scores, counted from 1
            for (int i = first; i < end; i++)
                if (labels[order[i]])
                    (rankSum, positives) = (rankSum + rank, positives + 1);
        }
        double pairs = positives * (double)(scores.Length - positives);
        return pairs == 0 ? double.NaN : (rankSum - (positives * (positives + 1) / 2.0)) / pairs;
    }

    /// <summary>Share of scores on the right side of the threshold; a score at it counts as positive.</summary>
    public static double Accuracy(ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels, double threshold)
    {
        int right = 0;
        for (int i = 0; i < scores.Length; i++)
            right += (scores[i] >= threshold) == labels[i] ? 1 : 0;
        return (double)right / scores.Length;
    }
}
