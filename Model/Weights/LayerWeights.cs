using Managed.Kernels;

namespace Managed.Weights;

/// <summary>The weights of a whole model on a device.</summary>
internal sealed record ModelWeights
{
    public required Weight Embedding { get; init; } // [vocabulary, width]

    public NormSettings? EmbeddingNorm { get; init; }

    public Weight? PositionEmbedding { get; init; } // [positions, width]

    public required NormSettings FinalNorm { get; init; }

    public required LinearLayer Head { get; init; } // [vocabulary, width]

    public required LayerWeights[] Layers { get; init; }

    /// <summary>Every linear layer of the model but those of single experts.</summary>
    public IEnumerable<LinearLayer> LinearLayers() => LayersByInput().SelectMany(layers => layers);

    /// <inheritdoc cref="LayerWeights.LayersByInput"/>
    public IEnumerable<LinearLayer[]> LayersByInput() => Layers.SelectMany(layer => layer.LayersByInput()).Append([Head]);
}

/// <summary>The weights of one block; what the block does not have is null.</summary>
internal sealed record LayerWeights
{
    public NormSettings? AttentionNorm { get; init; }

    public NormSettings? AttentionPostNorm { get; init; }

    public NormSettings? MlpNorm { get; init; }

    public NormSettings? MlpPostNorm { get; init; }

    public LinearLayer? Query { get; init; }

    public LinearLayer? Key { get; init; }

    public LinearLayer? Value { get; init; }

    public LinearLayer? QueryKeyValue { get; init; }

    public required LinearLayer AttentionOutput { get; init; }

    public NormSettings? QueryNorm { get; init; }

    public NormSettings? KeyNorm { get; init; }

    public required AttentionSettings Attention { get; init; }

    public LinearLayer? QueryDown { get; init; }

    public NormSettings? QueryLatentNorm { get; init; }

    public LinearLayer? KeyValueDown { get; init; }

    public NormSettings? KeyValueLatentNorm { get; init; }

    public LinearLayer? KeyValueUp { get; init; }

    public MlpWeights? Mlp { get; init; }

    public LinearLayer? Router { get; init; }

    public RouterSettings? Routing { get; init; }

    public MlpWeights[]? Experts { get; init; }

    /// <summary>The experts' layers one below the other, where the device chooses among them.</summary>
    public ExpertStacks? Stacks { get; init; }

    public MlpWeights? SharedExpert { get; init; }

    public LinearLayer? SharedExpertGate { get; init; }

    /// <summary>Every linear layer of the block but those of single experts.</summary>
    public IEnumerable<LinearLayer> LinearLayers() => LayersByInput().SelectMany(layers => layers);

    /// <summary>The same, with those together that one operation computes of one input.</summary>
    public IEnumerable<LinearLayer[]> LayersByInput() => new LinearLayer?[][]
    {
        [Query, Key, Value], [QueryKeyValue], [AttentionOutput], [QueryDown], [KeyValueDown], [KeyValueUp],
        [Mlp?.Gate, Mlp?.Up], [Mlp?.Down], [Router], [SharedExpert?.Gate, SharedExpert?.Up], [SharedExpert?.Down], [SharedExpertGate],
    }.Select(layers => layers.OfType<LinearLayer>().ToArray()).Where(layers => layers.Length > 0);
}

/// <summary>The matrices of an MLP; Gate is null where it is not gated.</summary>
internal sealed record MlpWeights(LinearLayer? Gate, LinearLayer Up, LinearLayer Down);

/// <summary>The layers of all experts of a block.</summary>
internal sealed record ExpertStacks(LinearStack Gate, LinearStack Up, LinearStack Down);

/// <summary>One layer of every expert: their matrices one below the other, and their biases.</summary>
internal sealed record LinearStack(Weight Matrix, DeviceBuffer? Bias); // [experts · outputs, inputs], [experts · outputs]
