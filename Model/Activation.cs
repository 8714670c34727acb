namespace Managed;

/// <summary>A tensor of float32 that was read at a hook point, or logits.</summary>
public sealed class Activation
{
    private readonly Memory<float> values;
    private bool isGivenBack;

    internal Activation(string name, int[] shape, Memory<float> values)
    {
        Name = name;
        Shape = new TensorShape(shape);
        this.values = values;
    }

    /// <summary>The hook point's full name.</summary>
    public string Name { get; }

    /// <summary>The sizes of the axes, outermost first; there is no batch axis.</summary>
    public TensorShape Shape { get; }

    /// <summary>All values, packed, last axis fastest.</summary>
    /// <exception cref="ObjectDisposedException">The cache that this is from was disposed.</exception>
    public ReadOnlySpan<float> Values => Buffer.Span;

    /// <summary>The values of one index of the first axis: a token's row, or a head's matrix.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such index.</exception>
    public ReadOnlySpan<float> this[Index index]
    {
        get
        {
            int i = index.GetOffset(Shape[0]), width = Shape[0] == 0 ? 0 : Buffer.Length / Shape[0];
            ArgumentOutOfRangeException.ThrowIfNegative(i, nameof(index));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(i, Shape[0], nameof(index));
            return Buffer.Span.Slice(i * width, width);
        }
    }

    internal ReadOnlyMemory<float> Buffer
    {
        get
        {
            ObjectDisposedException.ThrowIf(isGivenBack, this);
            return values;
        }
    }

    /// <summary>Gives the memory to another; the values cannot be read afterwards.</summary>
    internal void GiveBack(Kernels.IDevice device)
    {
        if (!isGivenBack)
            device.ReturnHost(values);
        isGivenBack = true;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Shape}";
}

/// <summary>The sizes of a tensor's axes, outermost first.</summary>
public sealed class TensorShape(params int[] sizes)
{
    /// <summary>Number of axes.</summary>
    public int Rank => sizes.Length;

    /// <summary>The size of one axis.</summary>
    public int this[int axis] => sizes[axis];

    /// <summary>The sizes.</summary>
    public ReadOnlySpan<int> Sizes => sizes;

    /// <inheritdoc/>
    public override string ToString() => $"[{string.Join(", ", sizes)}]";
}
