using ILGPU;

namespace Managed.Kernels.Gpu.Attention;

/// <summary>A root-mean-square norm of each head, or none.</summary>
internal readonly struct HeadNorm(NormSettings? settings, ArrayView<float> gain)
{
    public readonly ArrayView<float> Gain = gain; // [dimension] or [heads, dimension]

    public readonly int Exists = settings is null ? 0 : 1, HasGain = settings?.Gain is null ? 0 : 1, GainPerHead = settings?.GainPerSegment == true ? 1 : 0;

    public readonly float Epsilon = settings?.Epsilon ?? 0, GainOffset = settings?.GainOffset ?? 0;
}

/// <summary>Which elements of a head turn, and for which tokens.</summary>
internal readonly struct RopeStoreShape(int firstToken, int tokens, int heads, int keyHeads, int first, int half, RopePairing pairing)
{
    /// <summary>Elements that a head may have.</summary>
    public const int MostElements = 256;

    /// <summary>Warps of a group.</summary>
    public const int Warps = 4;

    public readonly int FirstToken = firstToken, Tokens = tokens, Heads = heads, First = first, Half = half, Pairing = (int)pairing;

    /// <summary>Query heads, key heads and value heads.</summary>
    public readonly Divisor AllHeads = new(heads + (2 * keyHeads));
}

/// <summary>
/// Between the projections and attention: norms queries and keys, turns them, leaves queries where they are and writes keys and values to
/// the cache. A warp for each head of a token: query heads, key heads, value heads. Each element is computed as
/// <see cref="NormKernels{TReduction}.Norm"/>, <see cref="RopeKernels"/> and <see cref="StoreKeyValueKernel"/> do one after the other on a GPU: the same bits.
/// </summary>
internal static class RopeStoreKernel<TOrder>
    where TOrder : struct, ILaunchOrder
{
    private const int Warps = RopeStoreShape.Warps, MostElements = RopeStoreShape.MostElements;

    public static void Run(RowsView queries, RowsView keys, RowsView values, CacheView cache, ArrayView<int> positions, ArrayView<int> sequenceOf,
        ArrayView<float> angles, HeadNorm queryNorm, HeadNorm keyNorm, RopeStoreShape shape)
    {
        TOrder.LetNextBegin();
        ArrayView<float> all = SharedMemory.Allocate<float>(Warps * MostElements);
        int lane = Group.IdxX % 32, unit = (Grid.IdxX * Warps) + (Group.IdxX / 32);
        ArrayView<float> own = all.SubView(Group.IdxX / 32 * MostElements, MostElements);
        int inRange = shape.AllHeads.Divide(unit), head = unit - (inRange * shape.AllHeads.Value), token = shape.FirstToken + inRange;
        if (inRange >= shape.Tokens)
            return;
        int position = positions[token];
        TOrder.AwaitPrevious();
        if (head < shape.Heads)
        {
            if (queryNorm.Exists == 0 && shape.Half == 0)
                return;
            int start = head * cache.KeyDimension;
            HeadTurn.Load(own, queries, token, start, cache.KeyDimension, head, queryNorm, lane);
            HeadTurn.Write(queries.Values, queries.Start(token) + start, own, cache.KeyDimension, angles, position, shape, lane);
            return;
        }
        head -= shape.Heads;
        int sequence = sequenceOf[token];
        if (head < cache.KeyHeads)
        {
            HeadTurn.Load(own, keys, token, head * cache.KeyDimension, cache.KeyDimension, head, keyNorm, lane);
            HeadTurn.Write(cache.Memory, cache.Key(sequence, head, position), own, cache.KeyDimension, angles, position, shape, lane);
            return;
        }
        head -= cache.KeyHeads;
        HeadTurn.Store(cache, values, token, sequence, head, position, lane);
    }
}
