using ILGPU;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>Where <see cref="SortingKernel"/> finds its activations.</summary>
internal interface IActivationSource
{
    /// <summary>What eight columns need that the launch before does not write.</summary>
    Eight Ahead(int eight);

    /// <summary>Every thread of the group calls, once the launch before has ended.</summary>
    /// <param name="tokens">1 or 2.</param>
    /// <param name="shared">Room for <see cref="SortingKernel.Room"/> numbers that nobody else uses.</param>
    /// <param name="factor0">What <see cref="Read"/> takes for token 0.</param>
    /// <param name="factor1">And for token 1.</param>
    void Begin(int tokens, ArrayView<float> shared, out float factor0, out float factor1);

    /// <summary>Eight columns of a token; zero where there are none.</summary>
    /// <param name="token">0 or 1.</param>
    /// <param name="eight">Which eight columns; of all columns of the row, each is asked for by at least one thread of each group.</param>
    /// <param name="ahead">What <see cref="Ahead"/> gave for them.</param>
    /// <param name="factor">What <see cref="Begin"/> gave for the token.</param>
    Eight Read(int token, int eight, Eight ahead, float factor);
}
