using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace Managed.Sampling;

/// <summary>
/// The tokens that may still come next, with their scores in double precision. Steps change scores or drop tokens;
/// probabilities are the softmax over what is left. Made once per vocabulary and reused for every token.
/// </summary>
internal sealed partial class Candidates(int vocabulary)
{
    private readonly double[] scores = new double[vocabulary]; // −∞: dropped
    private readonly double[] weights = new double[vocabulary]; // exp(score − highest)
    private readonly LazyRanking ranking = new(vocabulary); // the tokens that are left
    private readonly LazyRanking leading = new(vocabulary); // those of them that a draw most likely ends at
    private readonly int[] tallies = new int[vocabulary]; // zero between uses
    private LazyRanking? byDistance;
    private double[]? distances;
    private float[]? rough; // terms of a total
    private int[] numbers = new int[256];
    private bool gaps; // scores hold a −∞ that the ranking still lists
    private bool weighed;
    private bool unlisted; // every token is left, and the ranking does not list them yet
    private double highest, total;

    public int Vocabulary => scores.Length;

    /// <summary>How many tokens are left.</summary>
    public int Count
    {
        get
        {
            Close();
            return ranking.Count;
        }
    }

    /// <summary>The tokens that are left, in no promised order.</summary>
    public ReadOnlySpan<int> Ids
    {
        get
        {
            Close();
            List();
            return ranking.Ids.AsSpan(0, ranking.Count);
        }
    }

    /// <summary>The highest score.</summary>
    public double Highest
    {
        get
        {
            Weigh();
            return highest;
        }
    }

    /// <summary>ln Σ exp(score).</summary>
    public double LogTotal
    {
        get
        {
            Weigh();
            return highest + Math.Log(total);
        }
    }

    /// <summary>Numbers per token for a step's own counting; all zero, and to be left so.</summary>
    public Span<int> Tallies => tallies;

    /// <summary>Starts over with a row of logits.</summary>
    /// <exception cref="GenerationException">A logit is NaN or +∞.</exception>
    public void Load(ReadOnlySpan<float> logits)
    {
        if (logits.Length != scores.Length)
            throw new ArgumentException($"logits: found {logits.Length} of them; expected {scores.Length}, the size of the vocabulary.");
        TensorPrimitives.ConvertTruncating(logits, scores.AsSpan());
        gaps = weighed = false;
        unseen = 0;
        unlisted = AreNumbers(logits);
        if (unlisted)
        {
            ranking.Restart(logits.Length);
            return;
        }
        int[] ids = ranking.Ids;
        int count = 0;
        for (int id = 0; id < logits.Length; id++)
        {
            if (!(logits[id] < float.PositiveInfinity))
                throw LogitFunctions.Unusable(id, logits[id]);
            ids[count] = id;
            count += logits[id] > float.NegativeInfinity ? 1 : 0;
        }
        ranking.Restart(count);
    }

    public double Score(int id) => scores[id];

    /// <summary>Gives a token that is left another score; a dropped one stays dropped.</summary>
    public void SetScore(int id, double score)
    {
        if (scores[id] == double.NegativeInfinity)
            return;
        scores[id] = score;
        gaps |= score == double.NegativeInfinity;
        weighed = false;
        ranking.Restart(ranking.Count);
    }

    public void Drop(int id) => SetScore(id, double.NegativeInfinity);

    /// <summary>Divides every score, which keeps the order but not the probabilities.</summary>
    public void Divide(double divisor)
    {
        Close();
        if (unlisted)
            TensorPrimitives.Divide(scores, divisor, scores);
        else
            foreach (int id in Ids)
                scores[id] /= divisor;
        weighed = false;
        ranking.Restart(ranking.Count); // the division may have rounded two scores to one
    }

    public double Probability(int id)
    {
        Weigh();
        return scores[id] == double.NegativeInfinity ? 0 : weights[id] / total;
    }

    /// <summary>A token's part −p·ln p of the entropy, in nats.</summary>
    public double Uncertainty(int id)
    {
        Weigh();
        return weights[id] == 0 ? 0 : -(weights[id] / total) * (scores[id] - highest - Math.Log(total));
    }

    /// <summary>−Σ p·ln p, in nats.</summary>
    /// <remarks>Compensated (Neumaier), so that thresholds made from it don't drift with the size of the vocabulary.</remarks>
    public double Entropy()
    {
        Weigh();
        double logTotal = Math.Log(total), sum = 0, lost = 0;
        foreach (int id in Ids)
        {
            if (weights[id] == 0)
                continue;
            double part = -(weights[id] / total) * (scores[id] - highest - logTotal), next = sum + part;
            lost += Math.Abs(sum) >= Math.Abs(part) ? sum - next + part : part - next + sum;
            sum = next;
        }
        return sum + lost;
    }

    /// <summary>The token with so many better ones; of equal tokens the lower id ranks higher.</summary>
    public int Ranked(int rank)
    {
        Close();
        List();
        return ranking.Count > 0 ? ranking.At(rank, new ByScore(scores, weights)) : throw NothingLeft();
    }

    /// <summary>Keeps the tokens whose bit is set; words that are missing count as zero.</summary>
    public void KeepOnly(ReadOnlySpan<ulong> allowed)
    {
        foreach (int id in Ids)
            if (id >> 6 >= allowed.Length || ((allowed[id >> 6] >> (id & 63)) & 1) == 0)
                scores[id] = double.NegativeInfinity;
        Dropped();
    }

    /// <summary>Keeps the tokens whose score reaches the limit.</summary>
    public void KeepScoresFrom(double limit)
    {
        foreach (int id in Ids)
            if (scores[id] < limit)
                scores[id] = double.NegativeInfinity;
        Dropped();
    }

    /// <summary>Keeps the tokens whose probability reaches the limit, and every token with the highest score.</summary>
    public void KeepProbabilitiesFrom(double limit)
    {
        Weigh();
        foreach (int id in Ids)
            if (weights[id] / total < limit && scores[id] < highest)
                scores[id] = double.NegativeInfinity;
        Dropped();
    }

    /// <summary>Keeps the tokens from one rank to another.</summary>
    public void KeepRanked(int first, int count)
    {
        Ranked(Math.Min(first + count, ranking.Count) - 1);
        int[] ids = ranking.Ids;
        for (int rank = 0; rank < ranking.Count; rank++)
            if (rank < first || rank >= first + count)
                scores[ids[rank]] = double.NegativeInfinity;
        Dropped();
    }

    /// <summary>How far each token's surprise −ln p lies from the entropy, and the tokens ranked by that.</summary>
    public (LazyRanking Ranking, double[] Distances) RankByTypicality()
    {
        distances ??= new double[Vocabulary];
        byDistance ??= new LazyRanking(Vocabulary);
        double entropy = Entropy(), logTotal = LogTotal;
        ReadOnlySpan<int> ids = Ids;
        foreach (int id in ids)
            distances[id] = Math.Abs(logTotal - scores[id] - entropy);
        ids.CopyTo(byDistance.Ids);
        byDistance.Restart(ids.Length);
        return (byDistance, distances);
    }

    // Puts every token on the list.
    private void List()
    {
        if (!unlisted)
            return;
        unlisted = false;
        int[] ids = ranking.Ids;
        for (int id = 0; id < ids.Length; id++)
            ids[id] = id;
    }

    private static bool AreNumbers(ReadOnlySpan<float> logits)
    {
        Vector512<float> sum = default; // x − x is 0, or not a number
        int id = 0;
        for (; id + 16 <= logits.Length; id += 16)
        {
            Vector512<float> x = Vector512.Create(logits[id..]);
            sum += x - x;
        }
        for (; id < logits.Length; id++)
            if (!float.IsFinite(logits[id]))
                return false;
        return Vector512.EqualsAll(sum, default);
    }

    /// <summary>Integers for a step's own use, of any content.</summary>
    public Span<int> Numbers(int count)
    {
        if (numbers.Length < count)
            numbers = new int[Math.Max(count, numbers.Length * 2)];
        return numbers.AsSpan(0, count);
    }

    public static GenerationException NothingLeft() =>
        new("No token may come next: the constraints, bans and biases together forbid every one of them.");

    private void Dropped()
    {
        gaps = true;
        Close();
    }

    // Takes dropped tokens off the list; what was sorted stays sorted.
    private void Close()
    {
        if (!gaps)
            return;
        gaps = false;
        List();
        int[] ids = ranking.Ids;
        int count = 0, sorted = 0;
        bool highestLeft = false;
        double sum = 0;
        for (int i = 0; i < ranking.Count; i++)
        {
            int id = ids[i];
            if (scores[id] == double.NegativeInfinity)
                continue;
            ids[count++] = id;
            sorted += i < ranking.Sorted ? 1 : 0;
            sum += weights[id];
            highestLeft |= scores[id] == highest;
        }
        ranking.Restart(count, sorted);
        total = sum;
        weighed &= highestLeft && unseen == 0; // else the weights may be too small to be exact
    }

    private void Weigh()
    {
        Close();
        if (weighed)
            return;
        ReadOnlySpan<int> ids = ranking.Ids.AsSpan(0, ranking.Count); // anything where every token is left
        if (ids.IsEmpty)
            throw NothingLeft();
        if (ids.Length == Vocabulary)
        {
            highest = TensorPrimitives.Max(scores);
            TensorPrimitives.Subtract(scores, highest, weights);
            TensorPrimitives.Exp(weights, weights);
            total = TensorPrimitives.Sum(weights);
        }
        else
        {
            highest = double.NegativeInfinity;
            foreach (int id in ids)
                highest = Math.Max(highest, scores[id]);
            total = 0;
            foreach (int id in ids)
                total += weights[id] = Math.Exp(scores[id] - highest);
            total += unseen > 0 ? unseen * Math.Exp(unseenUnit - highest) : 0;
        }
        weighed = true;
    }

    private readonly struct ByScore(double[] scores, double[] weights) : IWeights
    {
        public double Weight(int id) => weights[id];

        public bool ComesBefore(int first, int second) =>
            scores[first] > scores[second] || (scores[first] == scores[second] && first < second);
    }
}
