using ILGPU;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>How a stored type meets the tensor cores: a warp multiplies 16 rows and a span of columns, lane 4g + c the rows g and g + 8.</summary>
internal interface ITileFormat
{
    /// <summary>Columns of a span.</summary>
    static abstract int Columns { get; }

    /// <summary>Quads of a row that a lane reads for a span.</summary>
    static abstract int Quads { get; }

    /// <summary>Quads of a row's scales for a span, which every lane reads.</summary>
    static abstract int ScaleQuads { get; }

    /// <summary>Quads of <see cref="TokenPlanes"/> for a span of so many tokens of a tile.</summary>
    static abstract int InputSpan(int tokens);

    /// <summary>Whether activations come as bytes; else as two bfloat16.</summary>
    static abstract bool TakesBytes { get; }

    /// <summary>Neighbouring spans that a warp takes together, 1 or 2: two where one would be few bytes to have on their way.</summary>
    static abstract int SpansTogether { get; }

    /// <summary>Warps of a group, at most: with 16 there are 128 registers for each, with 12 there are 168, with 8 as many as it wants.</summary>
    static abstract int MostWarps { get; }

    /// <summary>
    /// As <see cref="MostWarps"/>, of pairs in <see cref="SortingKernel"/>: what registers are measured for, so that as many groups find room on a
    /// multiprocessor as of <see cref="TileKernel"/>.
    /// </summary>
    static abstract int SortingWarps { get; }

    /// <summary>
    /// Warps of a group, at least, where there are columns for them, and warps of all groups of a multiprocessor that are aimed at. What was
    /// fastest for the shapes of models of 1.1B and 8B on an H200.
    /// </summary>
    /// <param name="isPaired">Whether two matrices make one result.</param>
    static abstract (int Least, int Together) Warps(bool isPaired);

    /// <summary>Whether a warp fetches the weights of a second tile only when it has done with the first: where registers are short.</summary>
    static abstract bool TileAfterTile { get; }

    /// <summary>What all sums are to be multiplied by in the end.</summary>
    static abstract float Factor { get; }

    /// <summary>Quad i of a row that lanes with this c read. Past the row's end the last one is given: zero activations meet it.</summary>
    static abstract Quad Read(VectorProjection matrix, long row, int span, int c, int i);

    /// <summary>Quad i of a row's scales.</summary>
    static abstract Quad ReadScale(VectorProjection matrix, long row, int span, int i);

    /// <summary>Adds the products of a span; the sums of rows g and g + 8 for token c. TTokens are those that there is room for in a tile.</summary>
    /// <param name="sum0">Of row g.</param>
    /// <param name="sum8">Of row g + 8.</param>
    /// <param name="w">Quads of row g, then of row g + 8.</param>
    /// <param name="first">The first of them.</param>
    /// <param name="scales">Quads of scales of row g, then of row g + 8.</param>
    /// <param name="firstScale">The first of them.</param>
    /// <param name="input">The span of <see cref="TokenPlanes"/>.</param>
    /// <param name="lane">The lane whose activations these are.</param>
    /// <param name="token">The tile's token whose sums these are, or another one where there is none.</param>
    static abstract void MultiplyAdd<TTokens>(
        ref float sum0, ref float sum8, ArrayView<Quad> w, int first, ArrayView<Quad> scales, int firstScale, ArrayView<Quad> input, int lane, int token)
        where TTokens : struct, IConstant;
}
