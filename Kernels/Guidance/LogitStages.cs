using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace Managed.Kernels.Guidance;

/// <summary>The arithmetic of the stages. Sums over the vocabulary are taken in float64, in an order that the vocabulary's size alone fixes, and rounded once.</summary>
internal static class LogitStages
{
    private const float LeastProbability = 1e-8f;

    /// <summary>Runs a stage.</summary>
    /// <param name="stage">What it does.</param>
    /// <param name="scores">The row's, before and after. // [vocabulary]</param>
    /// <param name="lane">The logits of the stage's lane. // [vocabulary]</param>
    /// <param name="tokens">The list that its tokens are a part of.</param>
    public static void Apply(in LogitStage stage, Span<float> scores, ReadOnlySpan<float> lane, ReadOnlySpan<int> tokens)
    {
        ReadOnlySpan<int> ids = tokens.Slice(stage.FirstId, stage.IdCount);
        switch (stage.Kind)
        {
            case LogitStageKind.Mix:
                Mix(scores, lane, stage.Keep, stage.Strength, stage.Cut);
                break;
            case LogitStageKind.Union:
                Union(scores, lane, stage.Strength);
                break;
            case LogitStageKind.Window:
                Window(scores, lane, stage.Strength, stage.Common);
                break;
            case LogitStageKind.Penalty:
                foreach (int id in ids)
                    scores[id] -= stage.Strength;
                break;
            case LogitStageKind.Mask:
                foreach (int id in ids)
                    scores[id] = float.NegativeInfinity;
                break;
            default:
                int next = 0; // the ids ascend
                foreach (int id in ids)
                {
                    scores[next..id].Fill(float.NegativeInfinity);
                    next = id + 1;
                }
                scores[next..].Fill(float.NegativeInfinity);
                break;
        }
    }

    /// <summary>ln Σ e^x.</summary>
    public static float LogSumExp(ReadOnlySpan<float> logits) => LogSumExp(logits, logits);

    /// <summary>ln Σ e^x over the tokens that can come: those whose score is not −∞.</summary>
    public static float LogSumExp(ReadOnlySpan<float> logits, ReadOnlySpan<float> scores)
    {
        Vector256<float> never = Vector256.Create(float.NegativeInfinity), most = never;
        int id = 0, whole = logits.Length & ~7;
        for (; id < whole; id += 8)
            most = Vector256.Max(most, Vector256.ConditionalSelect(Vector256.Equals(At(scores, id), never), never, At(logits, id)));
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
            (Vector256<double> low, Vector256<double> high) = Vector256.Widen(Vector256.ConditionalSelect(Vector256.Equals(At(scores, id), never), never, At(logits, id)));
            even += Vector256.Exp(low - by);
            odd += Vector256.Exp(high - by);
        }
        double sum = Vector256.Sum(even + odd);
        for (; id < logits.Length; id++)
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
        float least = cut > 0 ? TensorPrimitives.Max<float>(scores) + LogCut(cut) : float.NegativeInfinity;
        MixRule rule = RuleOf(keep, weight);
        Vector256<float> never = Vector256.Create(float.NegativeInfinity), limit = Vector256.Create(least);
        for (int id = 0; id < scores.Length; id += 8)
        {
            Vector256<float> s = First(scores, id), g = First(lane, id), mixed = rule switch
            {
                MixRule.Own => keep * s,
                MixRule.Between => s + (weight * (g - s)),
                MixRule.Added => s + (weight * g),
                _ => (keep * s) + (weight * g),
            };
            Vector256<float> excluded = Vector256.LessThan(s, limit) | Vector256.Equals(s, never);
            Write(Vector256.ConditionalSelect(excluded, never, mixed), scores, id);
        }
    }

    /// <summary>The formula that mixes without needless rounding.</summary>
    public static MixRule RuleOf(float keep, float weight) =>
        weight == 0 ? MixRule.Own : keep == 1 - weight ? MixRule.Between : keep == 1 ? MixRule.Added : MixRule.Both;

    /// <summary>How far below the highest score a token is left out; −∞: none is.</summary>
    public static float LogCut(float cut) => cut > 0 ? MathF.Log(cut) : float.NegativeInfinity;

    /// <summary>λ/(1 − λ).</summary>
    public static float UnionFactor(float lambda) => lambda / (1 - lambda);

    /// <summary>s −= λ/(1 − λ)·max(0, log p_g − log p_s). Tokens that cannot come (−∞) are no part of either distribution.</summary>
    public static void Union(Span<float> scores, ReadOnlySpan<float> lane, float lambda)
    {
        float factor = UnionFactor(lambda), own = LogSumExp(scores), other = LogSumExp(lane, scores);
        for (int id = 0; id < scores.Length; id += 8)
        {
            Vector256<float> s = First(scores, id), excess = (First(lane, id) - Vector256.Create(other)) - (s - Vector256.Create(own));
            Vector256<float> punished = Vector256.GreaterThan(excess, default) & ~Vector256.Equals(s, Vector256.Create(float.NegativeInfinity));
            Write(Vector256.ConditionalSelect(punished, s - (factor * excess), s), scores, id);
        }
    }

    // Eight from `id` on, zeros behind the end.
    private static Vector256<float> First(ReadOnlySpan<float> values, int id)
    {
        if (id + 8 <= values.Length)
            return At(values, id);
        Span<float> padded = stackalloc float[8];
        padded.Clear();
        values[id..].CopyTo(padded);
        return At(padded, 0);
    }

    private static void Write(Vector256<float> eight, Span<float> values, int id)
    {
        if (id + 8 <= values.Length)
        {
            eight.CopyTo(values[id..]);
            return;
        }
        for (int lane = 0; id + lane < values.Length; lane++)
            values[id + lane] = eight.GetElement(lane);
    }

    private static Vector256<float> At(ReadOnlySpan<float> values, int id) => Vector256.Create(values[id..]);

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

/// <summary>How scores and a lane's logits are mixed.</summary>
internal enum MixRule
{
    /// <summary>keep·s</summary>
    Own,

    /// <summary>s + weight·(g − s)</summary>
    Between,

    /// <summary>s + weight·g</summary>
    Added,

    /// <summary>keep·s + weight·g</summary>
    Both,
}
