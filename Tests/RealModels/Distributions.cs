using System.Numerics.Tensors;

namespace Managed.Tests.RealModels;

/// <summary>What logits say as distributions, in double precision.</summary>
internal static class Distributions
{
    /// <summary>ln Σ exp x.</summary>
    public static double LogSumExp(ReadOnlySpan<float> logits)
    {
        double largest = TensorPrimitives.Max(logits), sum = 0;
        foreach (float logit in logits)
            sum += Math.Exp(logit - largest);
        return largest + Math.Log(sum);
    }

    /// <summary>KL(p‖q) = Σ p·ln(p/q), in nats.</summary>
    public static double Divergence(ReadOnlySpan<float> p, ReadOnlySpan<float> q)
    {
        double sumP = LogSumExp(p), sumQ = LogSumExp(q), divergence = 0;
        for (int i = 0; i < p.Length; i++)
        {
            double logP = p[i] - sumP;
            divergence += Math.Exp(logP) * (logP - (q[i] - sumQ));
        }
        return divergence;
    }

    /// <summary>−ln p(token).</summary>
    public static double Surprise(ReadOnlySpan<float> logits, int token) => LogSumExp(logits) - logits[token];
}
