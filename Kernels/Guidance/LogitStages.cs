namespace Managed.Kernels.Guidance;

/// <summary>The arithmetic of the stages. Sums over the vocabulary are taken in float64, in order of the ids, and rounded once.</summary>
internal static class LogitStages
{
    private const float LeastProbability = 1e-8f;

    /// <summary>ln Σ e^x.</summary>
    public static float LogSumExp(ReadOnlySpan<float> logits) => LogSumExp(logits, logits);

    /// <summary>ln Σ e^x over the tokens that can come: those whose score is not −∞.</summary>
    public static float LogSumExp(ReadOnlySpan<float> logits, ReadOnlySpan<float> scores)
    {
        float highest = float.NegativeInfinity;
        for (int id = 0; id < logits.Length; id++)
            if (!float.IsNegativeInfinity(scores[id]))
                highest = MathF.Max(highest, logits[id]);
        if (float.IsInfinity(highest))
            return highest;
        double sum = 0;
        for (int id = 0; id < logits.Length; id++)
            if (!float.IsNegativeInfinity(scores[id]))
                sum += Math.Exp((double)logits[id] - highest);
        return (float)(highest + Math.Log(sum));
    }

    /// <summary>
    /// s = keep·s + weight·g where s is not below highest + ln cut; −∞ elsewhere. Where keep and weight make 1, it is
    /// s + weight·(g − s), so that equal lanes change no bit.
    /// </summary>
    public static void Mix(Span<float> scores, ReadOnlySpan<float> lane, float keep, float weight, float cut)
    {
        float least = float.NegativeInfinity;
        if (cut > 0)
        {
            foreach (float score in scores)
                least = MathF.Max(least, score);
            least += MathF.Log(cut);
        }
        bool between = keep == 1 - weight;
        for (int id = 0; id < scores.Length; id++)
        {
            if (scores[id] < least)
                scores[id] = float.NegativeInfinity;
            else if (between && !float.IsNegativeInfinity(scores[id]))
                scores[id] = weight == 0 ? scores[id] : scores[id] + (weight * (lane[id] - scores[id]));
            else if (!float.IsNegativeInfinity(scores[id]))
                scores[id] = weight == 0 ? keep * scores[id] : (keep == 1 ? scores[id] : keep * scores[id]) + (weight * lane[id]);
        }
    }

    /// <summary>s −= λ/(1 − λ)·max(0, log p_g − log p_s). Tokens that cannot come (−∞) are no part of either distribution.</summary>
    public static void Union(Span<float> scores, ReadOnlySpan<float> lane, float lambda)
    {
        float factor = lambda / (1 - lambda), own = LogSumExp(scores), other = LogSumExp(lane, scores);
        for (int id = 0; id < scores.Length; id++)
        {
            float excess = (lane[id] - other) - (scores[id] - own);
            if (excess > 0 && !float.IsNegativeInfinity(scores[id]))
                scores[id] -= factor * excess;
        }
    }

    /// <summary>Scores are log p on the window, −∞ outside.</summary>
    /// <param name="scores">The row's. // [vocabulary]</param>
    /// <param name="lane">The expert's logits. // [vocabulary]</param>
    /// <param name="strength">α.</param>
    /// <param name="common">Tokens that both windows must share.</param>
    /// <remarks>Allocates both rankings: it acts on the first few tokens of an answer.</remarks>
    public static void Window(Span<float> scores, ReadOnlySpan<float> lane, float strength, int common)
    {
        int count = scores.Length, words = (count + 63) / 64;
        float[] possible = lane.ToArray();
        for (int id = 0; id < count; id++)
            if (float.IsNegativeInfinity(scores[id]))
                possible[id] = float.NegativeInfinity; // what cannot come is in neither ranking
        int[] own = Ranking(scores), other = Ranking(possible);
        ulong[] inOwn = new ulong[words], inOther = new ulong[words];
        for (int window = 0, shared = 0; window < count && shared < common; window++)
        {
            int a = own[window], b = other[window];
            Set(inOwn, a);
            Set(inOther, b);
            shared += (Has(inOther, a) ? 1 : 0) + (a != b && Has(inOwn, b) ? 1 : 0);
        }
        float sum = LogSumExp(scores), laneSum = LogSumExp(possible);
        for (int id = 0; id < count; id++)
        {
            if (!Has(inOwn, id) || !Has(inOther, id) || float.IsNegativeInfinity(scores[id]))
            {
                scores[id] = float.NegativeInfinity;
                continue;
            }
            float p = MathF.Exp(scores[id] - sum), expert = MathF.Exp(lane[id] - laneSum);
            scores[id] = MathF.Log(MathF.Max(p + (strength * (expert - p)), LeastProbability));
        }
    }

    // Ids by descending score; of equal ones the lower first.
    private static int[] Ranking(ReadOnlySpan<float> scores)
    {
        float[] keys = scores.ToArray();
        var ids = new int[keys.Length];
        for (int id = 0; id < ids.Length; id++)
            ids[id] = id;
        Array.Sort(ids, (a, b) => keys[a] != keys[b] ? keys[b].CompareTo(keys[a]) : a.CompareTo(b));
        return ids;
    }

    private static void Set(ulong[] bits, int id) => bits[id >> 6] |= 1UL << (id & 63);

    private static bool Has(ulong[] bits, int id) => (bits[id >> 6] & (1UL << (id & 63))) != 0;
}
