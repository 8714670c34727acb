using Managed.Kernels;

namespace Managed;

/// <summary>How a model is loaded.</summary>
public sealed record LoadOptions
{
    /// <summary>How quantised weights meet activations; null: exact, and fast for generation.</summary>
    public Precision? Precision { get; init; }

    /// <summary>Worker threads; 0: one per core, at most 8.</summary>
    public int Threads { get; init; }

    /// <summary>Where to compute: auto, cpu, cuda[:n], opencl[:n], or debug (the GPU kernels as managed code).</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Positions that a sequence may have; 0: no limit but memory.</summary>
    public int Context { get; init; }

    /// <summary>
    /// Whether a row must have the same bits in any batch, also on a GPU in fast precision, which takes longer. On the processor, and in exact
    /// precision, it always has.
    /// </summary>
    public bool Deterministic { get; init; }

    /// <summary>Takes warnings, a sentence each: a text beyond the trained context, weights that had to be converted.</summary>
    public Action<string>? Warn { get; init; }

    /// <summary>Takes, in a sentence, what is computed where, if it is not the processor.</summary>
    public Action<string>? Tell { get; init; }
}
