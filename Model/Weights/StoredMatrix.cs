using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Managed.Architectures;
using Managed.Kernels;
using Managed.Loader;

namespace Managed.Weights;

/// <summary>A matrix [rows, columns] as it lies in the checkpoint, after a reference's slices and steps.</summary>
internal unsafe readonly struct StoredMatrix
{
    public byte* Data { get; private init; }

    public WeightType Type { get; private init; }

    public int Rows { get; private init; }

    public int Columns { get; private init; }

    /// <summary>Bytes from one row to the next.</summary>
    public long RowBytes { get; private init; }

    /// <summary>Bytes from one column to the next; only where <see cref="NeedsCopy"/>.</summary>
    private long ColumnBytes { get; init; }

    private StoredTensor Source { get; init; }

    /// <summary>The layout is not one that kernels read in place: transposed, or of a plain type that no kernel takes.</summary>
    public bool NeedsCopy { get; private init; }

    /// <summary>Applies a reference to a stored tensor.</summary>
    public static StoredMatrix Of(StoredTensor tensor, TensorRef name)
    {
        bool plain = TryWeightType(tensor.Type, out WeightType type) is false;
        int axes = name.Slice is null ? 2 : 3;
        if (tensor.Shape.Length < axes)
            throw new CheckpointException(tensor.File, $"tensor {tensor.Name}", tensor.FileOffset,
                $"shape [{string.Join(", ", tensor.Shape)}]", $"{axes} axes");
        long storedRows = tensor.Shape[^2], storedColumns = tensor.Shape[^1];
        long elementBytes = tensor.ByteCount / Math.Max(tensor.ElementCount, 1);
        long rowBytes = tensor.ByteCount / Math.Max(tensor.ElementCount / Math.Max(storedColumns, 1), 1);
        byte* data = tensor.Data + ((name.Slice ?? 0) * storedRows * rowBytes);
        (long outputs, long inputs) = name.Transposed ? (storedColumns, storedRows) : (storedRows, storedColumns);
        long rows = name.Rows ?? ((outputs - name.FirstRow + name.RowStep - 1) / name.RowStep);
        if (name.FirstRow + ((rows - 1) * name.RowStep) >= outputs)
            throw new CheckpointException(tensor.File, $"tensor {tensor.Name}", tensor.FileOffset,
                $"{outputs} outputs", $"at least {name.FirstRow + ((rows - 1) * name.RowStep) + 1}");
        long outputBytes = name.Transposed ? elementBytes : rowBytes;
        return new StoredMatrix
        {
            Data = data + (name.FirstRow * outputBytes),
            Type = plain ? WeightType.F32 : type,
            Rows = checked((int)rows),
            Columns = checked((int)inputs),
            RowBytes = outputBytes * name.RowStep,
            ColumnBytes = name.Transposed ? rowBytes : elementBytes,
            Source = tensor,
            NeedsCopy = name.Transposed || plain,
        };
    }

    /// <summary>A packed copy, row by row, in the same type (plain types become F32).</summary>
    public StoredMatrix Copy(out nint memory)
    {
        bool convert = !TryWeightType(Source.Type, out WeightType type);
        if (!convert && type is not (WeightType.F32 or WeightType.F16 or WeightType.BF16))
            throw new CheckpointException(Source.File, $"tensor {Source.Name}", Source.FileOffset,
                $"a transposed matrix of type {Source.Type}", "F32, F16 or BF16, whose elements can be transposed");
        int size = convert || type == WeightType.F32 ? 4 : 2;
        byte* copy = (byte*)NativeMemory.Alloc((nuint)((long)Rows * Columns * size));
        memory = (nint)copy;
        if (convert)
            ConvertTo((float*)copy);
        else if (size == 4)
            TransposeTo((uint*)copy);
        else
            TransposeTo((ushort*)copy);
        return this with { Data = copy, RowBytes = (long)Columns * size, ColumnBytes = size, NeedsCopy = false };
    }

    private void TransposeTo<T>(T* copy)
        where T : unmanaged
    {
        for (int row = 0; row < Rows; row++)
            for (int column = 0; column < Columns; column++)
                copy[((long)row * Columns) + column] = Unsafe.ReadUnaligned<T>(Data + (row * RowBytes) + (column * ColumnBytes));
    }

    private void ConvertTo(float* copy)
    {
        float[] all = StoredValues.ToSingle(Source);
        long elementBytes = Source.ByteCount / Source.ElementCount, first = (Data - Source.Data) / elementBytes;
        for (int row = 0; row < Rows; row++)
            for (int column = 0; column < Columns; column++)
                copy[((long)row * Columns) + column] = all[first + ((row * RowBytes) + (column * ColumnBytes)) / elementBytes];
    }

    /// <summary>The kernels' name for a stored type, where they have one.</summary>
    public static bool TryWeightType(TensorType type, out WeightType weight)
    {
        weight = (WeightType)(int)type;
        return Enum.IsDefined(weight);
    }
}
