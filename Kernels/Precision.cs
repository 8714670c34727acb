namespace Managed.Kernels;

/// <summary>How quantised weights meet activations.</summary>
public enum Precision
{
    /// <summary>Activations stay float32; weights are dequantised in registers.</summary>
    Exact,

    /// <summary>Activations are rounded to 8 bits per block, so that products are integer arithmetic. Unquantised weights are not affected.</summary>
    Fast,
}
