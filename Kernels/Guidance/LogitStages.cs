using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace Managed.Kernels.Guidance;

/// <summary>The arithmetic of the stages. Sums over the vocabulary are taken in float64, in an order that the vocabulary's size alone fixes, and rounded once.</summary>
internal static class LogitStages
{
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
                Union(scores, lane, stage.Strength, stage.Rounded == 1);
                break;
            case LogitStageKind.Window:
                RankWindow.Apply(scores, lane, stage.Strength, stage.Common);
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
    /// <param name="scores">The row's, before and after. // [vocabulary]</param>
    /// <param name="lane">The lane's logits. // [vocabulary]</param>
    /// <param name="lambda">λ.</param>
    /// <param name="rounded">The lane's log-probabilities are rounded to bfloat16 first.</param>
    public static void Union(Span<float> scores, ReadOnlySpan<float> lane, float lambda, bool rounded = false)
    {
        float factor = UnionFactor(lambda), own = (float)LogSumExp.Of(scores), other = (float)LogSumExp.Of(lane, scores);
        for (int id = 0; id < scores.Length; id += 8)
        {
            Vector256<float> s = First(scores, id), likes = First(lane, id) - Vector256.Create(other);
            Vector256<float> excess = (rounded ? ToBFloat16(likes) : likes) - (s - Vector256.Create(own));
            Vector256<float> punished = Vector256.GreaterThan(excess, default) & ~Vector256.Equals(s, Vector256.Create(float.NegativeInfinity));
            Write(Vector256.ConditionalSelect(punished, s - (factor * excess), s), scores, id);
        }
    }

    // To the nearest bfloat16, of two equally near ones to the even one; what is not finite stays.
    private static Vector256<float> ToBFloat16(Vector256<float> values)
    {
        Vector256<uint> bits = values.AsUInt32(), odd = (bits >> 16) & Vector256.Create(1u);
        Vector256<float> rounded = ((bits + Vector256.Create(0x7FFFu) + odd) & Vector256.Create(0xFFFF0000u)).AsSingle();
        return Vector256.ConditionalSelect(Vector256.LessThan(Vector256.Abs(values), Vector256.Create(float.PositiveInfinity)), rounded, values);
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
