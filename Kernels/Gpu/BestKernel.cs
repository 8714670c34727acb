using ILGPU;

namespace Managed.Kernels.Gpu;

/// <summary>The greatest element of each row and the lowest index that holds it; a group for each row.</summary>
internal static class BestKernel
{
    /// <summary>Threads of a group.</summary>
    public const int Threads = 256;

    /// <param name="best">For each row the index; −1 where an element is not a number or +∞. // [rows]</param>
    /// <param name="values">[rows, width]</param>
    public static void Run(ArrayView<int> best, RowsView values)
    {
        ArrayView<float> greatest = SharedMemory.Allocate<float>(Threads);
        ArrayView<int> places = SharedMemory.Allocate<int>(Threads);
        int row = Grid.IdxX, thread = Group.IdxX, place = int.MaxValue, unfit = 0;
        long start = values.Start(row);
        float most = float.NegativeInfinity;
        for (int column = 8 * thread; column < values.Width; column += 8 * Group.DimX)
        {
            int rest = values.Width - column;
            Eight x = rest >= 8 ? Eight.Load(values.Values, start + column) : Eight.LoadFirst(values.Values, start + column, rest);
            Meet(x.V0, column, rest > 0, ref most, ref place, ref unfit);
            Meet(x.V1, column + 1, rest > 1, ref most, ref place, ref unfit);
            Meet(x.V2, column + 2, rest > 2, ref most, ref place, ref unfit);
            Meet(x.V3, column + 3, rest > 3, ref most, ref place, ref unfit);
            Meet(x.V4, column + 4, rest > 4, ref most, ref place, ref unfit);
            Meet(x.V5, column + 5, rest > 5, ref most, ref place, ref unfit);
            Meet(x.V6, column + 6, rest > 6, ref most, ref place, ref unfit);
            Meet(x.V7, column + 7, rest > 7, ref most, ref place, ref unfit);
        }
        greatest[thread] = unfit != 0 ? float.PositiveInfinity : most;
        places[thread] = place;
        Group.Barrier();
        for (int half = Group.DimX >> 1; half > 0; half >>= 1)
        {
            if (thread < half && (greatest[thread + half] > greatest[thread] || (greatest[thread + half] == greatest[thread] && places[thread + half] < places[thread])))
            {
                greatest[thread] = greatest[thread + half];
                places[thread] = places[thread + half];
            }
            Group.Barrier();
        }
        if (thread == 0)
            best[row] = greatest[0] == float.PositiveInfinity || places[0] == int.MaxValue ? -1 : places[0];
    }

    private static void Meet(float x, int column, bool exists, ref float most, ref int place, ref int unfit)
    {
        if (exists && !(x < float.PositiveInfinity))
            unfit = 1;
        if (exists && x > most)
        {
            most = x;
            place = column;
        }
    }
}
