using ILGPU;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>A weight matrix and where its products go, as the vector kernels see them: 16 bytes at a time.</summary>
internal readonly struct VectorProjection(RowsView output, WeightView weight, ArrayView<float> bias, int hasBias)
{
    /// <summary>The first plane of <see cref="WeightView"/>. // [rows, QuantStride]</summary>
    public readonly ArrayView<Quad> Quants = weight.Quants.Cast<Quad>();

    /// <summary>The second. // [rows, HighStride]</summary>
    public readonly ArrayView<Quad> High = weight.High.Cast<Quad>();

    /// <summary>The scales. // [rows, ScaleStride]</summary>
    public readonly ArrayView<Quad> Scales = weight.Scales.Cast<Quad>();

    public readonly int Rows = weight.Rows;

    /// <summary>Quads from one row to the next.</summary>
    public readonly int QuantStride = weight.QuantStride / 4, HighStride = weight.HighStride / 4, ScaleStride = weight.ScaleStride / 4;

    public readonly ArrayView<float> Bias = bias;

    public readonly int HasBias = hasBias;

    public readonly RowsView Output = output;
}
