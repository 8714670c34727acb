namespace Managed.Kernels;

/// <summary>A view of rows in a device buffer: row r begins at Start + r·Stride and is Width long.</summary>
internal readonly record struct Rows(DeviceBuffer Buffer, long Start, int Count, int Width, int Stride)
{
    /// <summary>A whole buffer seen as densely packed rows.</summary>
    public Rows(DeviceBuffer buffer, int count, int width)
        : this(buffer, 0, count, width, width)
    {
    }

    /// <summary>The same rows, restricted to `width` columns from `first` on.</summary>
    public Rows Columns(int first, int width) => this with { Start = Start + first, Width = width };

    /// <summary>`count` rows from `first` on.</summary>
    public Rows Slice(int first, int count) => this with { Start = Start + ((long)first * Stride), Count = count };

    /// <summary>Elements from the first row's first to the last row's last.</summary>
    public int Extent => Count == 0 ? 0 : ((Count - 1) * Stride) + Width;

    /// <summary>Whether the rows follow each other without gaps.</summary>
    public bool IsDense => Stride == Width;
}
