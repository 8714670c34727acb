using System.Numerics;

namespace Managed.Sampling;

/// <summary>What sampling and searching ask of a row of logits.</summary>
internal static class LogitFunctions
{
    /// <summary>The id of the highest logit; of equal ones the lowest id.</summary>
    /// <exception cref="GenerationException">A logit is NaN or +∞, or all are −∞.</exception>
    public static int IndexOfHighest(ReadOnlySpan<float> logits)
    {
        float highest = Highest(logits);
        for (int id = 0; ; id++)
            if (logits[id] == highest)
                return id;
    }

    /// <summary>ln Σ exp(logit), in double precision.</summary>
    /// <exception cref="GenerationException">A logit is NaN or +∞, or all are −∞.</exception>
    public static double LogSumExp(ReadOnlySpan<float> logits)
    {
        double sum = Kernels.LogSumExp.Of(logits);
        if (!double.IsFinite(sum))
            _ = Highest(logits); // says which logit it was
        return sum;
    }

    /// <summary>The ids of the highest logits, best first; of equal ones the lower id first. Returns how many there are.</summary>
    public static int Best(ReadOnlySpan<float> logits, Span<int> ids)
    {
        int count = 0;
        for (int id = 0; id < logits.Length && ids.Length > 0; id++)
        {
            if (count == ids.Length && !(logits[id] > logits[ids[count - 1]]))
                continue;
            int place = count < ids.Length ? count++ : count - 1;
            for (; place > 0 && logits[id] > logits[ids[place - 1]]; place--)
                ids[place] = ids[place - 1];
            ids[place] = id;
        }
        return count;
    }

    public static GenerationException Unusable(int id, float logit) =>
        new($"The logit of token {id} is {(float.IsNaN(logit) ? "NaN" : "+∞")}; expected a number or −∞. "
            + "An edit of the forward pass or a damaged weight usually explains it.");

    /// <summary>The highest logit.</summary>
    /// <exception cref="GenerationException">A logit is NaN or +∞, or all are −∞.</exception>
    public static float Highest(ReadOnlySpan<float> logits)
    {
        if (logits.IsEmpty)
            throw new ArgumentException("logits: found none; expected one for each token of the vocabulary.");
        var best = new Vector<float>(float.NegativeInfinity);
        Vector<int> unusable = Vector<int>.Zero;
        int id = 0;
        for (; id <= logits.Length - Vector<float>.Count; id += Vector<float>.Count)
        {
            var part = new Vector<float>(logits[id..]);
            unusable |= ~Vector.LessThan(part, new Vector<float>(float.PositiveInfinity));
            best = Vector.Max(best, part);
        }
        float highest = float.NegativeInfinity;
        for (int lane = 0; lane < Vector<float>.Count; lane++)
            highest = Math.Max(highest, best[lane]);
        for (; id < logits.Length; id++)
            highest = Math.Max(highest, logits[id]);
        if (Vector.EqualsAll(unusable, Vector<int>.Zero) && highest < float.PositiveInfinity && highest > float.NegativeInfinity)
            return highest;
        for (int bad = 0; bad < logits.Length; bad++)
            if (!(logits[bad] < float.PositiveInfinity))
                throw Unusable(bad, logits[bad]);
        throw new GenerationException("Every logit is −∞; expected at least one token that may come next.");
    }
}
