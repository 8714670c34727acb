using Managed.Kernels;

namespace Managed.Weights;

/// <summary>A linear layer bound to device memory.</summary>
/// <param name="Matrix">[outputs, inputs].</param>
/// <param name="Bias">[outputs], or null.</param>
/// <param name="Module">The module's path in the checkpoint ("model.layers.0.self_attn.q_proj"), by which adapters find it.</param>
internal sealed record LinearLayer(Weight Matrix, DeviceBuffer? Bias, string Module)
{
    /// <summary>First row of the module's output that this layer gives: above 0 for parts of fused modules.</summary>
    public int FirstRow { get; init; }

    /// <summary>Output index of each stored row, as in the checkpoint's reference; null: as stored.</summary>
    public int[]? OutputOrder { get; init; }

    /// <summary>Whether the module's own rows are all here, one after the other.</summary>
    public int RowStep { get; init; } = 1;

    public int Outputs => Matrix.Rows;

    public int Inputs => Matrix.Columns;
}
