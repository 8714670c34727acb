namespace Managed.Kernels.Linear;

/// <summary>Brings a matrix's rows into <see cref="PackedTile{TFormat}"/>s, on all workers.</summary>
internal sealed unsafe class WeightPacking : IParallelWork
{
    private CpuWeight weight = null!;
    private TilePacking packing = null!;
    private nint tileBytes;
    private int tiles;
    private byte* packed;

    /// <summary>Gives the first so many tiles.</summary>
    public CpuBuffer Run(WorkerPool pool, CpuWeight weight, int tiles, TilePacking packing)
    {
        (this.weight, this.tiles, this.packing) = (weight, tiles, packing);
        tileBytes = packing.Bytes(weight.Columns);
        var buffer = new CpuBuffer(tiles * tileBytes / sizeof(float));
        packed = (byte*)buffer.Data;
        pool.Run(this);
        return buffer;
    }

    public void Run(int index, int count)
    {
        for (long tile = (long)tiles * index / count, end = (long)tiles * (index + 1) / count; tile < end; tile++)
            packing.Pack(packed + (tile * tileBytes), weight.Data + (tile * LinearArguments.TileRows * weight.RowBytes), (nint)weight.RowBytes, weight.Columns);
    }
}
