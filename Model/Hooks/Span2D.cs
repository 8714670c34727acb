using System.Numerics.Tensors;

namespace Managed;

/// <summary>Rows of float32 that a hook may read and write in place.</summary>
public readonly ref struct Span2D
{
    private readonly Span<float> values;
    private readonly int stride;

    internal Span2D(Span<float> values, int rows, int columns, int stride)
    {
        this.values = values;
        this.stride = stride;
        Rows = rows;
        Columns = columns;
    }

    /// <summary>Number of rows: tokens, unless the hook point's first axes are others (see <see cref="HookContext.Shape"/>).</summary>
    public int Rows { get; }

    /// <summary>Length of a row.</summary>
    public int Columns { get; }

    /// <summary>One row, writable; `^1` is the last.</summary>
    public Span<float> Row(Index row) => Row(row.GetOffset(Rows));

    /// <summary>One row, writable.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    public Span<float> Row(int row)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Rows);
        return values.Slice(row * stride, Columns);
    }

    /// <summary>One element.</summary>
    public ref float this[int row, int column] => ref Row(row)[column];

    /// <summary>All rows as one span, where they follow each other without gaps.</summary>
    internal Span<float> Packed => stride == Columns || Rows == 1 ? values[..(Rows * Columns)]
        : throw new InvalidOperationException($"Rows of {Columns} lie {stride} apart.");

    /// <summary>A packed copy of all rows.</summary>
    public float[] ToArray()
    {
        var copy = new float[Rows * Columns];
        for (int row = 0; row < Rows; row++)
            Row(row).CopyTo(copy.AsSpan(row * Columns));
        return copy;
    }

    /// <summary>Overwrites all rows with packed values.</summary>
    /// <exception cref="HookPointException">The count of values is not Rows × Columns.</exception>
    public void CopyFrom(ReadOnlySpan<float> packed)
    {
        if (packed.Length != Rows * Columns)
            throw new HookPointException($"Replacing {Rows} × {Columns} values needs {Rows * Columns} numbers; {packed.Length} were given.");
        for (int row = 0; row < Rows; row++)
            packed.Slice(row * Columns, Columns).CopyTo(Row(row));
    }

    /// <summary>Sets every element.</summary>
    public void Fill(float value)
    {
        for (int row = 0; row < Rows; row++)
            Row(row).Fill(value);
    }
}

/// <summary>What edits of a row are made of.</summary>
public static class RowEdits
{
    /// <summary>row += factor · direction. A factor of 0 leaves every bit as it is.</summary>
    /// <exception cref="HookPointException">The widths differ.</exception>
    public static void AddScaled(this Span<float> row, float factor, ReadOnlySpan<float> direction)
    {
        if (direction.Length != row.Length)
            throw new HookPointException($"A direction of {direction.Length} numbers was added to a row of {row.Length}.");
        if (factor != 0)
            TensorPrimitives.MultiplyAdd(direction, factor, row, row);
    }

    /// <summary>row −= (row·direction / direction·direction) · direction: removes the direction's share.</summary>
    /// <exception cref="HookPointException">The widths differ.</exception>
    public static void ProjectOut(this Span<float> row, ReadOnlySpan<float> direction)
    {
        if (direction.Length != row.Length)
            throw new HookPointException($"A direction of {direction.Length} numbers was projected out of a row of {row.Length}.");
        float square = TensorPrimitives.Dot(direction, direction);
        if (square > 0)
            row.AddScaled(-TensorPrimitives.Dot(row, direction) / square, direction);
    }
}
