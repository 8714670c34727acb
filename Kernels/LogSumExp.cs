using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

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
        // Two sums of four lanes each, for the lower and the upper halves of eights.
        Vector512<double> sums = default, by = Vector512.Create((double)highest);
        for (id = 0; id < whole; id += 8)
            sums += Vector512.Exp(Widen(Possible(logits, scores, id)) - by);
        double sum = Vector256.Sum(sums.GetLower() + sums.GetUpper());
        for (; id < logits.Length; id++)
            if (!float.IsNegativeInfinity(scores[id]))
                sum += Math.Exp((double)logits[id] - highest);
        return highest + Math.Log(sum);
    }

    private static Vector512<double> Widen(Vector256<float> values) =>
        Avx512F.IsSupported ? Avx512F.ConvertToVector512Double(values) : Vector512.Create(Vector256.WidenLower(values), Vector256.WidenUpper(values));

    // Eight from `id` on, −∞ in place of what cannot come.
    private static Vector256<float> Possible(ReadOnlySpan<float> logits, ReadOnlySpan<float> scores, int id)
    {
        Vector256<float> never = Vector256.Create(float.NegativeInfinity);
        return Vector256.ConditionalSelect(Vector256.Equals(Vector256.Create(scores[id..]), never), never, Vector256.Create(logits[id..]));
    }
}
