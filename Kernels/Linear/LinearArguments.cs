namespace Managed.Kernels.Linear;

/// <summary>One linear layer's operands as a kernel takes them; each worker computes a range of outputs for all tokens.</summary>
internal unsafe struct LinearArguments
{
    /// <summary>[tokens, outputs], rows OutputStride apart.</summary>
    public float* Output;
    public long OutputStride;

    /// <summary>[tokens, inputs], rows InputStride apart.</summary>
    public float* Input;
    public long InputStride;
    public int Tokens;

    /// <summary>The same input in 8 bits; only in fast precision.</summary>
    public QuantisedInput Quantised;

    /// <summary>[outputs, inputs] in stored order, rows RowBytes apart.</summary>
    public byte* Weight;
    public long RowBytes;
    public int Columns;

    /// <summary>[outputs], or null.</summary>
    public float* Bias;

    /// <summary>Output of each stored row; null: as stored.</summary>
    public int[]? Order;

    /// <summary>The same layer for a run of tokens.</summary>
    public readonly LinearArguments Slice(int firstToken, int count)
    {
        LinearArguments slice = this;
        slice.Output += firstToken * OutputStride;
        slice.Input += firstToken * InputStride;
        slice.Tokens = count;
        slice.Quantised = Quantised.Slice(firstToken);
        return slice;
    }

    /// <summary>Writes one element.</summary>
    public readonly void Store(int token, int row, float value)
    {
        int output = Order is null ? row : Order[row];
        Output[(token * OutputStride) + output] = Bias is null ? value : value + Bias[output];
    }
}
