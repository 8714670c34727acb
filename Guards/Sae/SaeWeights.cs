namespace Managed.Guards.Sae;

/// <summary>The numbers of a sparse autoencoder; a feature's row of encoder and decoder lies in one piece.</summary>
internal sealed record SaeWeights
{
    public required float[] Encoder { get; init; } // [features, inputs]

    public required float[] EncoderBias { get; init; } // [features]; a gated one's is that of its gate

    public required float[] Decoder { get; init; } // [features, outputs]

    public required float[] DecoderBias { get; init; } // [outputs]

    public float[]? Threshold { get; init; } // [features], of jump-ReLU

    public float[]? MagnitudeScale { get; init; } // [features], exp(r_mag) of a gated one

    public float[]? MagnitudeBias { get; init; } // [features], of a gated one

    public float[]? ActivationScale { get; init; } // [features], the multiplier of a fine-tuned one

    public float[]? Skip { get; init; } // [outputs, inputs], from the input as it is to the output
}
