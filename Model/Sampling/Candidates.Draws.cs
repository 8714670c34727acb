using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using Managed.Kernels;

namespace Managed.Sampling;

/// <summary>Draws look at the tokens that lead, and rank others only where these leave open which token it is.</summary>
internal sealed partial class Candidates
{
    private const double Reach = 8; // to tokens of e⁻⁸ of the highest weight

    /// <summary>Draws a token by its probability: see <see cref="InverseCdf"/>.</summary>
    public int Draw(double uniform)
    {
        Weigh();
        var order = new ByScore(scores, weights);
        if (unlisted && InverseCdf.TryDraw(Leading(), order, total, InverseCdf.ErrorOf(ranking.Count), uniform) is >= 0 and int id)
            return id;
        List();
        return InverseCdf.Draw(ranking, order, total, uniform);
    }

    // The tokens of at least e⁻⁸ of the highest weight, the first of all in rank.
    private LazyRanking Leading()
    {
        double least = highest - Reach;
        int count = 0;
        int[] ids = leading.Ids;
        ref double first = ref scores[0];
        int id = 0;
        for (; id + 8 <= scores.Length; id += 8)
            for (ulong found = Vector512.GreaterThanOrEqual(Vector512.LoadUnsafe(ref first, (nuint)id), Vector512.Create(least)).ExtractMostSignificantBits(); found != 0; found &= found - 1)
                ids[count++] = id + BitOperations.TrailingZeroCount(found);
        for (; id < scores.Length; id++)
            if (scores[id] >= least)
                ids[count++] = id;
        leading.Restart(count);
        return leading;
    }

    /// <summary>
    /// Draws from a row of logits by temperature alone: the token that <see cref="Load(ReadOnlySpan{float})"/>, <see cref="Divide"/> and
    /// <see cref="Draw"/> give, without scores of all tokens. What was loaded before is gone.
    /// </summary>
    /// <param name="logits">One for each token.</param>
    /// <param name="temperature">Above 0.</param>
    /// <param name="uniform">A number in [0, 1).</param>
    /// <returns>−1 where the leading tokens leave it open, or a logit is none that can be drawn from.</returns>
    public int TryDraw(ReadOnlySpan<float> logits, double temperature, double uniform)
    {
        if (logits.Length != scores.Length || TensorPrimitives.Max(logits) is var most && !float.IsFinite(most))
            return -1;
        ListFrom(logits, (float)(most - (Reach * temperature)));
        double best = most / temperature;
        foreach (int id in leading.Ids.AsSpan(0, leading.Count))
        {
            scores[id] = logits[id] / temperature;
            weights[id] = Math.Exp(scores[id] - best);
        }
        const double ErrorOfExponentials = 1e-11;
        return InverseCdf.TryDraw(leading, new ByScore(scores, weights), TotalOf(logits, most, 1 / temperature), InverseCdf.ErrorOf(logits.Length) + ErrorOfExponentials, uniform);
    }

    // Σ exp((logit − most) / temperature).
    private static double TotalOf(ReadOnlySpan<float> logits, double most, double inverse)
    {
        Vector512<double> sums = default, by = Vector512.Create(most), scale = Vector512.Create(inverse);
        int id = 0;
        for (; id + 8 <= logits.Length; id += 8)
        {
            Vector256<float> eight = Vector256.Create(logits[id..]);
            sums += Elementary.ExpOfNegative((Vector512.Create(Vector256.WidenLower(eight), Vector256.WidenUpper(eight)) - by) * scale);
        }
        double total = Vector512.Sum(sums);
        for (; id < logits.Length; id++)
            total += Math.Exp((logits[id] - most) * inverse);
        return total;
    }

    private void ListFrom(ReadOnlySpan<float> logits, float least)
    {
        int count = 0, id = 0;
        int[] ids = leading.Ids;
        for (; id + 16 <= logits.Length; id += 16)
            for (ulong found = Vector512.GreaterThanOrEqual(Vector512.Create(logits[id..]), Vector512.Create(least)).ExtractMostSignificantBits(); found != 0; found &= found - 1)
                ids[count++] = id + BitOperations.TrailingZeroCount(found);
        for (; id < logits.Length; id++)
            if (logits[id] >= least)
                ids[count++] = id;
        leading.Restart(count);
    }
}
