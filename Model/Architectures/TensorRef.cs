namespace Managed.Architectures;

/// <summary>Where one weight of the model lies in the checkpoint: a tensor, or a part of one. Rows are outputs.</summary>
/// <param name="Name">The tensor's name in the checkpoint.</param>
internal sealed record TensorRef(string Name)
{
    /// <summary>First output that belongs to this weight.</summary>
    public int FirstRow { get; init; }

    /// <summary>Number of outputs; null: all from FirstRow on.</summary>
    public int? Rows { get; init; }

    /// <summary>Distance between the outputs that belong to this weight (gpt-oss: gate and up alternate).</summary>
    public int RowStep { get; init; } = 1;

    /// <summary>Index on a leading axis: the expert of a stacked tensor; null: no such axis.</summary>
    public int? Slice { get; init; }

    /// <summary>Stored [inputs, outputs] (GPT-2's Conv1D, gpt-oss experts): transposed at load, which copies.</summary>
    public bool Transposed { get; init; }

    /// <summary>Output index of each row in stored order; null: as stored. Used in place, no copy.</summary>
    public int[]? OutputOrder { get; init; }

    /// <summary>The weight is these parts, one below the other (StableLM's norms by head, DeepSeek's k and v in GGUF); copied at load. `Name` then only names it.</summary>
    public TensorRef[]? Parts { get; init; }

    /// <summary>Tensor of the scales, where `Name` holds gpt-oss's packed 4-bit blocks [experts, outputs, inputs/32, 16]; repacked at load.</summary>
    public string? BlockScales { get; init; }
}

/// <summary>A linear layer's weight and bias.</summary>
internal sealed record LinearRef(TensorRef Weight, TensorRef? Bias = null);

/// <summary>A norm's gain and bias; both null for norms without parameters (OLMo).</summary>
internal sealed record NormRef(TensorRef? Gain, TensorRef? Bias = null);
