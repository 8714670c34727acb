namespace Managed.Guards.Sae;

/// <summary>How a feature's activation follows from its value before it.</summary>
public enum SaeActivation
{
    /// <summary>max(0, pre).</summary>
    Relu,

    /// <summary>max(0, pre) where pre is above the feature's threshold, else 0.</summary>
    JumpRelu,

    /// <summary>max(0, pre) for the k largest of a token, else 0; of equal values the lower feature wins.</summary>
    TopK,

    /// <summary>max(0, magnitude) where another linear function, the gate, is above 0, else 0.</summary>
    Gated,
}

/// <summary>What is done to the input before it is encoded, and undone on an autoencoder's output (never on a transcoder's).</summary>
public enum SaeNormalization
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>x · √width / |x|; a row of zeros stays one.</summary>
    ConstantNorm,

    /// <summary>(x − mean) / (σ + 1e-5), σ with width − 1 in the denominator; undone as y · σ + mean.</summary>
    LayerNorm,
}

/// <summary>What a sparse autoencoder or transcoder reads, writes, and computes.</summary>
public sealed record SaeSettings
{
    /// <summary>Full name of the hook point that it reads.</summary>
    public required string HookIn { get; init; }

    /// <summary>Full name of the hook point that it reconstructs; of an autoencoder the one that it reads.</summary>
    public required string HookOut { get; init; }

    /// <summary>Whether it predicts another place from its input, instead of its input.</summary>
    public bool IsTranscoder { get; init; }

    /// <summary>How features fire.</summary>
    public SaeActivation Activation { get; init; }

    /// <summary>How many features may fire, for <see cref="SaeActivation.TopK"/>.</summary>
    public int K { get; init; }

    /// <summary>What is done to the input first.</summary>
    public SaeNormalization Normalization { get; init; }

    /// <summary>Whether the decoder's bias is subtracted from the input; never of a transcoder.</summary>
    public bool SubtractsDecoderBias { get; init; }

    /// <summary>Whether values are weighed by the norm of their decoder row before they compete, and divided by it again in decoding.</summary>
    public bool RescalesByDecoderNorm { get; init; }

    /// <summary>What the files said besides: tool, version, model, conventions that were translated.</summary>
    public IReadOnlyDictionary<string, string> Notes { get; init; } = new Dictionary<string, string>();
}
