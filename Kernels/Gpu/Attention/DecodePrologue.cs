using ILGPU;

namespace Managed.Kernels.Gpu.Attention;

/// <summary>What a group of <see cref="DecodeKernel{TKey, TValue, THeadTiles, TWarps, TOrder}"/> does before it attends.</summary>
internal interface IDecodePrologue
{
    /// <summary>Whether there is anything to do; else queries, keys and values are ready.</summary>
    static abstract bool Turns { get; }

    /// <summary>Every warp calls.</summary>
    /// <param name="turned">Where the group's queries go. // [heads, keyDim]</param>
    /// <param name="own">The warp's scratch: a head.</param>
    /// <param name="part">Whose queries these are.</param>
    void Run(ArrayView<float> turned, ArrayView<float> own, DecodePart part);
}

/// <summary>A group's share of a row: heads that read one key head, and a split of the positions.</summary>
internal readonly struct DecodePart(RowsView queries, int row, int sequence, int position, int firstHead, int headCount, int keyHead, int hasPosition)
{
    public readonly RowsView Queries = queries;

    public readonly int Row = row, Sequence = sequence, Position = position, FirstHead = firstHead, HeadCount = headCount, KeyHead = keyHead;

    /// <summary>Whether the row's own position is among the split's.</summary>
    public readonly int HasPosition = hasPosition;
}

/// <summary>Queries are turned, this step's keys and values are in the cache.</summary>
internal readonly struct AllIsReady : IDecodePrologue
{
    public static bool Turns => false;

    public void Run(ArrayView<float> turned, ArrayView<float> own, DecodePart part)
    {
    }
}

/// <summary>
/// What <see cref="RopeStoreKernel{TOrder}"/> does, within attention: each group norms and turns the queries that it needs; the group whose split
/// holds the row's position turns the key and stores it with the value, for itself and for steps to come. A sequence has one token in the step.
/// </summary>
internal readonly struct TurnsFirst(
    RowsView keys, RowsView values, CacheView cache, ArrayView<float> angles, HeadNorm queryNorm, HeadNorm keyNorm, RopeStoreShape shape) : IDecodePrologue
{
    private readonly RowsView keys = keys, values = values;
    private readonly CacheView cache = cache;
    private readonly ArrayView<float> angles = angles;
    private readonly HeadNorm queryNorm = queryNorm, keyNorm = keyNorm;
    private readonly RopeStoreShape shape = shape;

    public static bool Turns => true;

    public void Run(ArrayView<float> turned, ArrayView<float> own, DecodePart part)
    {
        int lane = Group.IdxX & 31, warps = Group.DimX >> 5, width = cache.KeyDimension;
        for (int unit = Group.IdxX >> 5; unit < part.HeadCount + (2 * part.HasPosition); unit += warps)
        {
            if (unit < part.HeadCount)
            {
                int head = part.FirstHead + unit;
                HeadTurn.Load(own, part.Queries, part.Row, head * width, width, head, queryNorm, lane);
                HeadTurn.Write(turned, unit * width, own, width, angles, part.Position, shape, lane);
            }
            else if (unit == part.HeadCount)
            {
                HeadTurn.Load(own, keys, part.Row, part.KeyHead * width, width, part.KeyHead, keyNorm, lane);
                HeadTurn.Write(cache.Memory, cache.Key(part.Sequence, part.KeyHead, part.Position), own, width, angles, part.Position, shape, lane);
            }
            else
            {
                HeadTurn.Store(cache, values, part.Row, part.Sequence, part.KeyHead, part.Position, lane);
            }
            Warp.Barrier(); // the scratch has been read
        }
    }
}
