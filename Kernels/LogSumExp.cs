using System.Runtime.Intrinsics;

namespace Managed.Kernels;

/// <summary>ln Σ e^x of float32 logits, summed in float64 in an order that their number alone fixes.</summary>
internal static class LogSumExp
{
    /// <summary>Over all of them.</summary>
    /// <returns>NaN where one is NaN; ±∞ where the greatest is.</returns>
    public static double Of(ReadOnlySpan<float> logits) => Of(logits, logits);

    /// <summary>Over the tokens that can come: those whose score is not −∞.</summary>
    public static double Of(ReadOnlySpan<float> logits, ReadOnlySpan<float> scores)
    {
        Vector256<float> never = Vector256.Create(float.NegativeInfinity), most = never;
        int id = 0, whole = logits.Length & ~7;
        for (; id < whole; id += 8)
            most = Vector256.Max(most, Possible(logits, scores, id));
        float highest = float.NegativeInfinity;
        for (int lane = 0; lane < 8; lane++)
            highest = MathF.Max(highest, most.GetElement(lane));
        for (; id < logits.Length; id++)
            if (!float.IsNegativeInfinity(scores[id]))
                highest = MathF.Max(highest, logits[id]);
        if (!float.IsFinite(highest))
            return highest;
        Vector256<double> even = default, odd = default, by = Vector256.Create((double)highest);
        for (id = 0; id < whole; id += 8)
        {
            (Vector256<double> low, Vector256<double> high) = Vector256.Widen(Possible(logits, scores, id));
            even += Vector256.Exp(low - by);
            odd += Vector256.Exp(high - by);
        }
        double sum = Vector256.Sum(even + odd);
        for (; id < logits.Length; id++)
            if (!float.IsNegativeInfinity(scores[id]))
                sum += Math.Exp((double)logits[id] - highest);
        return highest + Math.Log(sum);
    }

    // Eight from `id` on, −∞ in place of what cannot come.
    private static Vector256<float> Possible(ReadOnlySpan<float> logits, ReadOnlySpan<float> scores, int id)
    {
        Vector256<float> never = Vector256.Create(float.NegativeInfinity);
        return Vector256.ConditionalSelect(Vector256.Equals(Vector256.Create(scores[id..]), never), never, Vector256.Create(logits[id..]));
    }
}
