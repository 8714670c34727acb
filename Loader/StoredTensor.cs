namespace Managed.Loader;

/// <summary>A tensor as it lies in a memory-mapped file: nothing is copied or converted.</summary>
/// <remarks>The pointer stays valid as long as the checkpoint or file that gave it is not disposed.</remarks>
internal sealed unsafe class StoredTensor
{
    /// <summary>The tensor's name in its file.</summary>
    public required string Name { get; init; }

    public required TensorType Type { get; init; }

    /// <summary>Sizes, outermost first, as PyTorch writes them: a linear layer is [outputs, inputs].</summary>
    public required long[] Shape { get; init; }

    /// <summary>First byte of the data.</summary>
    public required byte* Data { get; init; }

    public required long ByteCount { get; init; }

    /// <summary>Whether the data is part of a memory map, so that its pages can be given back: the file has them too.</summary>
    public bool IsMapped { get; init; }

    /// <summary>The file that holds it.</summary>
    public required string File { get; init; }

    /// <summary>Offset of <see cref="Data"/> in <see cref="File"/>.</summary>
    public required long FileOffset { get; init; }

    public long ElementCount => Shape.Aggregate(1L, (product, size) => product * size);
}
