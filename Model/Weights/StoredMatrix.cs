using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Managed.Architectures;
using Managed.Kernels;
using Managed.Kernels.Blocks;
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

    /// <summary>The layout is not one that kernels read in place: transposed, or of a plain type that no kernel takes.</summary>
    public bool NeedsCopy { get; private init; }

    /// <summary>Whether the rows are part of a memory map.</summary>
    public bool IsMapped { get; private init; }

    private StoredTensor Source { get; init; }

    // Elements of the stored tensor: the first, and from one row and one column to the next.
    private long First { get; init; }

    private long RowElements { get; init; }

    private long ColumnElements { get; init; }

    /// <summary>Applies a reference to a stored tensor.</summary>
    public static StoredMatrix Of(StoredTensor tensor, TensorRef name)
    {
        bool direct = TryWeightType(tensor.Type, out WeightType type);
        int axes = name.Slice is null ? 2 : 3;
        if (tensor.Shape.Length < axes)
            throw Error(tensor, $"shape [{string.Join(", ", tensor.Shape)}]", $"{axes} axes");
        long storedRows = tensor.Shape[^2], storedColumns = tensor.Shape[^1];
        long storedRowBytes = tensor.ByteCount / Math.Max(tensor.ElementCount / Math.Max(storedColumns, 1), 1);
        (long outputs, long inputs) = name.Transposed ? (storedColumns, storedRows) : (storedRows, storedColumns);
        long rows = name.Rows ?? ((outputs - name.FirstRow + name.RowStep - 1) / name.RowStep);
        if (rows < 1 || name.FirstRow + ((rows - 1) * name.RowStep) >= outputs)
            throw Error(tensor, $"{outputs} outputs", $"at least {name.FirstRow + ((rows - 1) * name.RowStep) + 1}");
        long rowElements = name.Transposed ? 1 : storedColumns, slice = (name.Slice ?? 0) * storedRows;
        return new StoredMatrix
        {
            Data = tensor.Data + ((slice + name.FirstRow) * storedRowBytes),
            Type = direct ? type : WeightType.F32,
            Rows = checked((int)rows),
            Columns = checked((int)inputs),
            RowBytes = storedRowBytes * name.RowStep,
            NeedsCopy = name.Transposed || !direct,
            IsMapped = tensor.IsMapped,
            Source = tensor,
            First = (slice * storedColumns) + (name.FirstRow * rowElements),
            RowElements = rowElements * name.RowStep,
            ColumnElements = name.Transposed ? storedColumns : 1,
        };
    }

    /// <summary>A packed copy, row by row: half-width types stay as they are, all others become F32.</summary>
    public StoredMatrix Copy(out nint memory)
    {
        bool half = Type is WeightType.F16 or WeightType.BF16 && TryWeightType(Source.Type, out _);
        int size = half ? sizeof(ushort) : sizeof(float);
        byte* copy = (byte*)NativeMemory.Alloc((nuint)((long)Rows * Columns * size));
        memory = (nint)copy;
        if (half)
            TransposeTo((ushort*)copy);
        else
            CopyTo((float*)copy);
        return this with { Data = copy, Type = half ? Type : WeightType.F32, RowBytes = (long)Columns * size, NeedsCopy = false, IsMapped = false };
    }

    /// <summary>All values as float32, packed row by row.</summary>
    public void CopyTo(float* copy)
    {
        float[] all = StoredValues.ToSingle(Source);
        for (int row = 0; row < Rows; row++)
            for (int column = 0; column < Columns; column++)
                *copy++ = all[First + (row * RowElements) + (column * ColumnElements)];
    }

    private void TransposeTo(ushort* copy)
    {
        for (int row = 0; row < Rows; row++)
            for (int column = 0; column < Columns; column++)
                *copy++ = Unsafe.ReadUnaligned<ushort>(Source.Data + (sizeof(ushort) * (First + (row * RowElements) + (column * ColumnElements))));
    }

    /// <summary>The types of matrices that kernels read as they are stored.</summary>
    public static WeightType[] TypesOf(IEnumerable<StoredTensor> tensors)
    {
        var isUsed = new bool[64]; // by number of the type
        foreach (StoredTensor tensor in tensors)
            if (tensor.Shape.Length > 1 && TryWeightType(tensor.Type, out WeightType type))
                isUsed[(int)type] = true;
        return Array.FindAll(Enum.GetValues<WeightType>(), type => isUsed[(int)type] && BlockFormats.IsDirect(type));
    }

    /// <summary>The kernels' name for a stored type, where they have one.</summary>
    public static bool TryWeightType(TensorType type, out WeightType weight)
    {
        weight = (WeightType)(int)type;
        return BlockFormats.IsKnown(weight);
    }

    private static CheckpointException Error(StoredTensor tensor, string found, string expected) =>
        new(tensor.File, $"tensor {tensor.Name}", tensor.FileOffset, found, expected);
}
