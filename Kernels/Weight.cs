namespace Managed.Kernels;

/// <summary>A matrix of weights [Rows, Columns] as a device holds it: a linear layer maps Columns inputs to Rows outputs.</summary>
internal abstract class Weight : IDisposable
{
    /// <summary>The type that kernels read.</summary>
    public abstract WeightType Type { get; }

    /// <summary>The type that was given; where it differs, no kernel reads it, and it was converted.</summary>
    public virtual WeightType StoredType => Type;

    /// <summary>Outputs of the linear layer.</summary>
    public abstract int Rows { get; }

    /// <summary>Inputs of the linear layer.</summary>
    public abstract int Columns { get; }

    /// <summary>Bytes that one pass over the matrix reads.</summary>
    public abstract long ByteCount { get; }

    public abstract void Dispose();
}

/// <summary>Where a weight matrix lies in host memory, and how its rows are to be read.</summary>
internal unsafe readonly struct WeightSource
{
    /// <summary>First byte of stored row 0. Must stay valid while the weight lives; no alignment is promised.</summary>
    public required byte* Data { get; init; }

    public required WeightType Type { get; init; }

    public required int Rows { get; init; }

    public required int Columns { get; init; }

    /// <summary>Bytes from one stored row to the next; 0 means densely packed.</summary>
    public long RowBytes { get; init; }

    /// <summary>The bytes are a memory-mapped file's: a device that keeps them in another order may give their pages back.</summary>
    public bool IsMapped { get; init; }

    /// <summary>
    /// Output index of each stored row, or null where stored row r gives output r. Lets permuted and interleaved
    /// checkpoints (GGUF's rotary order, GPT-NeoX's per-head q,k,v) be used in place, in file order.
    /// Values lie in [0, Rows).
    /// </summary>
    public int[]? OutputOrder { get; init; }
}
