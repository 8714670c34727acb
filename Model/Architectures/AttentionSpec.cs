namespace Managed.Architectures;

/// <summary>One layer's attention, without its weights.</summary>
internal sealed record AttentionSpec
{
    public required int Heads { get; init; }

    public required int KeyHeads { get; init; }

    /// <summary>Dimension of a query or key head.</summary>
    public required int KeyDimension { get; init; }

    /// <summary>Dimension of a value head; the same as KeyDimension in all families but DeepSeek's.</summary>
    public required int ValueDimension { get; init; }

    /// <summary>Multiplies q·k; usually 1/√KeyDimension.</summary>
    public required float Scale { get; init; }

    /// <summary>Soft-cap of scores; 0: none.</summary>
    public float SoftCap { get; init; }

    /// <summary>Sliding window, in keys including the query's own; 0: none.</summary>
    public int Window { get; init; }

    /// <summary>Slopes of the linear position bias, after any scaling; null: none.</summary>
    public float[]? AlibiSlopes { get; init; }

    /// <summary>Each head has a learned sink logit (gpt-oss).</summary>
    public bool Sinks { get; init; }

    /// <summary>Queries, keys and values are clamped to ±ClipQkv after their projection (OLMo, MPT); 0: not.</summary>
    public float ClipQkv { get; init; }

    /// <summary>Norm of queries and keys before the rotation; null: none.</summary>
    public HeadNormSpec? HeadNorm { get; init; }

    /// <summary>Rotary embedding; null: none in this layer.</summary>
    public RopeSpec? Rope { get; init; }

    /// <summary>Low-rank queries, keys and values (DeepSeek's multi-head latent attention); null: plain projections.</summary>
    public LatentSpec? Latent { get; init; }
}

/// <summary>Over what a query/key norm runs.</summary>
internal enum HeadNormExtent
{
    /// <summary>Each head by itself, one gain [headDim] for all (Qwen 3, Gemma 3).</summary>
    Head,

    /// <summary>Each head by itself, each with its own gain [heads, headDim] (StableLM, Cohere).</summary>
    HeadWithOwnGain,

    /// <summary>The whole projection before it is split into heads (OLMo 2).</summary>
    Whole,
}

/// <summary>Norm of queries and keys.</summary>
internal sealed record HeadNormSpec(NormSpec Norm, HeadNormExtent Extent);

/// <summary>Multi-head latent attention (DeepSeek-AI 2024, §2.1): k and v come from a shared low-rank vector, the rotated part of k is shared by all heads.</summary>
/// <param name="QueryRank">Rank of the query's latent; 0: queries are projected directly.</param>
/// <param name="KeyValueRank">Rank of the shared key/value latent.</param>
/// <param name="NopeDimension">Dimensions of a head without rotation; they come first.</param>
/// <param name="RopeDimension">Dimensions of a head with rotation.</param>
/// <param name="LatentNorm">Norm of both latents.</param>
internal sealed record LatentSpec(int QueryRank, int KeyValueRank, int NopeDimension, int RopeDimension, NormSpec LatentNorm);
