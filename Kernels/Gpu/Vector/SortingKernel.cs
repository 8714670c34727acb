using ILGPU;
using Managed.Kernels.Gpu.Edits;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>
/// The products of <see cref="TileKernel"/> with one or two rows of activations that nobody has sorted: each warp sorts the columns that it
/// multiplies, in shared memory, after it has asked for their weights. Every group does it again, which costs less than a launch as long as
/// a multiprocessor has few groups. The bits are those of sorting first.
/// </summary>
internal static class SortingKernel
{
    /// <summary>Rows of activations, at most.</summary>
    public const int MostTokens = 2;

    /// <summary>Numbers that a source may keep in shared memory.</summary>
    public const int Room = RowSquares.Length;

    public static void Run<TFormat, TShape, TSource, TEpilogue>(VectorTask task, TSource source, TEpilogue epilogue)
        where TFormat : struct, ITileFormat
        where TShape : struct, ITileShape
        where TSource : struct, IActivationSource
        where TEpilogue : struct, IVectorEpilogue
    {
        int together = TileKernel.SpansTogether<TFormat, TEpilogue>(), planeQuads = TFormat.InputSpan(MostTokens) * together;
        ArrayView<float> shared = SharedMemory.Allocate<float>(TileKernel.MostWarps<TFormat, TEpilogue>() * TileKernel.TileElements * TShape.Tiles);
        ArrayView<float> room = SharedMemory.Allocate<float>(Room);
        ArrayView<Quad> planes = SharedMemory.Allocate<Quad>(TileKernel.MostWarps<TFormat, TEpilogue>() * TFormat.InputSpan(MostTokens) * TileKernel.SpansTogether<TFormat, TEpilogue>());
        ArrayView<float> sums = LocalMemory.Allocate<float>(2 * TShape.Tiles);
        ArrayView<Quad> weights = LocalMemory.Allocate<Quad>(2 * TFormat.Quads * TShape.Tiles * TileKernel.SpansTogether<TFormat, TEpilogue>());
        ArrayView<Quad> scales = LocalMemory.Allocate<Quad>(2 * IntrinsicMath.Max(1, TFormat.ScaleQuads) * TShape.Tiles * TileKernel.SpansTogether<TFormat, TEpilogue>());
        for (int i = 0; i < 2 * TShape.Tiles; i++)
            sums[i] = 0;
        TShape.LetNextBegin();

        int group = Grid.IdxX, lane = Group.IdxX & 31, warp = Group.IdxX >> 5, step = (Group.DimX >> 5) * together;
        VectorProjection projection = TileKernel.Choose<TEpilogue>(task, ref group);
        int firstRow = (TEpilogue.IsPaired ? 16 : 16 * TShape.Tiles) * group, g = lane >> 2, c = lane & 3;
        // Columns without a token repeat the last one's: nobody looks at their sums.
        int column = IntrinsicMath.Min(g, (2 * task.Tokens) - 1), token = IntrinsicMath.Min(c, task.Tokens - 1);
        ArrayView<Quad> own = planes.SubView(warp * planeQuads, planeQuads);

        // As much as there are registers for is on its way before what the last launch wrote is waited for.
        int span = warp * together, ahead = TSource.NeedsRegisters && TileKernel.MostWarps<TFormat, TEpilogue>() > 12 ? 1 : together;
        if (!TFormat.TileAfterTile && span < task.Spans)
            Fetch<TFormat, TShape, TEpilogue>(weights, scales, task, projection, firstRow + g, span, 0, ahead, c);
        Eight known = source.Ahead((span * TFormat.Columns / 8) + lane);
        TShape.AwaitPrevious();
        SourceState state = source.Begin(task.Tokens, room);
        for (; span < task.Spans; span += step)
        {
            Sort<TFormat, TSource, TEpilogue>(own, source, known, state, task.Tokens, span, lane, isFirst: span == warp * together);
            Warp.Barrier();
            if (!TFormat.TileAfterTile)
                Fetch<TFormat, TShape, TEpilogue>(weights, scales, task, projection, firstRow + g, span, ahead, together, c);
            for (int s = 0; s < together; s++)
            {
                for (int tile = 0; tile < TShape.Tiles; tile++)
                {
                    int place = (s * TShape.Tiles) + tile, at = 2 * place;
                    if (TFormat.TileAfterTile)
                        TileKernel.Fetch<TFormat>(weights, scales, place, TileKernel.Matrix<TEpilogue>(task, projection, tile), TileKernel.Row<TEpilogue>(firstRow + g, tile), span + s, c);
                    ArrayView<Quad> input = own.SubView(s * TFormat.InputSpan(MostTokens), TFormat.InputSpan(MostTokens));
                    TFormat.MultiplyAdd<Two>(ref sums[2 * tile], ref sums[(2 * tile) + 1], weights, at * TFormat.Quads, scales, at * TFormat.ScaleQuads, input, (4 * column) + c, token);
                }
            }
            Warp.Barrier();
            if (!TFormat.TileAfterTile && span + step < task.Spans)
                Fetch<TFormat, TShape, TEpilogue>(weights, scales, task, projection, firstRow + g, span + step, 0, ahead, c);
        }
        TileKernel.Finish<TFormat, TShape, TEpilogue>(task, projection, epilogue, sums, shared, firstRow, 0, task.Tokens);
    }

    // Of a warp's spans those from `first` on.
    private static void Fetch<TFormat, TShape, TEpilogue>(
        ArrayView<Quad> weights, ArrayView<Quad> scales, VectorTask task, VectorProjection projection, int row, int span, int first, int end, int c)
        where TFormat : struct, ITileFormat
        where TShape : struct, ITileShape
        where TEpilogue : struct, IVectorEpilogue
    {
        for (int s = first; s < end; s++)
            for (int tile = 0; tile < TShape.Tiles; tile++)
                TileKernel.Fetch<TFormat>(
                    weights, scales, (s * TShape.Tiles) + tile, TileKernel.Matrix<TEpilogue>(task, projection, tile), TileKernel.Row<TEpilogue>(row, tile), span + s, c);
    }

    // A warp's spans of all tokens; a lane has every 32nd eight of them.
    private static void Sort<TFormat, TSource, TEpilogue>(ArrayView<Quad> own, TSource source, Eight known, SourceState state, int tokens, int span, int lane, bool isFirst)
        where TFormat : struct, ITileFormat
        where TSource : struct, IActivationSource
        where TEpilogue : struct, IVectorEpilogue
    {
        int eights = TFormat.Columns / 8 * TileKernel.SpansTogether<TFormat, TEpilogue>(), first = span * (TFormat.Columns / 8);
        ArrayView<Eight> read = LocalMemory.Allocate<Eight>(((TFormat.Columns / 8 * TileKernel.SpansTogether<TFormat, TEpilogue>()) + 31) / 32);
        for (int token = 0; token < tokens; token++)
        {
            for (int i = 0; i < (eights + 31) / 32; i++)
            {
                int eight = first + (32 * i) + lane;
                read[i] = default;
                if (eights % 32 == 0 || (32 * i) + lane < eights)
                    read[i] = source.Read(token, eight, i == 0 && isFirst ? known : source.Ahead(eight), state);
            }
            for (int i = 0; i < (eights + 31) / 32; i++)
            {
                int eight = (32 * i) + lane;
                if (TFormat.TakesBytes)
                    PlaneKernels.WriteBytes<Two>(own, token, eight, 0, read[i]);
                else if (eight < eights)
                    PlaneKernels.WriteBrain<Two>(own, token, eight, 0, read[i]);
            }
        }
    }
}
