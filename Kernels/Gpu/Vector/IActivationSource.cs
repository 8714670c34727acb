using ILGPU;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>Where <see cref="SortingKernel"/> finds its activations.</summary>
internal interface IActivationSource
{
    /// <summary>Whether it needs so many registers that fewer weights can be on their way meanwhile.</summary>
    static abstract bool NeedsRegisters { get; }

    /// <summary>What eight columns need that the launch before does not write.</summary>
    Eight Ahead(int eight);

    /// <summary>Every thread of the group calls, once the launch before has ended.</summary>
    /// <param name="tokens">1 or 2.</param>
    /// <param name="shared">Room for <see cref="SortingKernel.Room"/> numbers that nobody else uses.</param>
    SourceState Begin(int tokens, ArrayView<float> shared);

    /// <summary>Eight columns of a token; zero where there are none.</summary>
    /// <param name="token">0 or 1.</param>
    /// <param name="eight">Which eight columns; each of the row's is asked for by one thread of each group.</param>
    /// <param name="ahead">What <see cref="Ahead"/> gave for them.</param>
    /// <param name="state">What <see cref="Begin"/> gave.</param>
    Eight Read(int token, int eight, Eight ahead, SourceState state);
}

/// <summary>What a source knows of its tokens once it has begun.</summary>
internal struct SourceState
{
    /// <summary>What their elements are multiplied by.</summary>
    public float Factor0, Factor1;

    /// <summary>Instructions that edit them first.</summary>
    public int Edits0, Edits1;
}
