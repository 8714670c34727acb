namespace Managed.Sampling;

/// <summary>Weights of tokens, and their order: descending, of equal ones the lower id first.</summary>
internal interface IWeights : IRankOrder
{
    double Weight(int id);
}

/// <summary>
/// Drawing a token with a uniform number u: in descending order of weight (ties by lower id), the first token whose
/// running sum exceeds u · total, where the total is summed in that same order; if none does, the last of weight above 0.
/// </summary>
/// <remarks>
/// The rule needs the whole order for its total. The answer does not: a total summed in any order bounds the rule's own
/// from both sides, and when both bounds name the same token, so does the rule. Only when a border lies between the
/// bounds is everything sorted.
/// </remarks>
internal static class InverseCdf
{
    /// <summary>Draws from plain weights; the ranking is scratch space of at least as many ids.</summary>
    public static int Draw(ReadOnlySpan<float> weights, double uniform, LazyRanking scratch)
    {
        double total = 0;
        for (int id = 0; id < weights.Length; id++)
        {
            scratch.Ids[id] = id;
            total += weights[id];
        }
        scratch.Restart(weights.Length);
        return Draw(scratch, new SingleWeights(weights), total, uniform);
    }

    /// <summary>Draws from plain weights in double precision.</summary>
    public static int Draw(ReadOnlySpan<double> weights, double uniform, LazyRanking scratch)
    {
        double total = 0;
        for (int id = 0; id < weights.Length; id++)
        {
            scratch.Ids[id] = id;
            total += weights[id];
        }
        scratch.Restart(weights.Length);
        return Draw(scratch, new DoubleWeights(weights), total, uniform);
    }

    /// <summary>Draws one of the ranked ids.</summary>
    /// <param name="ranking">The ids to draw from.</param>
    /// <param name="weights">Their weights.</param>
    /// <param name="total">Sum of the weights, added one by one in any order.</param>
    /// <param name="uniform">A number in [0, 1).</param>
    public static int Draw<TWeights>(LazyRanking ranking, in TWeights weights, double total, double uniform)
        where TWeights : struct, IWeights, allows ref struct
    {
        return TryDraw(ranking, weights, total, ErrorOf(ranking.Count), uniform) is >= 0 and int id ? id : DrawExactly(ranking, weights, uniform);
    }

    /// <summary>Draws from the ids that come first of more; −1: they alone do not say which.</summary>
    /// <param name="ranking">The ids that come first.</param>
    /// <param name="weights">Weights of all.</param>
    /// <param name="total">Sum of the weights of all, added one by one in any order.</param>
    /// <param name="error">What the two sums may differ by, as a share of them.</param>
    /// <param name="uniform">A number in [0, 1).</param>
    /// <param name="before">Sum of the weights of those that come before the ranking's first.</param>
    public static int TryDraw<TWeights>(LazyRanking ranking, in TWeights weights, double total, double error, double uniform, double before = 0)
        where TWeights : struct, IWeights, allows ref struct
    {
        double target = uniform * total;
        double slack = target * error;
        double running = before;
        if (running > 0 && running > target - slack)
            return -1;
        for (int rank = 0; rank < ranking.Count; rank++)
        {
            int id = ranking.At(rank, weights);
            running += weights.Weight(id);
            if (running > target + slack)
                return id;
            if (running > target - slack)
                break; // too near to a border to tell
        }
        return -1;
    }

    /// <summary>What sums of so many weights may differ by: each errs by at most count · 2⁻⁵³ of itself, and this is count · 2⁻⁵⁰.</summary>
    public static double ErrorOf(int count) => count * 8.8817841970012523e-16;

    private static int DrawExactly<TWeights>(LazyRanking ranking, in TWeights weights, double uniform)
        where TWeights : struct, IWeights, allows ref struct
    {
        double total = 0;
        for (int rank = 0; rank < ranking.Count; rank++)
            total += weights.Weight(ranking.At(rank, weights));
        double target = uniform * total, running = 0;
        int last = ranking.At(0, weights);
        for (int rank = 0; rank < ranking.Count; rank++)
        {
            int id = ranking.At(rank, weights);
            double weight = weights.Weight(id);
            running += weight;
            if (running > target)
                return id;
            if (weight > 0)
                last = id;
        }
        return last;
    }

    private readonly ref struct SingleWeights(ReadOnlySpan<float> weights) : IWeights
    {
        private readonly ReadOnlySpan<float> weights = weights;

        public double Weight(int id) => weights[id];

        public bool ComesBefore(int first, int second) =>
            weights[first] > weights[second] || (weights[first] == weights[second] && first < second);
    }

    private readonly ref struct DoubleWeights(ReadOnlySpan<double> weights) : IWeights
    {
        private readonly ReadOnlySpan<double> weights = weights;

        public double Weight(int id) => weights[id];

        public bool ComesBefore(int first, int second) =>
            weights[first] > weights[second] || (weights[first] == weights[second] && first < second);
    }
}
