using System.Numerics.Tensors;

namespace Managed.Guards.Learning;

/// <summary>Log-probabilities of float32 logits, summed in float64.</summary>
internal static class LogSoftmax
{
    /// <summary>ln Σ exp logits.</summary>
    public static double Normaliser(ReadOnlySpan<float> logits)
    {
        double most = TensorPrimitives.Max(logits), sum = 0;
        foreach (float logit in logits)
            sum += Math.Exp(logit - most);
        return most + Math.Log(sum);
    }

    /// <summary>ln p of one index.</summary>
    public static double Of(ReadOnlySpan<float> logits, int index) => logits[index] - Normaliser(logits);
}
