using ILGPU;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>A weight matrix and where its products go, as the vector kernels see them: 16 bytes at a time.</summary>
internal readonly struct VectorProjection
{
    /// <summary>The first plane of <see cref="WeightView"/>. // [rows, QuantStride]</summary>
    public readonly ArrayView<Quad> Quants;

    /// <summary>The second. // [rows, HighStride]</summary>
    public readonly ArrayView<Quad> High;

    /// <summary>The scales. // [rows, ScaleStride]</summary>
    public readonly ArrayView<Quad> Scales;

    public readonly int Rows;

    /// <summary>Quads from one row to the next.</summary>
    public readonly int QuantStride, HighStride, ScaleStride;

    public readonly ArrayView<float> Bias;

    public readonly int HasBias;

    public readonly RowsView Output;

    public VectorProjection(RowsView output, WeightView weight, ArrayView<float> bias, int hasBias)
    {
        Quants = weight.Quants.Cast<Quad>();
        High = weight.High.Cast<Quad>();
        Scales = weight.Scales.Cast<Quad>();
        Rows = weight.Rows;
        QuantStride = weight.QuantStride / 4;
        HighStride = weight.HighStride / 4;
        ScaleStride = weight.ScaleStride / 4;
        Bias = bias;
        HasBias = hasBias;
        Output = output;
    }

    /// <summary>One expert's rows of a stack, and the row of the output that is one choice's.</summary>
    public VectorProjection(VectorProjection stack, int expert, int choice)
    {
        Rows = stack.Output.Width;
        long first = (long)expert * Rows;
        Quants = stack.Quants.SubView(first * stack.QuantStride, (long)Rows * stack.QuantStride);
        High = stack.High.SubView(first * stack.HighStride, (long)Rows * stack.HighStride);
        Scales = stack.Scales.SubView(first * stack.ScaleStride, (long)Rows * stack.ScaleStride);
        QuantStride = stack.QuantStride;
        HighStride = stack.HighStride;
        ScaleStride = stack.ScaleStride;
        Bias = stack.HasBias != 0 ? stack.Bias.SubView(first, Rows) : stack.Bias;
        HasBias = stack.HasBias;
        Output = new RowsView(stack.Output.Values.SubView(stack.Output.Start(choice), Rows), Rows, stack.Output.Stride);
    }
}
