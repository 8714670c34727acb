using System.Runtime.InteropServices;

namespace Managed.Loader;

/// <summary>A tensor for a writer: its bytes are asked for when their turn comes, so that none need be held in memory.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Sizes, outermost first.</param>
/// <param name="Write">Writes exactly <see cref="ByteCount"/> bytes.</param>
internal sealed record TensorToWrite(string Name, TensorType Type, long[] Shape, Action<Stream> Write)
{
    public long ByteCount { get; } = TensorTypes.ByteCount(Type, Shape);

    public static TensorToWrite From(string name, long[] shape, ReadOnlyMemory<float> values) =>
        new(name, TensorType.F32, shape, stream => stream.Write(MemoryMarshal.AsBytes(values.Span)));

    public static TensorToWrite From(string name, long[] shape, ReadOnlyMemory<int> values) =>
        new(name, TensorType.I32, shape, stream => stream.Write(MemoryMarshal.AsBytes(values.Span)));

    public static TensorToWrite From(string name, long[] shape, ReadOnlyMemory<long> values) =>
        new(name, TensorType.I64, shape, stream => stream.Write(MemoryMarshal.AsBytes(values.Span)));

    public static TensorToWrite From(string name, TensorType type, long[] shape, ReadOnlyMemory<byte> bytes) =>
        new(name, type, shape, stream => stream.Write(bytes.Span));

    /// <summary>A copy of a stored tensor, under its own name or another.</summary>
    public static unsafe TensorToWrite From(StoredTensor tensor, string? name = null) =>
        new(name ?? tensor.Name, tensor.Type, tensor.Shape, stream =>
        {
            const int Piece = 1 << 20;
            for (long at = 0; at < tensor.ByteCount; at += Piece)
                stream.Write(new ReadOnlySpan<byte>(tensor.Data + at, (int)Math.Min(Piece, tensor.ByteCount - at)));
        });

    /// <summary>Writes the bytes and makes sure that they were as many as the shape says.</summary>
    internal void WriteTo(Stream stream)
    {
        long before = stream.Position;
        Write(stream);
        long written = stream.Position - before;
        if (written != ByteCount)
            throw new InvalidOperationException($"tensor {Name}: {written} bytes were written, shape [{string.Join(", ", Shape)}] of {Type} needs {ByteCount}");
    }

    /// <summary>Refuses names that occur twice.</summary>
    internal static void CheckNames(IEnumerable<TensorToWrite> tensors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (TensorToWrite tensor in tensors)
            if (!names.Add(tensor.Name))
                throw new ArgumentException($"tensor {tensor.Name} occurs twice", nameof(tensors));
    }
}
