using ILGPU;

namespace Managed.Kernels.Gpu.Experts;

/// <summary>
/// Sorts a step's choices by expert, and cuts them into tiles; a group for each expert. It counts the choices of experts before it, which
/// is where its own begin. No number depends on which group is first.
/// </summary>
internal static class SortChoicesKernel
{
    /// <param name="tiles">// [<see cref="ExpertTiles.Count"/>]</param>
    /// <param name="choices">The choices in order of experts. // [count]</param>
    /// <param name="experts">The expert of each choice. // [count]</param>
    /// <param name="count">Choices.</param>
    /// <param name="rowsOfTile">Choices of a tile, at most.</param>
    public static void Run(ArrayView<ExpertTile> tiles, ArrayView<int> choices, ArrayView<int> experts, int count, int rowsOfTile)
    {
        ArrayView<int> before = SharedMemory.Allocate<int>(GroupReduction.MostThreads), own = SharedMemory.Allocate<int>(GroupReduction.MostThreads);
        int expert = Grid.IdxX, thread = Group.IdxX, threads = Group.DimX;
        int share = (count + threads - 1) / threads, begin = IntrinsicMath.Min(thread * share, count), end = IntrinsicMath.Min(begin + share, count);
        int lower = 0, mine = 0;
        for (int i = begin; i < end; i++)
        {
            int chosen = experts[i];
            lower += chosen < expert ? 1 : 0;
            mine += chosen == expert ? 1 : 0;
        }
        before[thread] = lower;
        own[thread] = mine;
        Group.Barrier();
        int first = 0, total = 0, place = 0;
        for (int other = 0; other < threads; other++)
        {
            first += before[other];
            place += other < thread ? own[other] : 0;
            total += own[other];
        }
        place += first;
        for (int i = begin; i < end; i++)
            if (experts[i] == expert)
                choices[place++] = i;

        // Experts' tiles cannot meet: ⌊(a + c) / n⌋ + 1 ≥ ⌊a / n⌋ + ⌈c / n⌉. What lies between them is empty.
        int firstTile = (first / rowsOfTile) + expert, endTile = ((first + total) / rowsOfTile) + expert + 1;
        for (int t = firstTile + thread; t < endTile; t += threads)
        {
            int done = (t - firstTile) * rowsOfTile;
            ExpertTile tile;
            tile.Expert = expert;
            tile.Begin = first + done;
            tile.Count = IntrinsicMath.Max(0, IntrinsicMath.Min(rowsOfTile, total - done));
            tiles[t] = tile;
        }
    }
}
