namespace Managed.Kernels;

/// <summary>How quantised weights meet activations.</summary>
public enum Precision
{
    /// <summary>Activations stay float32; weights are dequantised in registers.</summary>
    Exact,

    /// <summary>
    /// Activations are rounded. On the processor to 8 bits per block, so that products are integer arithmetic; unquantised weights are not
    /// affected. On an NVIDIA GPU to bfloat16 where there are more than eight rows, for the tensor cores; with fewer to two parts of it.
    /// </summary>
    Fast,
}
