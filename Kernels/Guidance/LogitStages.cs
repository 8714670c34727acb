using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Managed.Kernels.Guidance;

/// <summary>The arithmetic of the stages. Sums over the vocabulary are taken in float64 of powers in float32, in an order that the vocabulary's size alone fixes, and rounded once.</summary>
internal static class LogitStages
{
    /// <summary>Runs a stage.</summary>
    /// <param name="stage">What it does.</param>
    /// <param name="scores">The row's, before and after. // [vocabulary]</param>
    /// <param name="lane">The logits of the stage's lane. // [vocabulary]</param>
    /// <param name="tokens">The list that its tokens are a part of.</param>
    public static void Apply(in LogitStage stage, Span<float> scores, ReadOnlySpan<float> lane, ReadOnlySpan<int> tokens)
    {
        if (stage.Kind == LogitStageKind.Window)
            RankWindow.Apply(scores, lane, stage.Strength, stage.Common);
        else
            ApplyTo(stage, scores, lane, 0, tokens, TotalsOf(stage, scores, lane));
    }

    /// <summary>What a stage has to know of all scores before it changes any; other stages than windows.</summary>
    public static StageTotals TotalsOf(in LogitStage stage, ReadOnlySpan<float> scores, ReadOnlySpan<float> lane) => stage.Kind switch
    {
        LogitStageKind.Union => StageTotals.OfBoth(scores, lane),
        LogitStageKind.Mix when stage.Cut > 0 => new StageTotals { Own = TensorPrimitives.Max(scores) },
        _ => default,
    };

    /// <summary>Runs a stage, not a window, on the tokens from `first` on.</summary>
    /// <param name="stage">What it does.</param>
    /// <param name="scores">Their scores, before and after.</param>
    /// <param name="lane">Their logits in the stage's lane.</param>
    /// <param name="first">The first of them.</param>
    /// <param name="tokens">The list that the stage's tokens are a part of.</param>
    /// <param name="totals">What was known of all scores before.</param>
    public static void ApplyTo(in LogitStage stage, Span<float> scores, ReadOnlySpan<float> lane, int first, ReadOnlySpan<int> tokens, in StageTotals totals)
    {
        ReadOnlySpan<int> ids = tokens.Slice(stage.FirstId, stage.IdCount);
        int next = 0; // the ids ascend
        switch (stage.Kind)
        {
            case LogitStageKind.Mix:
                Mix(scores, lane, stage.Keep, stage.Strength, stage.Cut > 0 ? totals.Own + LogCut(stage.Cut) : float.NegativeInfinity, RuleOf(stage.Keep, stage.Strength));
                break;
            case LogitStageKind.Union:
                Union(scores, lane, UnionFactor(stage.Strength), totals, stage.Rounded == 1);
                break;
            case LogitStageKind.Penalty:
                foreach (int id in ids)
                    if (id >= first && id - first < scores.Length)
                        scores[id - first] -= stage.Strength;
                break;
            case LogitStageKind.Mask:
                foreach (int id in ids)
                    if (id >= first && id - first < scores.Length)
                        scores[id - first] = float.NegativeInfinity;
                break;
            case LogitStageKind.Allow:
                foreach (int id in ids)
                    if (id >= first && id - first < scores.Length)
                    {
                        scores[next..(id - first)].Fill(float.NegativeInfinity);
                        next = id - first + 1;
                    }
                scores[next..].Fill(float.NegativeInfinity);
                break;
            default:
                throw new DeviceException($"There is no stage {stage.Kind} of a part of the vocabulary.");
        }
    }

    /// <summary>
    /// s = keep·s + weight·g where s is not below highest + ln cut; −∞ elsewhere. Where keep and weight make 1, it is
    /// s + weight·(g − s), so that equal lanes change no bit.
    /// </summary>
    public static void Mix(Span<float> scores, ReadOnlySpan<float> lane, float keep, float weight, float cut) =>
        Mix(scores, lane, keep, weight, cut > 0 ? TensorPrimitives.Max<float>(scores) + LogCut(cut) : float.NegativeInfinity, RuleOf(keep, weight));

    private static void Mix(Span<float> scores, ReadOnlySpan<float> lane, float keep, float weight, float least, MixRule rule)
    {
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
    public static void Union(Span<float> scores, ReadOnlySpan<float> lane, float lambda, bool rounded = false) =>
        Union(scores, lane, UnionFactor(lambda), StageTotals.OfBoth(scores, lane), rounded);

    private static void Union(Span<float> scores, ReadOnlySpan<float> lane, float factor, in StageTotals totals, bool rounded)
    {
        Vector256<float> own = Vector256.Create(totals.Own), other = Vector256.Create(totals.Other);
        for (int id = 0; id < scores.Length; id += 8)
        {
            Vector256<float> s = First(scores, id), likes = First(lane, id) - other;
            Vector256<float> excess = (rounded ? ToBFloat16(likes) : likes) - (s - own);
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
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> First(ReadOnlySpan<float> values, int id) => id + 8 <= values.Length ? At(values, id) : Last(values, id);

    private static Vector256<float> Last(ReadOnlySpan<float> values, int id)
    {
        Span<float> padded = stackalloc float[8];
        padded.Clear();
        values[id..].CopyTo(padded);
        return At(padded, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(Vector256<float> eight, Span<float> values, int id)
    {
        if (id + 8 <= values.Length)
            eight.CopyTo(values[id..]);
        else
            WriteLast(eight, values, id);
    }

    private static void WriteLast(Vector256<float> eight, Span<float> values, int id)
    {
        for (int lane = 0; id + lane < values.Length; lane++)
            values[id + lane] = eight.GetElement(lane);
    }

    private static Vector256<float> At(ReadOnlySpan<float> values, int id) => Vector256.Create(values[id..]);
}

/// <summary>What stages know of all scores. Union: ln Σ e^s of the row and of the lane. Mix with a cut: the highest score.</summary>
internal record struct StageTotals
{
    public float Own;
    public float Other;

    /// <summary>ln Σ e^x of the row and of the lane, over the tokens that can come.</summary>
    public static StageTotals OfBoth(ReadOnlySpan<float> scores, ReadOnlySpan<float> lane) =>
        new() { Own = LogSumExp.Rounded(scores, scores), Other = LogSumExp.Rounded(lane, scores) };
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
