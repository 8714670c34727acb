namespace Managed.Kernels.Linear;

/// <summary>Brings a matrix's rows into <see cref="PackedTile{TFormat}"/>s, on all workers.</summary>
internal sealed unsafe class WeightPacking : IParallelWork
{
    private const int TilesAtOnce = 64; // after which stored rows are given back, so that few bytes are there twice

    private CpuWeight weight = null!;
    private TilePacking packing = null!;
    private nint tileBytes;
    private int tiles;
    private bool releases;
    private volatile bool isUsable;
    private byte* packed;

    /// <summary>Gives the first so many tiles; null where one of them cannot be used.</summary>
    /// <param name="pool">The workers.</param>
    /// <param name="weight">Whose rows.</param>
    /// <param name="tiles">How many tiles.</param>
    /// <param name="packing">How it is done.</param>
    /// <param name="releases">Whether the stored rows are in a file's pages, which can be given back.</param>
    public CpuBuffer? Run(WorkerPool pool, CpuWeight weight, int tiles, TilePacking packing, bool releases)
    {
        (this.weight, this.tiles, this.packing, this.releases) = (weight, tiles, packing, releases);
        tileBytes = packing.Bytes(weight.Columns);
        var buffer = new CpuBuffer(tiles * tileBytes / sizeof(float));
        packed = (byte*)buffer.Data;
        isUsable = true;
        pool.Run(this);
        if (isUsable)
            return buffer;
        buffer.Dispose();
        return null;
    }

    public void Run(int index, int count)
    {
        int end = (int)((long)tiles * (index + 1) / count);
        for (int first = (int)((long)tiles * index / count), last; first < end && isUsable; first = last)
        {
            last = Math.Min(first + TilesAtOnce, end);
            for (int tile = first; tile < last; tile++)
                if (!packing.Pack(packed + (tile * tileBytes), Rows(tile), (nint)weight.RowBytes, weight.Columns))
                    isUsable = false;
            if (releases)
                MappedPages.Release(Rows(first), Rows(last) - Rows(first));
        }
    }

    private byte* Rows(int tile) => weight.Data + ((long)tile * LinearArguments.TileRows * weight.RowBytes);
}
