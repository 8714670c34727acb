using ILGPU;
using Managed.Kernels.Gpu.Matrix;

namespace Managed.Kernels.Gpu;

internal sealed partial class GpuDevice
{
    private const int MostProducts = 3; // of one input

    private readonly MatrixKernels? matrices;

    public void Linear(ReadOnlySpan<Projection> projections, Rows input, Precision precision)
    {
        if (input.Count > 0 && !(precision == Precision.Fast && TryFast(projections, input, default)))
            Plain(projections, input);
    }

    public void LinearAdd(Rows stream, Projection projection, Rows input, Precision precision)
    {
        if (input.Count == 0 || (precision == Precision.Fast && TryFast([projection], input, stream)))
            return;
        ComposedOperations.LinearAdd(this, stream, projection, input, precision);
    }

    // `stream`: where the only product is added.
    private bool TryFast(ReadOnlySpan<Projection> projections, Rows input, Rows? stream)
    {
        if (matrices is null || projections.Length > MostProducts || input.Count == 1)
            return false;
        var products = new MatrixProduct[projections.Length];
        for (int i = 0; i < projections.Length; i++)
        {
            Projection projection = projections[i];
            var weight = (GpuWeight)projection.Weight;
            products[i] = new MatrixProduct(View(stream ?? projection.Output), weight.Type, weight.View, View(projection.Bias), projection.Bias is not null, stream is not null);
        }
        return matrices.TryMultiply(products, View(input), input.Count);
    }

    private void Plain(ReadOnlySpan<Projection> projections, Rows input)
    {
        RowsView from = View(input);
        foreach (Projection projection in projections)
        {
            var weight = (GpuWeight)projection.Weight;
            RowsView to = View(projection.Output);
            ArrayView<float> bias = View(projection.Bias);
            int hasBias = projection.Bias is null ? 0 : 1;
            if (input.Count == 1)
                kernels.Of(weight.Type).OneToken(kernels.Groups(weight.Rows, 1), to, from, weight.View, bias, hasBias);
            else
                kernels.Of(weight.Type).FourTokens(
                    kernels.Groups(weight.Rows, (input.Count + LinearKernel.TokenTile - 1) / LinearKernel.TokenTile), to, from, weight.View, bias, hasBias, input.Count);
        }
    }
}
