namespace Managed.Architectures;

/// <summary>
/// Everything the forward pass must know about a model, as numbers: families differ in this record alone.
/// </summary>
internal sealed record Architecture
{
    /// <summary>The family's name as its checkpoints give it ("llama", "gpt_neox").</summary>
    public required string Family { get; init; }

    public required int VocabularySize { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public required int Width { get; init; }

    /// <summary>Positions the model was trained for; longer texts give a warning.</summary>
    public required int ContextLength { get; init; }

    public required LayerSpec[] Layers { get; init; }

    /// <summary>Multiplies token embeddings (Gemma: √width, Granite: embedding_multiplier).</summary>
    public float EmbeddingScale { get; init; } = 1f;

    /// <summary>Norm on the embedding (BLOOM), or null.</summary>
    public NormSpec? EmbeddingNorm { get; init; }

    /// <summary>Learned positions: position p reads row p + offset of the position table (OPT: 2); null: no table.</summary>
    public int? LearnedPositionOffset { get; init; }

    /// <summary>Rows of the position table; positions beyond it are an error. 0 without learned positions.</summary>
    public int LearnedPositions { get; init; }

    public required NormSpec FinalNorm { get; init; }

    /// <summary>Multiplies the logits (Cohere: logit_scale, Granite: 1 / logits_scaling).</summary>
    public float LogitScale { get; init; } = 1f;

    /// <summary>Final soft-cap c·tanh(logit / c); 0: none.</summary>
    public float LogitSoftCap { get; init; }
}

/// <summary>One block: norms, attention, MLP and how they join the residual stream.</summary>
internal sealed record LayerSpec
{
    /// <summary>ln1: before attention; null: attention reads the stream itself (OLMo 2).</summary>
    public NormSpec? AttentionNorm { get; init; }

    /// <summary>ln1_post: on the attention's output, before it joins the stream.</summary>
    public NormSpec? AttentionPostNorm { get; init; }

    /// <summary>ln2: before the MLP. Null in a parallel block: the MLP reads what attention reads.</summary>
    public NormSpec? MlpNorm { get; init; }

    /// <summary>ln2_post: on the MLP's output.</summary>
    public NormSpec? MlpPostNorm { get; init; }

    /// <summary>Attention and MLP read the same stream: stream + attention + MLP.</summary>
    public bool Parallel { get; init; }

    /// <summary>Multiplies what each sublayer adds to the stream (Granite).</summary>
    public float ResidualScale { get; init; } = 1f;

    public required AttentionSpec Attention { get; init; }

    public required MlpSpec Mlp { get; init; }
}

/// <summary>A normalisation without its weights.</summary>
/// <param name="Kind">Root mean square, or LayerNorm.</param>
/// <param name="Epsilon">Added to the mean square.</param>
/// <param name="GainOffset">Added to the stored gain (Gemma in Hugging Face's layout: 1).</param>
internal sealed record NormSpec(Kernels.NormKind Kind, float Epsilon, float GainOffset = 0f);
