using Managed.Kernels;

namespace Managed.Architectures;

internal enum RopeScalingKind
{
    None,
    Linear,
    Dynamic,
    Llama3,
    Yarn,
    LongRope,
}

/// <summary>A layer's rotary embedding. All values as the configuration gives them; <see cref="RopeFrequencies"/> computes from them.</summary>
internal sealed record RopeSpec
{
    public required RopePairing Pairing { get; init; }

    /// <summary>Rotated dimensions of a head (r).</summary>
    public required int Dimensions { get; init; }

    /// <summary>First rotated dimension of a head (DeepSeek: after the unrotated ones).</summary>
    public int First { get; init; }

    public required double Theta { get; init; }

    public RopeScalingKind Scaling { get; init; }

    public double Factor { get; init; } = 1;

    /// <summary>Positions the model was trained for before scaling.</summary>
    public double OriginalContext { get; init; }

    /// <summary>max_position_embeddings, which dynamic scaling and longrope's factor refer to.</summary>
    public double MaximumContext { get; init; }

    /// <summary>llama3: low_freq_factor.</summary>
    public double LowFrequencyFactor { get; init; } = 1;

    /// <summary>llama3: high_freq_factor.</summary>
    public double HighFrequencyFactor { get; init; } = 4;

    /// <summary>yarn: beta_fast.</summary>
    public double BetaFast { get; init; } = 32;

    /// <summary>yarn: beta_slow.</summary>
    public double BetaSlow { get; init; } = 1;

    /// <summary>yarn: floor and ceil of the correction range (gpt-oss: false).</summary>
    public bool Truncate { get; init; } = true;

    /// <summary>Factor on cos and sin where the configuration gives one; null: computed from the kind.</summary>
    public double? AttentionFactor { get; init; }

    /// <summary>yarn: mscale (DeepSeek); 0: absent.</summary>
    public double MagnitudeScale { get; init; }

    /// <summary>yarn: mscale_all_dim; 0: absent.</summary>
    public double MagnitudeScaleAllDimensions { get; init; }

    /// <summary>longrope: divisors up to the original context length.</summary>
    public float[]? ShortFactors { get; init; } // [r/2]

    /// <summary>longrope: divisors beyond it.</summary>
    public float[]? LongFactors { get; init; } // [r/2]

    /// <summary>Divisors of the frequencies as a GGUF file stores them (rope_freqs.weight); null: none.</summary>
    public float[]? Divisors { get; init; } // [r/2]

    /// <summary>Frequencies change with the length of the text (dynamic, longrope).</summary>
    public bool DependsOnLength => Scaling is RopeScalingKind.Dynamic or RopeScalingKind.LongRope;
}
