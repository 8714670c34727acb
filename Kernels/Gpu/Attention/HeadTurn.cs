using ILGPU;

namespace Managed.Kernels.Gpu.Attention;

/// <summary>What a warp does with one head of one token between the projections and attention.</summary>
internal static class HeadTurn
{
    /// <summary>The head's elements, normed, in shared memory.</summary>
    public static void Load(ArrayView<float> own, RowsView vectors, int token, int start, int width, int head, HeadNorm norm, int lane)
    {
        if (norm.Exists == 0)
        {
            for (int i = lane; i < width; i += 32)
                own[i] = vectors[token, start + i];
        }
        else
        {
            // A lane has eight neighbouring elements, as a thread of the plain kernel; there, the other warps of the group have none.
            Eight squares = default;
            int rest = width - (8 * lane);
            if (rest > 0)
            {
                long at = vectors.Start(token) + start + (8 * lane);
                Eight x = rest >= 8 ? Eight.Load(vectors.Values, at) : Eight.LoadFirst(vectors.Values, at, rest);
                squares.MultiplyAdd(x, x);
            }
            float sum = WarpReduction.SumOfWarp(squares.Sum());
            float inverse = 1f / MathF.Sqrt((sum / width) + norm.Epsilon);
            for (int i = lane; i < width; i += 32)
            {
                float x = vectors[token, start + i] * inverse;
                if (norm.HasGain != 0)
                    x *= norm.Gain[norm.GainPerHead != 0 ? (head * width) + i : i] + norm.GainOffset;
                own[i] = x;
            }
        }
        Warp.Barrier();
    }

    /// <summary>Turns what turns, and writes the whole head.</summary>
    public static void Write(ArrayView<float> output, long at, ArrayView<float> own, int width, ArrayView<float> angles, int position, RopeStoreShape shape, int lane)
    {
        for (int i = lane; i < width; i += 32)
            if (i < shape.First || i >= shape.First + (2 * shape.Half))
                output[at + i] = own[i];
        long angle = 2L * shape.Half * position;
        bool readsHalves = shape.Pairing == (int)RopePairing.Halves, writesAdjacent = shape.Pairing == (int)RopePairing.Adjacent;
        for (int i = lane; i < shape.Half; i += 32)
        {
            float cos = angles[angle + i], sin = angles[angle + shape.Half + i];
            float x = own[shape.First + (readsHalves ? i : 2 * i)], y = own[shape.First + (readsHalves ? i + shape.Half : (2 * i) + 1)];
            output[at + shape.First + (writesAdjacent ? 2 * i : i)] = (x * cos) - (y * sin);
            output[at + shape.First + (writesAdjacent ? (2 * i) + 1 : i + shape.Half)] = (y * cos) + (x * sin);
        }
    }

    /// <summary>Writes a head's value to the cache.</summary>
    public static void Store(CacheView cache, RowsView values, int token, int sequence, int head, int position, int lane)
    {
        long to = cache.Value(sequence, head, position);
        for (int i = lane; i < cache.ValueDimension; i += 32)
            cache.Memory[to + i] = values[token, (head * cache.ValueDimension) + i];
    }
}
