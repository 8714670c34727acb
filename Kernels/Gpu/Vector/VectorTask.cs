using ILGPU;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>One launch: up to three projections of the same input.</summary>
internal readonly struct VectorTask(
    VectorProjection first, VectorProjection second, VectorProjection third, int firstGroups, int secondGroups, int tokens, int spans, int tileQuads, ArrayView<Quad> input)
{
    public readonly VectorProjection First = first, Second = second, Third = third;

    /// <summary>Groups that work for the first projection, and for the first two.</summary>
    public readonly int FirstGroups = firstGroups, SecondGroups = secondGroups;

    /// <summary>1 to 8, or more where a group takes eight of them.</summary>
    public readonly int Tokens = tokens;

    /// <summary>Spans of columns in a row, the last of which may be incomplete.</summary>
    public readonly int Spans = spans;

    /// <summary><see cref="TokenPlanes.TileQuads"/>.</summary>
    public readonly int TileQuads = tileQuads;

    /// <summary>What <see cref="PlaneKernels"/> wrote.</summary>
    public readonly ArrayView<Quad> Input = input;
}
