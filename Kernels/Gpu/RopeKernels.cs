using ILGPU;

namespace Managed.Kernels.Gpu;

/// <summary>What is rotated: see <see cref="IDevice.Rope"/>.</summary>
internal readonly struct RopeShape(int firstToken, int heads, int headDimension, int first, int half)
{
    public readonly int FirstToken = firstToken, Heads = heads, HeadDimension = headDimension, First = first, Half = half;
}

/// <summary>Rotary position embedding. `angles` holds the cosines of each position's pairs, then their sines.</summary>
internal static class RopeKernels
{
    /// <summary>Elements of a head that <see cref="AdjacentToHalves"/> can rotate.</summary>
    public const int MostDimensions = 1024;

    /// <summary>Pairs (i, i + half): one thread each.</summary>
    public static void Halves(RowsView vectors, ArrayView<int> positions, ArrayView<float> angles, RopeShape shape, int count) =>
        Turn(vectors, positions, angles, shape, count, 1, shape.Half);

    /// <summary>Pairs (2i, 2i + 1): one thread each.</summary>
    public static void Adjacent(RowsView vectors, ArrayView<int> positions, ArrayView<float> angles, RopeShape shape, int count) =>
        Turn(vectors, positions, angles, shape, count, 2, 1);

    private static void Turn(RowsView vectors, ArrayView<int> positions, ArrayView<float> angles, RopeShape shape, int count, int step, int distance)
    {
        int unit = (Grid.IdxX * Group.DimX) + Group.IdxX;
        int pair = unit % shape.Half, head = unit / shape.Half % shape.Heads, token = (unit / shape.Half / shape.Heads) + shape.FirstToken;
        if (unit >= count)
            return;
        long angle = 2L * shape.Half * positions[token];
        float cos = angles[angle + pair], sin = angles[angle + shape.Half + pair];
        int at = (head * shape.HeadDimension) + shape.First + (step * pair);
        float x = vectors[token, at], y = vectors[token, at + distance];
        vectors[token, at] = (x * cos) - (y * sin);
        vectors[token, at + distance] = (y * cos) + (x * sin);
    }

    /// <summary>Reads pairs (2i, 2i + 1), writes them to i and i + half; a group for each head.</summary>
    public static void AdjacentToHalves(RowsView vectors, ArrayView<int> positions, ArrayView<float> angles, RopeShape shape)
    {
        ArrayView<float> turned = SharedMemory.Allocate<float>(MostDimensions);
        int head = Grid.IdxX % shape.Heads, token = (Grid.IdxX / shape.Heads) + shape.FirstToken;
        long angle = 2L * shape.Half * positions[token];
        int first = (head * shape.HeadDimension) + shape.First;
        for (int i = Group.IdxX; i < shape.Half; i += Group.DimX)
        {
            float cos = angles[angle + i], sin = angles[angle + shape.Half + i];
            float x = vectors[token, first + (2 * i)], y = vectors[token, first + (2 * i) + 1];
            turned[i] = (x * cos) - (y * sin);
            turned[i + shape.Half] = (y * cos) + (x * sin);
        }
        Group.Barrier();
        for (int i = Group.IdxX; i < 2 * shape.Half; i += Group.DimX)
            vectors[token, first + i] = turned[i];
    }
}
