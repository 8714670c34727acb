using ILGPU;

namespace Managed.Kernels.Gpu;

/// <summary><see cref="Rows"/> as a kernel sees them.</summary>
internal readonly struct RowsView(ArrayView<float> values, int width, int stride)
{
    /// <summary>From the first row's first element to the last row's last.</summary>
    public readonly ArrayView<float> Values = values;

    public readonly int Width = width;

    /// <summary>Elements from one row to the next.</summary>
    public readonly int Stride = stride;

    public ref float this[int row, int column] => ref Values[((long)row * Stride) + column];

    /// <summary>Where a row begins in <see cref="Values"/>.</summary>
    public long Start(int row) => (long)row * Stride;
}
