using ILGPU;
using Managed.Ilgpu.Extensions;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>
/// Products of a weight matrix with one to eight rows of activations. A group takes 16 rows of weights, or a few times as many; its warps
/// share the columns, span by span. Each tile of 16 rows × 16 or 32 columns is multiplied with all tokens at once by the tensor cores, so that
/// eight tokens cost little more than one, and an element's bits are the same in any batch.
/// </summary>
internal static class TileKernel
{
    /// <summary>Warps of a group, at most, so that 128 registers each are there, or 255 where two matrices may meet eight tokens.</summary>
    public static int MostWarps(bool isPaired) => isPaired ? 8 : 16;

    private const int TileElements = 16 * TokenPlanes.TokensOfTile;

    public static void Run<TFormat, TShape, TEpilogue>(VectorTask task, TEpilogue epilogue)
        where TFormat : struct, ITileFormat
        where TShape : struct, ITileShape
        where TEpilogue : struct, IVectorEpilogue
    {
        ArrayView<float> shared = SharedMemory.Allocate<float>(MostWarps(TEpilogue.IsPaired) * TileElements * TShape.Tiles * TShape.TokenTiles);
        ArrayView<float> sums = LocalMemory.Allocate<float>(2 * TShape.Tiles * TShape.TokenTiles);
        ArrayView<Quad> weights = LocalMemory.Allocate<Quad>(2 * TFormat.Quads * TShape.Tiles * TShape.Spans);
        ArrayView<Quad> scales = LocalMemory.Allocate<Quad>(2 * TShape.Tiles * TShape.Spans);
        for (int i = 0; i < 2 * TShape.Tiles * TShape.TokenTiles; i++)
            sums[i] = 0;
        TShape.LetNextBegin();

        int group = Grid.IdxX, lane = Group.IdxX & 31, warp = Group.IdxX >> 5, warps = Group.DimX >> 5;
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
        int rowsOfGroup = TEpilogue.IsPaired ? 16 : 16 * TShape.Tiles, firstRow = rowsOfGroup * group;
        int g = lane >> 2, c = lane & 3;

        for (int span = warp * TShape.Spans; span < task.Spans; span += warps * TShape.Spans)
        {
            for (int tile = 0; tile < TShape.Tiles; tile++)
            {
                VectorProjection matrix = TEpilogue.IsPaired && tile == 1 ? task.Second : projection;
                int row = firstRow + g + (TEpilogue.IsPaired ? 0 : 16 * tile);
                long row0 = IntrinsicMath.Min(row, matrix.Rows - 1), row8 = IntrinsicMath.Min(row + 8, matrix.Rows - 1);
                for (int s = 0; s < TShape.Spans; s++)
                {
                    int at = ((tile * TShape.Spans) + s) * 2;
                    for (int i = 0; i < TFormat.Quads; i++)
                    {
                        int quad = IntrinsicMath.Min((((span + s) * TFormat.Quads) + i) * 4 + c, matrix.QuantStride - 1);
                        weights[(at * TFormat.Quads) + i] = ReadOnly.LoadOnceAhead(ref matrix.Quants[(row0 * matrix.QuantStride) + quad]);
                        weights[((at + 1) * TFormat.Quads) + i] = ReadOnly.LoadOnceAhead(ref matrix.Quants[(row8 * matrix.QuantStride) + quad]);
                    }
                    if (TFormat.ScaleQuads > 0)
                    {
                        int quad = IntrinsicMath.Min(span + s, matrix.ScaleStride - 1);
                        scales[at] = matrix.Scales[(row0 * matrix.ScaleStride) + quad];
                        scales[at + 1] = matrix.Scales[(row8 * matrix.ScaleStride) + quad];
                    }
                }
            }
            TShape.AwaitPrevious(); // weights are nobody's results
            for (int t = 0; t < TShape.TokenTiles; t++)
            {
                // Columns without a token repeat the last one's: nobody looks at their sums.
                int column = IntrinsicMath.Min(g, (2 * (task.Tokens - (TokenPlanes.TokensOfTile * t))) - 1), from = (4 * column) + c;
                for (int s = 0; s < TShape.Spans; s++)
                {
                    ArrayView<Quad> input = task.Input.SubView((t * task.TileQuads) + ((span + s) * TFormat.InputSpan), TFormat.InputSpan);
                    for (int tile = 0; tile < TShape.Tiles; tile++)
                    {
                        int at = ((tile * TShape.Spans) + s) * 2, sum = ((t * TShape.Tiles) + tile) * 2;
                        TFormat.MultiplyAdd(ref sums[sum], ref sums[sum + 1], weights, at * TFormat.Quads, scales, at, input, from);
                    }
                }
            }
        }

        TShape.AwaitPrevious(); // of warps without a span, too
        const int half = TileElements / 2;
        for (int i = 0; i < TShape.Tiles * TShape.TokenTiles; i++)
        {
            int at = (((warp * TShape.TokenTiles * TShape.Tiles) + i) * TileElements) + lane;
            shared[at] = sums[2 * i];
            shared[at + half] = sums[(2 * i) + 1];
        }
        Group.Barrier();
        int results = TEpilogue.IsPaired ? TShape.TokenTiles : TShape.TokenTiles * TShape.Tiles;
        for (int e = Group.IdxX; e < results * TileElements; e += Group.DimX)
        {
            int block = e / TileElements, within = e % TileElements;
            int t = TEpilogue.IsPaired ? block : block / TShape.Tiles, tile = TEpilogue.IsPaired ? 0 : block % TShape.Tiles;
            int token = (TokenPlanes.TokensOfTile * t) + (within & 3), row = firstRow + (16 * tile) + (within >> 2);
            int at = (((t * TShape.Tiles) + tile) * TileElements) + within, step = TShape.Tiles * TShape.TokenTiles * TileElements;
            float first = 0, second = 0;
            for (int w = 0; w < warps; w++)
            {
                first += shared[(w * step) + at];
                if (TEpilogue.IsPaired)
                    second += shared[(w * step) + at + TileElements];
            }
            if (token < task.Tokens && row < projection.Rows)
            {
                first *= TFormat.Factor;
                second *= TFormat.Factor;
                if (projection.HasBias != 0)
                    first += projection.Bias[row];
                if (TEpilogue.IsPaired && task.Second.HasBias != 0)
                    second += task.Second.Bias[row];
                projection.Output[token, row] = epilogue.Finish(token, row, first, second);
            }
        }
    }
}
