using System.Buffers;
using System.Numerics.Tensors;

namespace Managed.Guards.Sae;

/// <summary>
/// One feature of a sparse autoencoder, for conditions. Its activation costs one product of the input's width, except of a top-k
/// autoencoder, where the others must be known until k of them are larger.
/// </summary>
public sealed class SaeFeature
{
    private readonly SparseAutoencoder sae;

    internal SaeFeature(SparseAutoencoder sae, int index)
    {
        this.sae = sae;
        Index = index;
    }

    /// <summary>Which feature.</summary>
    public int Index { get; }

    /// <summary>Full name of the hook point that it reads.</summary>
    public string HookPoint => sae.Settings.HookIn;

    /// <summary>The feature's activation for one token, the bits that encoding all features gives.</summary>
    /// <param name="input">The hook point's values.</param>
    /// <returns>0 or above; not a number where the input gives none.</returns>
    /// <exception cref="GuardException">The input has another width.</exception>
    public float Activation(ReadOnlySpan<float> input)
    {
        SparseAutoencoder.Check("the input", input.Length, sae.InputWidth);
        float[] rented = ArrayPool<float>.Shared.Rent(sae.InputWidth);
        Span<float> prepared = rented.AsSpan(0, sae.InputWidth);
        sae.Prepare(prepared, input);
        float activation = sae.Settings.Activation == SaeActivation.TopK ? AmongLargest(prepared) : Alone(prepared);
        ArrayPool<float>.Shared.Return(rented);
        return activation * (sae.Weights.ActivationScale?[Index] ?? 1);
    }

    /// <summary>
    /// The feature as a linear probe of the hook point's own values, where it is one: it is active exactly where
    /// Weights · x + Bias is above Threshold (and 0), and its activation is then that sum. Null for gated and top-k autoencoders, and where
    /// the input is normalised.
    /// </summary>
    public SaeProbe? AsProbe()
    {
        SaeSettings settings = sae.Settings;
        if (settings.Activation is SaeActivation.TopK or SaeActivation.Gated || settings.Normalization != SaeNormalization.None || sae.Weights.ActivationScale is not null)
            return null;
        ReadOnlySpan<float> row = sae.EncoderRow(Index);
        double bias = sae.Weights.EncoderBias[Index];
        if (settings.SubtractsDecoderBias)
            for (int i = 0; i < row.Length; i++)
                bias -= (double)row[i] * sae.Weights.DecoderBias[i];
        float scale = sae.DecoderNorms.IsEmpty ? 1 : sae.DecoderNorms[Index];
        var scaled = new float[row.Length];
        TensorPrimitives.Multiply(row, scale, scaled);
        return new SaeProbe(scaled, (float)(bias * scale), Math.Max(sae.Weights.Threshold?[Index] ?? 0, 0));
    }

    private float Alone(ReadOnlySpan<float> prepared)
    {
        float pre = Before(prepared, Index, out float gate);
        return SaeActivations.Fire(sae, Index, pre, gate);
    }

    private float AmongLargest(ReadOnlySpan<float> prepared)
    {
        float own = Before(prepared, Index, out _);
        if (own <= 0)
            return 0;
        int larger = 0;
        for (int other = 0; other < sae.FeatureCount; other++)
        {
            float value = Before(prepared, other, out _);
            if (float.IsNaN(value))
                return float.NaN;
            if ((value > own || (value == own && other < Index)) && ++larger >= sae.Settings.K)
                return 0;
        }
        return own;
    }

    private float Before(ReadOnlySpan<float> prepared, int feature, out float gate)
    {
        (float pre, gate) = SaeActivations.Linear(sae, feature, TensorPrimitives.Dot(prepared, sae.EncoderRow(feature)));
        return pre * (sae.DecoderNorms.IsEmpty ? 1 : sae.DecoderNorms[feature]);
    }
}

/// <summary>A feature as a linear probe: active where Weights · x + Bias is above Threshold.</summary>
/// <param name="Weights">[width of the hook point].</param>
/// <param name="Bias">Added to the product.</param>
/// <param name="Threshold">0 or above; the comparison is strict.</param>
public sealed record SaeProbe(float[] Weights, float Bias, float Threshold);
