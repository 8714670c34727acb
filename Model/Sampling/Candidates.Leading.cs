using Managed.Kernels.Guidance;

namespace Managed.Sampling;

/// <summary>Candidates of which only those that lead are seen; of the others their weight and the greatest score that they can have are known.</summary>
internal sealed partial class Candidates
{
    private double unseen; // weight of the tokens that are not seen, in units of e^unseenUnit
    private double unseenUnit;
    private double leastSeen; // no token that is not seen has a greater score

    /// <summary>Whether tokens that are not seen may come.</summary>
    public bool HasUnseen => unseen > 0;

    // What sums over all tokens may differ by, as a share of them, whoever took them.
    private double ErrorOfSums => InverseCdf.ErrorOf(Vocabulary) + ErrorOfArguments;

    /// <summary>Starts over with a few tokens; all others are dropped, until <see cref="Complete"/> says what they weigh.</summary>
    public void Load(TokenList tokens)
    {
        Array.Fill(scores, double.NegativeInfinity);
        tokens.Ids.CopyTo(ranking.Ids);
        for (int i = 0; i < tokens.Ids.Length; i++)
            scores[tokens.Ids[i]] = tokens.Scores[i];
        ranking.Restart(tokens.Ids.Length);
        gaps = weighed = unlisted = false;
        unseen = 0;
    }

    /// <summary>
    /// Says what the tokens weigh that were not loaded, once scores are multiplied by the list's sharpness. Tokens set aside whose score is now below
    /// the least that leads count among them.
    /// </summary>
    public void Complete(TokenList list, double sharpness)
    {
        if (list.Sum == 0)
            return;
        double most = double.NegativeInfinity, least = double.PositiveInfinity;
        foreach (int id in list.Ids[..list.Leading])
            (most, least) = (Math.Max(most, scores[id]), Math.Min(least, scores[id]));
        double rest = list.Sum;
        foreach (int id in list.Ids[..list.Leading])
            rest -= Math.Exp(scores[id] - most);
        foreach (int id in list.Ids[list.Leading..])
            if (scores[id] < least)
            {
                rest += Math.Exp(scores[id] - most);
                Drop(id);
            }
        (unseen, unseenUnit, leastSeen) = (Math.Max(rest, double.Epsilon), most, least);
        weighed = false;
    }

    /// <summary>Whether the tokens that are seen, in their order, reach a mass, and it is certain which of them does.</summary>
    public bool SeesMass(double mass)
    {
        double above = 0;
        for (int rank = 0; rank < Count && above < mass; rank++)
        {
            above += Probability(Ranked(rank));
            if (Math.Abs(above - mass) <= ErrorOfSums)
                return false;
        }
        return above >= mass;
    }

    /// <summary>Whether all tokens at least this share as probable as the best one are seen, and it is certain which these are.</summary>
    public bool SeesAllFrom(double share)
    {
        double border = share * ErrorOfSums;
        if (Math.Exp(leastSeen - Highest) >= share - border)
            return false;
        foreach (int id in Ids)
            if (scores[id] < highest && Math.Abs(weights[id] - share) <= border)
                return false;
        return true;
    }

    /// <summary>Drops the tokens that are not seen.</summary>
    public void DropUnseen()
    {
        unseen = 0;
        weighed = false;
    }

    /// <summary>Draws a token by its probability; −1: it may be one that is not seen.</summary>
    public int TryDraw(double uniform)
    {
        Weigh();
        return InverseCdf.TryDraw(ranking, new ByScore(scores, weights), total, ErrorOfSums, uniform);
    }
}
