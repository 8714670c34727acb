using ILGPU;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>
/// Products of a weight matrix with one to eight rows of activations. A group takes 16 rows of weights, or a few times as many; its warps
/// share the columns, span by span. Each tile of 16 rows × 16 or 32 columns is multiplied with all tokens at once by the tensor cores, so that
/// eight tokens cost little more than one, and an element's bits are the same in any batch.
/// </summary>
internal static class TileKernel
{
    /// <summary>Warps of a group, at most. It must not depend on the number of tokens: a row's bits depend on it.</summary>
    public static int MostWarps<TFormat, TEpilogue>()
        where TFormat : struct, ITileFormat
        where TEpilogue : struct, IVectorEpilogue => TEpilogue.IsPaired ? 8 : TFormat.MostWarps;

    /// <summary>Neighbouring spans that a warp takes together. A row's bits depend on it, too.</summary>
    public static int SpansTogether<TFormat, TEpilogue>()
        where TFormat : struct, ITileFormat
        where TEpilogue : struct, IVectorEpilogue => TEpilogue.IsPaired ? 1 : TFormat.SpansTogether;

    /// <summary>Sums of a tile.</summary>
    public const int TileElements = 16 * TokenPlanes.TokensOfTile;

    public static void Run<TFormat, TShape, TEpilogue>(VectorTask task, TEpilogue epilogue)
        where TFormat : struct, ITileFormat
        where TShape : struct, ITileShape
        where TEpilogue : struct, IVectorEpilogue => Multiply<TFormat, TShape, TEpilogue>(task, epilogue, Grid.IdxX, 0, task.Tokens);

    /// <summary>
    /// More than eight tokens: as many groups of threads as there are eights of them take the same rows of weights, one beside the other, so
    /// that memory is read once. A token's bits are those that <see cref="Run"/> gives it.
    /// </summary>
    public static void RunOfMany<TFormat, TShape, TEpilogue>(VectorTask task, TEpilogue epilogue)
        where TFormat : struct, ITileFormat
        where TShape : struct, ITileShape
        where TEpilogue : struct, IVectorEpilogue
    {
        const int eight = 2 * TokenPlanes.TokensOfTile;
        int parts = (task.Tokens + eight - 1) / eight, group = Grid.IdxX / parts, first = eight * (Grid.IdxX - (group * parts));
        ArrayView<Quad> input = task.Input.SubView(first / TokenPlanes.TokensOfTile * task.TileQuads, 2 * task.TileQuads);
        // There is room for eight tokens, whatever lies there.
        var part = new VectorTask(task.First, task.Second, task.Third, task.FirstGroups, task.SecondGroups, eight, task.Spans, task.TileQuads, input);
        Multiply<TFormat, TShape, TEpilogue>(part, epilogue, group, first, task.Tokens);
    }

    // The rows of weights that are a group's, and the task's tokens, which are the output's from `firstToken` on; from `endToken` on there are none.
    private static void Multiply<TFormat, TShape, TEpilogue>(VectorTask task, TEpilogue epilogue, int group, int firstToken, int endToken)
        where TFormat : struct, ITileFormat
        where TShape : struct, ITileShape
        where TEpilogue : struct, IVectorEpilogue
    {
        ArrayView<float> shared = SharedMemory.Allocate<float>(MostWarps<TFormat, TEpilogue>() * TileElements * TShape.Tiles * TShape.TokenTiles);
        ArrayView<float> sums = LocalMemory.Allocate<float>(2 * TShape.Tiles * TShape.TokenTiles);
        ArrayView<Quad> weights = LocalMemory.Allocate<Quad>(2 * TFormat.Quads * TShape.Tiles * SpansTogether<TFormat, TEpilogue>());
        ArrayView<Quad> scales = LocalMemory.Allocate<Quad>(2 * IntrinsicMath.Max(1, TFormat.ScaleQuads) * TShape.Tiles * SpansTogether<TFormat, TEpilogue>());
        for (int i = 0; i < 2 * TShape.Tiles * TShape.TokenTiles; i++)
            sums[i] = 0;
        TShape.LetNextBegin();

        int lane = Group.IdxX & 31, warp = Group.IdxX >> 5, warps = Group.DimX >> 5;
        VectorProjection projection = Choose<TEpilogue>(task, ref group);
        int rowsOfGroup = TEpilogue.IsPaired ? 16 : 16 * TShape.Tiles, firstRow = rowsOfGroup * group;
        int g = lane >> 2, c = lane & 3;

        int together = SpansTogether<TFormat, TEpilogue>();
        for (int span = warp * together; span < task.Spans; span += warps * together)
        {
            // As much as there are registers for is on its way before what the last launch wrote is waited for.
            if (!TFormat.TileAfterTile)
                for (int s = 0; s < (TShape.TokenTiles == 1 ? together : 1); s++)
                    for (int tile = 0; tile < TShape.Tiles; tile++)
                        Fetch<TFormat>(weights, scales, (s * TShape.Tiles) + tile, Matrix<TEpilogue>(task, projection, tile), Row<TEpilogue>(firstRow + g, tile), span + s, c);
            TShape.AwaitPrevious();
            for (int s = 0; s < together; s++)
            {
                if (!TFormat.TileAfterTile && TShape.TokenTiles > 1 && s > 0)
                    for (int tile = 0; tile < TShape.Tiles; tile++)
                        Fetch<TFormat>(weights, scales, (s * TShape.Tiles) + tile, Matrix<TEpilogue>(task, projection, tile), Row<TEpilogue>(firstRow + g, tile), span + s, c);
                for (int tile = 0; tile < TShape.Tiles; tile++)
                {
                    int at = 2 * ((s * TShape.Tiles) + tile);
                    if (TFormat.TileAfterTile)
                        Fetch<TFormat>(weights, scales, (s * TShape.Tiles) + tile, Matrix<TEpilogue>(task, projection, tile), Row<TEpilogue>(firstRow + g, tile), span + s, c);
                    for (int t = 0; t < TShape.TokenTiles; t++)
                    {
                        // Columns without a token repeat the last one's: nobody looks at their sums.
                        int column = IntrinsicMath.Min(g, (2 * (task.Tokens - (TokenPlanes.TokensOfTile * t))) - 1), sum = 2 * ((t * TShape.Tiles) + tile);
                        ArrayView<Quad> input = task.Input.SubView((t * task.TileQuads) + ((span + s) * TFormat.InputSpan(TokenPlanes.TokensOfTile)), TFormat.InputSpan(TokenPlanes.TokensOfTile));
                        TFormat.MultiplyAdd<TileTokens>(ref sums[sum], ref sums[sum + 1], weights, at * TFormat.Quads, scales, at * TFormat.ScaleQuads, input, (4 * column) + c, c);
                    }
                }
            }
        }

        TShape.AwaitPrevious(); // of warps without a span, too
        Finish<TFormat, TShape, TEpilogue>(task, projection, epilogue, sums, shared, firstRow, firstToken, endToken);
    }

    /// <summary>The projection that a group works for, and which of its groups it is.</summary>
    public static VectorProjection Choose<TEpilogue>(VectorTask task, ref int group)
        where TEpilogue : struct, IVectorEpilogue
    {
        VectorProjection projection = task.First;
        if (!TEpilogue.IsPaired)
        {
            if (group >= task.SecondGroups)
            {
                projection = task.Third;
                group -= task.SecondGroups;
            }
            else if (group >= task.FirstGroups)
            {
                projection = task.Second;
                group -= task.FirstGroups;
            }
        }
        return projection;
    }

    /// <summary>Brings the sums of a group's warps together and writes what becomes of them.</summary>
    public static void Finish<TFormat, TShape, TEpilogue>(
        VectorTask task, VectorProjection projection, TEpilogue epilogue, ArrayView<float> sums, ArrayView<float> shared, int firstRow, int firstToken, int endToken)
        where TFormat : struct, ITileFormat
        where TShape : struct, ITileShape
        where TEpilogue : struct, IVectorEpilogue
    {
        int lane = Group.IdxX & 31, warp = Group.IdxX >> 5, warps = Group.DimX >> 5;
        // What a thread's first result is joined with is on its way while the sums come together.
        int results = TileElements * (TEpilogue.IsPaired ? TShape.TokenTiles : TShape.TokenTiles * TShape.Tiles);
        Place<TShape, TEpilogue>(Group.IdxX, firstToken, firstRow, out int token, out int row, out int place);
        float before = Group.IdxX < results && token < endToken && row < projection.Rows ? epilogue.Before(token, row) : 0;
        const int half = TileElements / 2;
        for (int i = 0; i < TShape.Tiles * TShape.TokenTiles; i++)
        {
            int at = (((warp * TShape.TokenTiles * TShape.Tiles) + i) * TileElements) + lane;
            shared[at] = sums[2 * i];
            shared[at + half] = sums[(2 * i) + 1];
        }
        Group.Barrier();
        for (int e = Group.IdxX; e < results; e += Group.DimX)
        {
            if (e != Group.IdxX)
                Place<TShape, TEpilogue>(e, firstToken, firstRow, out token, out row, out place);
            Sum<TShape, TEpilogue>(shared, place, warps, out float first, out float second);
            if (token < endToken && row < projection.Rows)
            {
                if (e != Group.IdxX)
                    before = epilogue.Before(token, row);
                first *= TFormat.Factor;
                second *= TFormat.Factor;
                if (projection.HasBias != 0)
                    first += projection.Bias[row];
                if (TEpilogue.IsPaired && task.Second.HasBias != 0)
                    second += task.Second.Bias[row];
                projection.Output[token, row] = epilogue.Finish(before, first, second);
            }
        }
    }

    // Which result of the group's is the e-th: its token and row, and where in shared memory the first warp's sum lies.
    private static void Place<TShape, TEpilogue>(int e, int firstToken, int firstRow, out int token, out int row, out int place)
        where TShape : struct, ITileShape
        where TEpilogue : struct, IVectorEpilogue
    {
        int block = e / TileElements, within = e % TileElements;
        int t = TEpilogue.IsPaired ? block : block / TShape.Tiles, tile = TEpilogue.IsPaired ? 0 : block % TShape.Tiles;
        token = (TokenPlanes.TokensOfTile * t) + (within & 3) + firstToken;
        row = (16 * tile) + (within >> 2) + firstRow;
        place = (((t * TShape.Tiles) + tile) * TileElements) + within;
    }

    // The warps' sums in their order; four are read at once, so that one's latency is that of all.
    private static void Sum<TShape, TEpilogue>(ArrayView<float> shared, int place, int warps, out float first, out float second)
        where TShape : struct, ITileShape
        where TEpilogue : struct, IVectorEpilogue
    {
        const int together = 4;
        int step = TShape.Tiles * TShape.TokenTiles * TileElements;
        (first, second) = (0, 0);
        for (int w = 0; w < warps; w += together)
        {
            for (int i = 0; i < together; i++)
            {
                int at = (IntrinsicMath.Min(w + i, warps - 1) * step) + place;
                float one = shared[at];
                first += w + i < warps ? one : 0;
                if (TEpilogue.IsPaired)
                {
                    float other = shared[at + TileElements];
                    second += w + i < warps ? other : 0;
                }
            }
        }
    }

    /// <summary>
    /// Choices of experts, one a group of Grid.IdxY: the first projection, or the pair, are stacks of all experts' matrices. Each choice's
    /// activations, or those of its token, have a tile of <see cref="TokenPlanes"/> to themselves.
    /// </summary>
    /// <param name="task">Tokens is 1.</param>
    /// <param name="epilogue">What is done with a product before it is written; the choice is its token 0.</param>
    /// <param name="experts">The expert of each choice. // [choices]</param>
    /// <param name="share">Choices that read the same activations.</param>
    public static void RunOfExperts<TFormat, TShape, TEpilogue>(VectorTask task, TEpilogue epilogue, ArrayView<int> experts, int share)
        where TFormat : struct, ITileFormat
        where TShape : struct, ITileShape
        where TEpilogue : struct, IVectorEpilogue
    {
        TShape.AwaitPrevious(); // the choice is known then
        int choice = Grid.IdxY, expert = experts[choice];
        var first = new VectorProjection(task.First, expert, choice);
        VectorProjection second = TEpilogue.IsPaired ? new VectorProjection(task.Second, expert, choice) : first;
        ArrayView<Quad> input = task.Input.SubView(choice / share * task.TileQuads, task.TileQuads);
        Run<TFormat, TShape, TEpilogue>(new VectorTask(first, second, first, task.FirstGroups, task.SecondGroups, 1, task.Spans, task.TileQuads, input), epilogue);
    }

    /// <summary>The matrix of a tile.</summary>
    public static VectorProjection Matrix<TEpilogue>(VectorTask task, VectorProjection projection, int tile)
        where TEpilogue : struct, IVectorEpilogue => TEpilogue.IsPaired && tile == 1 ? task.Second : projection;

    /// <summary>A tile's row for a group's.</summary>
    public static int Row<TEpilogue>(int row, int tile)
        where TEpilogue : struct, IVectorEpilogue => TEpilogue.IsPaired ? row : row + (16 * tile);

    /// <summary>The weights of rows `row` and `row` + 8. Past the last row its weights are taken again: nobody looks at what becomes of them.</summary>
    public static void Fetch<TFormat>(ArrayView<Quad> weights, ArrayView<Quad> scales, int place, VectorProjection matrix, int row, int span, int c)
        where TFormat : struct, ITileFormat
    {
        long row0 = IntrinsicMath.Min(row, matrix.Rows - 1), row8 = IntrinsicMath.Min(row + 8, matrix.Rows - 1);
        int at = 2 * place;
        for (int i = 0; i < TFormat.Quads; i++)
        {
            weights[(at * TFormat.Quads) + i] = TFormat.Read(matrix, row0, span, c, i);
            weights[((at + 1) * TFormat.Quads) + i] = TFormat.Read(matrix, row8, span, c, i);
        }
        for (int i = 0; i < TFormat.ScaleQuads; i++)
        {
            scales[(at * TFormat.ScaleQuads) + i] = TFormat.ReadScale(matrix, row0, span, i);
            scales[((at + 1) * TFormat.ScaleQuads) + i] = TFormat.ReadScale(matrix, row8, span, i);
        }
    }
}
