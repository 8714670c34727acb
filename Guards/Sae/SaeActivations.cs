using System.Buffers;
using System.Numerics.Tensors;

namespace Managed.Guards.Sae;

/// <summary>From a feature's product with the encoder to its activation. What is not a number stays so: nothing else would fail closed.</summary>
internal static class SaeActivations
{
    /// <param name="values">In: products of encoder rows and prepared input. Out: activations.</param>
    /// <param name="before">Gets the values before the activation function, unless it is empty.</param>
    /// <param name="sae">The autoencoder.</param>
    public static void Apply(Span<float> values, Span<float> before, SparseAutoencoder sae)
    {
        SaeWeights weights = sae.Weights;
        for (int feature = 0; feature < values.Length; feature++)
        {
            (float pre, float gate) = Linear(sae, feature, values[feature]);
            if (!before.IsEmpty)
                before[feature] = pre;
            pre *= sae.DecoderNorms.IsEmpty ? 1 : sae.DecoderNorms[feature];
            values[feature] = sae.Settings.Activation == SaeActivation.TopK ? pre : Fire(sae, feature, pre, gate);
        }
        if (sae.Settings.Activation == SaeActivation.TopK)
            KeepLargest(values, sae.Settings.K);
        if (weights.ActivationScale is { } scale)
            TensorPrimitives.Multiply(values, scale, values);
    }

    /// <summary>The value before the activation function, and the gate's: above 0 where it lets the feature through.</summary>
    public static (float Pre, float Gate) Linear(SparseAutoencoder sae, int feature, float product)
    {
        SaeWeights weights = sae.Weights;
        float pre = product + weights.EncoderBias[feature];
        return sae.Settings.Activation switch
        {
            SaeActivation.Gated => ((product * weights.MagnitudeScale![feature]) + weights.MagnitudeBias![feature], pre),
            _ => (pre, 1),
        };
    }

    /// <summary>The activation of a feature that does not compete with others.</summary>
    public static float Fire(SparseAutoencoder sae, int feature, float pre, float gate) => sae.Settings.Activation switch
    {
        SaeActivation.JumpRelu => pre <= sae.Weights.Threshold![feature] ? 0 : MathF.Max(pre, 0),
        SaeActivation.Gated => gate <= 0 ? 0 : MathF.Max(pre, 0),
        _ => MathF.Max(pre, 0),
    };

    private static void KeepLargest(Span<float> values, int k)
    {
        if (float.IsNaN(TensorPrimitives.Max<float>(values)))
        {
            values.Fill(float.NaN); // who is among the largest cannot be said
            return;
        }
        if (k < values.Length)
        {
            float[] sorted = ArrayPool<float>.Shared.Rent(values.Length);
            Span<float> descending = sorted.AsSpan(0, values.Length);
            TensorPrimitives.Negate(values, descending);
            descending.Sort();
            float least = -descending[k - 1];
            int equal = k; // how many of those equal to the least are kept
            while (equal > 0 && -descending[k - equal] > least)
                equal--;
            ArrayPool<float>.Shared.Return(sorted);
            for (int feature = 0; feature < values.Length; feature++)
                if (values[feature] < least || (values[feature] == least && equal-- <= 0))
                    values[feature] = 0;
        }
        TensorPrimitives.Max(values, 0, values);
    }
}
