namespace Managed.Kernels;

/// <summary>The non-linearity of an MLP.</summary>
internal enum ActivationKind
{
    /// <summary>x·σ(x).</summary>
    Silu,

    /// <summary>x·Φ(x), with erf.</summary>
    Gelu,

    /// <summary>0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))).</summary>
    GeluTanh,

    /// <summary>x·σ(1.702·x).</summary>
    QuickGelu,

    /// <summary>max(0, x).</summary>
    Relu,

    /// <summary>max(0, x)².</summary>
    ReluSquared,

    /// <summary>x.</summary>
    Identity,

    Sigmoid,

    Tanh,

    /// <summary>
    /// gpt-oss: g = min(gate, limit), u = clamp(up, ±limit); g·σ(1.702·g)·(u + 1). Gated only.
    /// </summary>
    ClampedSwiglu,
}
