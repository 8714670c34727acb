using Managed.Sampling;

namespace Managed.Guards.Evaluation;

/// <summary>How far two models' next-token distributions P and Q lie apart on a text, for instance without and with a guard.</summary>
public sealed record Divergence
{
    private readonly Lazy<double[]> sorted;

    private Divergence(double[] perPosition)
    {
        PerPosition = perPosition;
        sorted = new Lazy<double[]>(() => [.. perPosition.Order()]);
    }

    /// <summary>KL(P‖Q) = Σ p (ln p − ln q) at each position, in nats.</summary>
    public IReadOnlyList<double> PerPosition { get; }

    /// <summary>Mean of KL(P‖Q).</summary>
    public double Mean => PerPosition.Average();

    /// <summary>Its greatest value.</summary>
    public double Maximum => sorted.Value[^1];

    /// <summary>Mean Jensen–Shannon divergence, in nats.</summary>
    public required double JensenShannon { get; init; }

    /// <summary>Mean total variation, ½ Σ |p − q|.</summary>
    public required double TotalVariation { get; init; }

    /// <summary>Share of positions at which both have the same most likely token.</summary>
    public required double SameTop { get; init; }

    /// <summary>A quantile of KL(P‖Q), with linear interpolation.</summary>
    public double Quantile(double share) => Quantiles.OfSorted(sorted.Value, share);

    /// <summary>Runs both models over a text and compares them behind each of its tokens.</summary>
    /// <param name="p">The first model.</param>
    /// <param name="q">The second; it may be the first with other hooks, but must have the same vocabulary.</param>
    /// <param name="ids">The text.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="ArgumentException">No tokens, or vocabularies of different sizes.</exception>
    public static Divergence Measure(LogitSource p, LogitSource q, ReadOnlySpan<int> ids, CancellationToken cancellation = default)
    {
        int vocabulary = p.Model.VocabularySize;
        if (q.Model.VocabularySize != vocabulary || ids.IsEmpty)
            throw new ArgumentException($"Divergence: found vocabularies of {vocabulary} and {q.Model.VocabularySize} tokens and a text of {ids.Length}; expected the same vocabulary and at least one token.");
        using LogitRun first = p.Begin(ids.Length), second = q.Begin(ids.Length);
        var perPosition = new double[ids.Length];
        double jensenShannon = 0, totalVariation = 0;
        int sameTop = 0;
        for (int begin = 0; begin < ids.Length; begin += LogitRun.Chunk)
        {
            cancellation.ThrowIfCancellationRequested();
            ReadOnlySpan<int> chunk = ids.Slice(begin, Math.Min(LogitRun.Chunk, ids.Length - begin));
            float[] kept = first.Next(chunk).ToArray(); // [tokens, vocabulary]: the second run may overwrite it
            Span2D others = second.Next(chunk);
            for (int i = 0; i < chunk.Length; i++)
            {
                ReadOnlySpan<float> row = kept.AsSpan(i * vocabulary, vocabulary);
                var (kl, js, tv) = Compare(row, others.Row(i));
                perPosition[begin + i] = kl;
                jensenShannon += js;
                totalVariation += tv;
                if (LogitFunctions.IndexOfHighest(row) == LogitFunctions.IndexOfHighest(others.Row(i)))
                    sameTop++;
            }
        }
        return new Divergence(perPosition)
        {
            JensenShannon = jensenShannon / ids.Length,
            TotalVariation = totalVariation / ids.Length,
            SameTop = (double)sameTop / ids.Length,
        };
    }

    internal static (double KullbackLeibler, double JensenShannon, double TotalVariation) Compare(ReadOnlySpan<float> p, ReadOnlySpan<float> q)
    {
        double logP = LogitFunctions.LogSumExp(p), logQ = LogitFunctions.LogSumExp(q), kl = 0, js = 0, tv = 0;
        for (int id = 0; id < p.Length; id++)
        {
            double lnP = p[id] - logP, lnQ = q[id] - logQ, atP = Math.Exp(lnP), atQ = Math.Exp(lnQ);
            if (atP > 0)
                kl += atP * (lnP - lnQ);
            double lnMiddle = Math.Log((atP + atQ) / 2);
            if (atP > 0)
                js += atP * (lnP - lnMiddle) / 2;
            if (atQ > 0)
                js += atQ * (lnQ - lnMiddle) / 2;
            tv += Math.Abs(atP - atQ) / 2;
        }
        return (Math.Max(0, kl), Math.Max(0, js), tv); // rounding may go a hair below 0
    }
}
