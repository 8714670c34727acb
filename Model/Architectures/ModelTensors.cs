namespace Managed.Architectures;

/// <summary>Where every weight of a model lies in its checkpoint.</summary>
internal sealed record ModelTensors
{
    public required TensorRef Embedding { get; init; } // [vocabulary, width]

    public NormRef? EmbeddingNorm { get; init; }

    public TensorRef? PositionEmbedding { get; init; } // [positions, width]

    public required NormRef FinalNorm { get; init; }

    /// <summary>The unembedding; the embedding's own reference where they are tied.</summary>
    public required LinearRef Head { get; init; } // [vocabulary, width]

    public required LayerTensors[] Layers { get; init; }
}

/// <summary>The weights of one block. What the block's spec does not have is null.</summary>
internal sealed record LayerTensors
{
    public NormRef? AttentionNorm { get; init; }

    public NormRef? AttentionPostNorm { get; init; }

    public NormRef? MlpNorm { get; init; }

    public NormRef? MlpPostNorm { get; init; }

    /// <summary>Projections of queries, keys, values, or all in one where their rows interleave.</summary>
    public LinearRef? Query { get; init; } // [heads·keyDim, width]; with a query latent: [heads·keyDim, queryRank]

    public LinearRef? Key { get; init; } // [keyHeads·keyDim, width]

    public LinearRef? Value { get; init; } // [keyHeads·valueDim, width]

    /// <summary>Used instead of the three where rows interleave; its OutputOrder puts queries first, then keys, then values.</summary>
    public LinearRef? QueryKeyValue { get; init; }

    public required LinearRef AttentionOutput { get; init; } // [width, heads·valueDim]

    public NormRef? QueryNorm { get; init; }

    public NormRef? KeyNorm { get; init; }

    public TensorRef? Sinks { get; init; } // [heads]

    // Latent attention
    public LinearRef? QueryDown { get; init; } // [queryRank, width]

    public NormRef? QueryLatentNorm { get; init; }

    public LinearRef? KeyValueDown { get; init; } // [keyValueRank + ropeDim, width]: latent, then the shared rotated key

    public NormRef? KeyValueLatentNorm { get; init; }

    public LinearRef? KeyValueUp { get; init; } // [heads·(nopeDim + valueDim), keyValueRank], per head: key part, then value part

    /// <summary>The MLP; null where the layer is a mixture of experts.</summary>
    public MlpRef? Mlp { get; init; }

    public LinearRef? Router { get; init; } // [experts, width]

    /// <summary>DeepSeek V3's e_score_correction_bias.</summary>
    public TensorRef? RouterCorrection { get; init; } // [experts]

    public MlpRef[]? Experts { get; init; }

    public MlpRef? SharedExpert { get; init; }

    public LinearRef? SharedExpertGate { get; init; } // [1, width]
}

/// <summary>The matrices of an MLP; Gate is null where it is not gated.</summary>
internal sealed record MlpRef(LinearRef? Gate, LinearRef Up, LinearRef Down);
