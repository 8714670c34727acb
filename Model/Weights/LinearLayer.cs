using Managed.Kernels;

namespace Managed.Weights;

/// <summary>A linear layer bound to device memory.</summary>
/// <param name="matrix">[outputs, inputs].</param>
/// <param name="bias">[outputs], or null.</param>
/// <param name="module">The module's path in the checkpoint ("model.layers.0.self_attn.q_proj"), by which adapters find it.</param>
internal sealed class LinearLayer(Weight matrix, DeviceBuffer? bias, string module)
{
    /// <summary>The weights; replaced when an adapter is merged.</summary>
    public Weight Matrix { get; set; } = matrix;

    public DeviceBuffer? Bias { get; } = bias;

    public string Module { get; } = module;

    /// <summary>First row of the module's output that this layer gives: above 0 for parts of fused modules.</summary>
    public int FirstRow { get; init; }

    /// <summary>Output index of each stored row, as in the checkpoint's reference; null: as stored.</summary>
    public int[]? OutputOrder { get; init; }

    /// <summary>Whether adapters can change the layer: its rows are the module's own, one after the other.</summary>
    public bool IsAdaptable { get; init; }

    public int Outputs => Matrix.Rows;

    public int Inputs => Matrix.Columns;
}
