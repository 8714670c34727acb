using ILGPU;
using ILGPU.Runtime;

namespace Managed.Kernels.Gpu.Experts;

/// <summary>A step's choice of experts in the device's memory. Grows to the largest step seen.</summary>
internal sealed class ExpertTables(GpuMemory memory, GpuKernels kernels) : IDisposable
{
    private MemoryBuffer1D<int, Stride1D.Dense>? experts, sorted; // [tokens, chosen], [tokens · chosen]
    private MemoryBuffer1D<float, Stride1D.Dense>? weights; // [tokens, chosen]
    private MemoryBuffer1D<ExpertTile, Stride1D.Dense>? tiles;
    private int count, rowsOfTile; // of the last sorting; 0: not sorted yet
    private RouterSettings? routing;

    /// <summary>The expert of each choice. // [choices]</summary>
    public ArrayView<int> Experts => experts!.View.AsContiguous();

    /// <summary>Each choice's weight. // [choices]</summary>
    public ArrayView<float> Weights => weights!.View.AsContiguous();

    /// <summary>Chooses experts for each row of logits.</summary>
    public void Route(RowsView logits, int tokens, ArrayView<float> correction, RouterSettings settings)
    {
        (routing, count, rowsOfTile) = (settings, tokens * settings.Chosen, 0);
        Grow(ref experts, count);
        Grow(ref weights, count);
        kernels.Route(kernels.Groups(tokens), Experts, Weights, logits, correction, new RouteShape(settings));
    }

    /// <summary>The choices in tiles of so many rows.</summary>
    /// <param name="rows">Choices of a tile, at most.</param>
    /// <param name="share">See <see cref="ExpertTiles.Share"/>.</param>
    public ExpertTiles Tiles(int rows, int share)
    {
        if (rowsOfTile != rows)
        {
            Grow(ref sorted, count);
            Grow(ref tiles, ExpertTiles.Count(count, rows, routing!.Experts));
            kernels.SortChoices(kernels.Groups(routing.Experts), tiles!.View.AsContiguous(), sorted!.View.AsContiguous(), Experts, count, rows);
            rowsOfTile = rows;
        }
        return new ExpertTiles(tiles!.View.AsContiguous(), sorted!.View.AsContiguous(), share);
    }

    // Steps are recorded when one like it has run: then there is room.
    private void Grow<T>(ref MemoryBuffer1D<T, Stride1D.Dense>? buffer, int length)
        where T : unmanaged
    {
        if (length <= (buffer?.Length ?? 0))
            return;
        memory.Free(buffer);
        buffer = memory.Allocate<T>(Math.Max(1024, 2 * length));
    }

    public void Dispose()
    {
        memory.Free(experts);
        memory.Free(sorted);
        memory.Free(weights);
        memory.Free(tiles);
    }
}
