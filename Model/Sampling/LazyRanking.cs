namespace Managed.Sampling;

/// <summary>A strict total order of token ids: of two different ids, exactly one comes first.</summary>
internal interface IRankOrder
{
    bool ComesBefore(int first, int second);
}

/// <summary>
/// Sorts only as much of a list of ids as somebody looks at: the first m of n cost about n + m·log m.
/// </summary>
/// <remarks>Incremental quicksort (Paredes and Navarro, 2006): quicksort whose right halves wait until they are asked for.</remarks>
internal sealed class LazyRanking(int capacity)
{
    private const int SmallEnoughForInsertion = 16, Large = 4096, Samples = 128;

    private readonly int[] pivots = new int[96]; // places of pivots that are final, nearest last
    private int pivotCount;
    private uint shuffle = 0x9E3779B9;

    /// <summary>The ids; the first <see cref="Sorted"/> are in order and every id after them ranks lower.</summary>
    public int[] Ids { get; } = new int[capacity];

    public int Count { get; private set; }

    public int Sorted { get; private set; }

    /// <summary>Says that <see cref="Ids"/> was written: how many there are, and how many of them are known to lead in order.</summary>
    public void Restart(int count, int sorted = 0)
    {
        Count = count;
        Sorted = sorted;
        pivotCount = 0;
        shuffle = 0x9E3779B9; // what was ranked before must not matter to this list's order of work
    }

    /// <summary>The id with so many ids before it.</summary>
    public int At<TOrder>(int rank, in TOrder order) where TOrder : struct, IRankOrder, allows ref struct
    {
        while (Sorted <= rank)
        {
            int end = pivotCount > 0 ? pivots[pivotCount - 1] : Count;
            if (Sorted == end)
            {
                pivotCount--;
                Sorted++;
            }
            else if (end - Sorted <= SmallEnoughForInsertion)
            {
                Insert(Sorted, end, order);
                Sorted = end;
            }
            else
            {
                // Of a long list usually few are looked at: a pivot near the front makes the first part short, and the passage quick.
                Push(Partition(Sorted, end, end - Sorted > Large && rank - Sorted < Samples ? NearFront(Sorted, end, order) : Middle(Sorted, end, order), order));
            }
        }
        return Ids[rank];
    }

    // A full stack forgets its farthest pivot: that costs work later, never the order.
    private void Push(int pivot)
    {
        if (pivotCount == pivots.Length)
            pivots.AsSpan(1, --pivotCount).CopyTo(pivots);
        pivots[pivotCount++] = pivot;
    }

    // The middle one of three.
    private int Middle<TOrder>(int begin, int end, in TOrder order) where TOrder : struct, IRankOrder, allows ref struct
    {
        Span<int> ids = Ids.AsSpan(begin, end - begin);
        int a = Somewhere(ids.Length), b = Somewhere(ids.Length), c = Somewhere(ids.Length);
        if (order.ComesBefore(ids[b], ids[a]))
            (a, b) = (b, a);
        return order.ComesBefore(ids[c], ids[b]) ? (order.ComesBefore(ids[c], ids[a]) ? a : c) : b;
    }

    // The first of many.
    private int NearFront<TOrder>(int begin, int end, in TOrder order) where TOrder : struct, IRankOrder, allows ref struct
    {
        Span<int> ids = Ids.AsSpan(begin, end - begin);
        int best = Somewhere(ids.Length);
        for (int i = 1; i < Samples; i++)
        {
            int other = Somewhere(ids.Length);
            if (order.ComesBefore(ids[other], ids[best]))
                best = other;
        }
        return best;
    }

    private int Partition<TOrder>(int begin, int end, int pivotPlace, in TOrder order) where TOrder : struct, IRankOrder, allows ref struct
    {
        Span<int> ids = Ids.AsSpan(begin, end - begin);
        int pivot = ids[pivotPlace];
        (ids[pivotPlace], ids[^1]) = (ids[^1], pivot);
        int place = 0;
        for (int i = 0; i < ids.Length - 1; i++)
            if (order.ComesBefore(ids[i], pivot))
            {
                (ids[i], ids[place]) = (ids[place], ids[i]);
                place++;
            }
        (ids[place], ids[^1]) = (ids[^1], ids[place]);
        return begin + place;
    }

    private void Insert<TOrder>(int begin, int end, in TOrder order) where TOrder : struct, IRankOrder, allows ref struct
    {
        int[] ids = Ids;
        for (int i = begin + 1; i < end; i++)
        {
            int id = ids[i], place = i;
            for (; place > begin && order.ComesBefore(id, ids[place - 1]); place--)
                ids[place] = ids[place - 1];
            ids[place] = id;
        }
    }

    private int Somewhere(int length)
    {
        shuffle ^= shuffle << 13;
        shuffle ^= shuffle >> 17;
        shuffle ^= shuffle << 5;
        return (int)(((ulong)shuffle * (uint)length) >> 32);
    }
}
