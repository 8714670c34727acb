using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Managed.Kernels;

namespace Managed.Sampling;

/// <summary>Draws look at the tokens that lead, and rank others only where these leave open which token it is.</summary>
internal sealed partial class Candidates
{
    private const double Reach = 8; // to tokens of e⁻⁸ of the highest weight
    private const int Few = 1024; // of them, which are ranked sooner than they are narrowed down
    private const int Halves = 12; // of the way from one logit to another that a token lies between
    private const double ErrorOfRough = 1.0 / (1 << 16); // three times what a rough total may err by
    private const int Run = 64 * 16; // terms of a rough total that are summed in float32
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
        ReadOnlySpan<float> terms = RoughTerms(logits, most, inverse);
        double total = RoughTotal(logits, terms, float.NegativeInfinity), target = uniform * total;
        var order = new ByScore(scores, weights);
        bool areFew = TryList(logits, least, float.PositiveInfinity, Few);
        if (areFew)
        {
            Weigh(logits, most, temperature);
            int id = InverseCdf.TryDraw(leading, order, total, ErrorOfRough, uniform);
            if (id >= 0)
                return id;
        }
        bool isLeading = RoughTotal(logits, terms, least) > target;
        double error = InverseCdf.ErrorOf(logits.Length) + ErrorOfArguments;
        if (areFew && isLeading) // near to a border between two tokens
            return InverseCdf.TryDraw(leading, order, Total(logits, most, temperature, float.PositiveInfinity).All, error, uniform);

        // Between two logits that the sums of what is above them tell, and as far again, because these are rough.
        float above = isLeading ? most : least, below = isLeading ? least : (float)(most - (5 * Reach * temperature)), width = above - below;
        for (int half = 0; half < Halves; half++)
        {
            width /= 2;
            float middle = below + width;
            if (RoughTotal(logits, terms, middle) > target)
                below = middle;
            else
                above = middle;
        }
        TryList(logits, below - width, above + width, int.MaxValue);
        Weigh(logits, most, temperature);
        (double exact, double before) = Total(logits, most, temperature, above + width);
        return InverseCdf.TryDraw(leading, order, exact, error, uniform, before);
    }

    // Tokens with logits from `least` on, below `end`; false where they are more than so many.
    private bool TryList(ReadOnlySpan<float> logits, float least, float end, int limit)
    {
        int count = 0, id = 0;
        int[] ids = leading.Ids;
        Vector512<float> from = Vector512.Create(least), until = Vector512.Create(end);
        for (; id + 16 <= logits.Length; id += 16)
        {
            if (count > limit)
                return false;
            Vector512<float> some = Vector512.Create(logits[id..]);
            for (ulong found = (Vector512.GreaterThanOrEqual(some, from) & Vector512.LessThan(some, until)).ExtractMostSignificantBits(); found != 0; found &= found - 1)
                ids[count++] = id + BitOperations.TrailingZeroCount(found);
        }
        for (; id < logits.Length; id++)
            if (logits[id] >= least && logits[id] < end)
                ids[count++] = id;
        leading.Restart(count);
        return count <= limit;
    }

    // Scores and weights of the tokens that are listed.
    private void Weigh(ReadOnlySpan<float> logits, float most, double temperature)
    {
        double best = most / temperature;
        foreach (int listed in leading.Ids.AsSpan(0, leading.Count))
        {
            scores[listed] = logits[listed] / temperature;
            weights[listed] = Math.Exp(scores[listed] - best);
        }
    }

    // exp((logit − most) / temperature) in float32. A term errs by 1e-7 of itself, and by 2⁻²³ for each unit of its exponent, of which those that
    // count have few.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private ReadOnlySpan<float> RoughTerms(ReadOnlySpan<float> logits, float most, float inverse)
    {
        Span<float> terms = rough ??= new float[logits.Length];
        Vector512<float> by = Vector512.Create(most), scale = Vector512.Create(inverse);
        int id = 0;
        for (; id + 16 <= logits.Length; id += 16)
            Elementary.Exp((Vector512.Create(logits[id..]) - by) * scale).CopyTo(terms[id..]);
        for (; id < logits.Length; id++)
            terms[id] = MathF.Exp((logits[id] - most) * inverse);
        return terms;
    }

    // The terms of logits from `least` on: a sum of 64 of them errs by 64 · 2⁻²⁴.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double RoughTotal(ReadOnlySpan<float> logits, ReadOnlySpan<float> terms, float least)
    {
        Vector512<float> from = Vector512.Create(least);
        double total = 0;
        int id = 0;
        while (id + 16 <= logits.Length)
        {
            Vector512<float> sums = default;
            for (int end = Math.Min(id + Run, logits.Length); id + 16 <= end; id += 16)
                sums += Vector512.GreaterThanOrEqual(Vector512.Create(logits[id..]), from) & Vector512.Create(terms[id..]);
            total += Vector512.Sum(sums);
        }
        for (; id < logits.Length; id++)
            total += logits[id] >= least ? terms[id] : 0;
        return total;
    }

    // The same in float64, of all and of those from `least` on.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (double All, double Above) Total(ReadOnlySpan<float> logits, float most, double temperature, float least)
    {
        Vector512<double> all = default, above = default, by = Vector512.Create((double)most), scale = Vector512.Create(1 / temperature), from = Vector512.Create((double)least);
        int id = 0;
        for (; id + 8 <= logits.Length; id += 8)
        {
            Vector256<float> eight = Vector256.Create(logits[id..]);
            Vector512<double> some = Vector512.Create(Vector256.WidenLower(eight), Vector256.WidenUpper(eight));
            Vector512<double> terms = Elementary.ExpOfNegative((some - by) * scale);
            all += terms;
            above += Vector512.GreaterThanOrEqual(some, from) & terms;
        }
        double total = Vector512.Sum(all), part = Vector512.Sum(above);
        for (; id < logits.Length; id++)
        {
            double term = Math.Exp((logits[id] - (double)most) / temperature);
            total += term;
            part += logits[id] >= least ? term : 0;
        }
        return (total, part);
    }
}
