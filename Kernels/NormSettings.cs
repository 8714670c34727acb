namespace Managed.Kernels;

internal enum NormKind
{
    /// <summary>x / √(mean x² + ε). Zhang and Sennrich 2019, eq. 4.</summary>
    Rms,

    /// <summary>(x − mean) / √(var + ε), biased variance. Ba et al. 2016, eq. 4.</summary>
    Layer,
}

/// <summary>A normalisation of each row, or of each of `Segments` equal parts of a row (heads).</summary>
internal sealed record NormSettings(NormKind Kind, float Epsilon)
{
    /// <summary>[width], or [Segments·segmentWidth] where <see cref="GainPerSegment"/>; null: 1.</summary>
    public DeviceBuffer? Gain { get; init; }

    /// <summary>As Gain; null: 0.</summary>
    public DeviceBuffer? Bias { get; init; }

    /// <summary>Added to the gain: 1 for Gemma, whose files store gain − 1.</summary>
    public float GainOffset { get; init; }

    public int Segments { get; init; } = 1;

    public bool GainPerSegment { get; init; }
}
