using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Managed.Kernels;

namespace Managed.Sampling;

/// <summary>Draws look at the tokens that lead, and rank others only where these leave open which token it is.</summary>
internal sealed partial class Candidates
{
    private const double Reach = 8; // to tokens of e⁻⁸ of the highest weight
    private const int Halves = 12; // of the way to those of e⁻⁴⁰
    private const double ErrorOfRough = 1.0 / (1 << 16); // three times what a rough total may err by
    private const double ErrorOfArguments = 1e-11; // of the exponentials, where a temperature divides by multiplying

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
    /// <returns>−1 where the leading tokens leave it open.</returns>
    /// <exception cref="GenerationException">A logit is NaN or +∞, or all are −∞.</exception>
    public int TryDraw(ReadOnlySpan<float> logits, double temperature, double uniform)
    {
        if (logits.Length != scores.Length)
            return -1;
        float most = LogitFunctions.Highest(logits), inverse = (float)(1 / temperature), least = (float)(most - (Reach * temperature));
        double total = RoughTotal(logits, most, inverse, float.NegativeInfinity);
        List(logits, least, float.PositiveInfinity, most, temperature);
        var order = new ByScore(scores, weights);
        int id = InverseCdf.TryDraw(leading, order, total, ErrorOfRough, uniform);
        if (id >= 0)
            return id;

        double exact = Total(logits, most, temperature, float.NegativeInfinity), error = InverseCdf.ErrorOf(logits.Length) + ErrorOfArguments;
        if (RoughTotal(logits, most, inverse, least) > uniform * total)
            return InverseCdf.TryDraw(leading, order, exact, error, uniform); // near to a border between two tokens

        // Behind those that lead: between two logits that the sums of what is above them tell, and as far again, because these are rough.
        float above = least, below = (float)(most - (5 * Reach * temperature)), width = above - below;
        for (int half = 0; half < Halves; half++)
        {
            width /= 2;
            float middle = below + width;
            if (RoughTotal(logits, most, inverse, middle) > uniform * total)
                below = middle;
            else
                above = middle;
        }
        List(logits, below - width, above + width, most, temperature);
        return InverseCdf.TryDraw(leading, order, exact, error, uniform, Total(logits, most, temperature, above + width));
    }

    // Tokens with logits from `least` on, below `end`.
    private void List(ReadOnlySpan<float> logits, float least, float end, float most, double temperature)
    {
        int count = 0, id = 0;
        int[] ids = leading.Ids;
        Vector512<float> from = Vector512.Create(least), until = Vector512.Create(end);
        for (; id + 16 <= logits.Length; id += 16)
        {
            Vector512<float> some = Vector512.Create(logits[id..]);
            for (ulong found = (Vector512.GreaterThanOrEqual(some, from) & Vector512.LessThan(some, until)).ExtractMostSignificantBits(); found != 0; found &= found - 1)
                ids[count++] = id + BitOperations.TrailingZeroCount(found);
        }
        for (; id < logits.Length; id++)
            if (logits[id] >= least && logits[id] < end)
                ids[count++] = id;
        leading.Restart(count);
        double best = most / temperature;
        foreach (int listed in ids.AsSpan(0, count))
        {
            scores[listed] = logits[listed] / temperature;
            weights[listed] = Math.Exp(scores[listed] - best);
        }
    }

    // Σ exp((logit − most) / temperature) over logits from `least` on, in float32. A term errs by 1e-7 of itself, and by 2⁻²³ for each unit of
    // its exponent, of which those that count have few; a sum of 64 terms by 64 · 2⁻²⁴.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double RoughTotal(ReadOnlySpan<float> logits, float most, float inverse, float least)
    {
        const int Run = 64 * 16;
        Vector512<float> by = Vector512.Create(most), scale = Vector512.Create(inverse), from = Vector512.Create(least);
        double total = 0;
        int id = 0;
        while (id + 16 <= logits.Length)
        {
            Vector512<float> sums = default;
            for (int end = Math.Min(id + Run, logits.Length); id + 16 <= end; id += 16)
            {
                Vector512<float> some = Vector512.Create(logits[id..]);
                sums += Vector512.GreaterThanOrEqual(some, from) & Elementary.Exp((some - by) * scale);
            }
            total += Vector512.Sum(sums);
        }
        for (; id < logits.Length; id++)
            total += logits[id] >= least ? MathF.Exp((logits[id] - most) * inverse) : 0;
        return total;
    }

    // The same in float64.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Total(ReadOnlySpan<float> logits, float most, double temperature, float least)
    {
        Vector512<double> sums = default, by = Vector512.Create((double)most), scale = Vector512.Create(1 / temperature), from = Vector512.Create((double)least);
        int id = 0;
        for (; id + 8 <= logits.Length; id += 8)
        {
            Vector256<float> eight = Vector256.Create(logits[id..]);
            Vector512<double> some = Vector512.Create(Vector256.WidenLower(eight), Vector256.WidenUpper(eight));
            sums += Vector512.GreaterThanOrEqual(some, from) & Elementary.ExpOfNegative((some - by) * scale);
        }
        double total = Vector512.Sum(sums);
        for (; id < logits.Length; id++)
            total += logits[id] >= least ? Math.Exp((logits[id] - (double)most) / temperature) : 0;
        return total;
    }
}
