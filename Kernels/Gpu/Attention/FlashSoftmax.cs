using ILGPU;

namespace Managed.Kernels.Gpu.Attention;

/// <summary>
/// The softmax of a warp's 16 queries over a tile of keys, met tile by tile. Scores lie as the tensor cores give them: of each 8 keys a lane has
/// (g, 2t), (g, 2t + 1), (g + 8, 2t), (g + 8, 2t + 1); low is the query g, high g + 8.
/// </summary>
internal struct FlashSoftmax
{
    private const float Log2E = 1.44269504f;

    private float mostLow, mostHigh, sumLow, sumHigh;

    /// <summary>Before the first key.</summary>
    public static FlashSoftmax Begin() => new() { mostLow = float.NegativeInfinity, mostHigh = float.NegativeInfinity };

    /// <summary>Products of queries and keys become weights relative to the largest score so far, and what was mixed so far is brought to the same measure.</summary>
    /// <param name="scores">In: q·k. Out: weights.</param>
    /// <param name="count">How many of them a lane has.</param>
    /// <param name="mixed">Sums of weighted values.</param>
    /// <param name="mixedCount">How many of them a lane has.</param>
    /// <param name="shape">Scale, cap, window.</param>
    /// <param name="slope">The head's.</param>
    /// <param name="key">Position of the lane's first key.</param>
    /// <param name="position">Position of the lane's low query.</param>
    /// <param name="isCut">Whether some of the warp's queries do not see some of the keys.</param>
    /// <typeparam name="TExtras">1: with a cap and slopes where the shape has them.</typeparam>
    public void Weigh<TExtras>(ArrayView<float> scores, int count, ArrayView<float> mixed, int mixedCount, AttentionShape shape, float slope, int key, int position, bool isCut)
        where TExtras : IConstant
    {
        float scale = shape.Scale * Log2E;
        if (TExtras.Value != 0 && shape.SoftCap != 0)
        {
            float cap = shape.SoftCap * Log2E, inner = shape.Scale / shape.SoftCap;
            for (int i = 0; i < count; i++)
                scores[i] = cap * Arithmetic.Tanh(scores[i] * inner);
            scale = 1;
        }
        if (TExtras.Value != 0 && shape.HasSlopes != 0)
        {
            for (int i = 0; i < count; i++)
                scores[i] = Arithmetic.MultiplyAdd(scores[i], scale, slope * Log2E * (key + (8 * (i / 4)) + (i % 2) - position - (8 * (i / 2 % 2))));
            scale = 1;
        }
        if (isCut)
        {
            int window = shape.Window > 0 ? shape.Window : int.MaxValue;
            for (int i = 0; i < count; i++)
            {
                int before = position + (8 * (i / 2 % 2)) - (key + (8 * (i / 4)) + (i % 2));
                scores[i] = (before < 0) | (before >= window) ? float.NegativeInfinity : scores[i];
            }
        }
        float largestLow = scores[0], largestHigh = scores[2];
        for (int i = 0; i < count / 4; i++)
        {
            largestLow = MathF.Max(largestLow, MathF.Max(scores[4 * i], scores[(4 * i) + 1]));
            largestHigh = MathF.Max(largestHigh, MathF.Max(scores[(4 * i) + 2], scores[(4 * i) + 3]));
        }
        largestLow = MathF.Max(mostLow, LargestOfRow(largestLow) * scale);
        largestHigh = MathF.Max(mostHigh, LargestOfRow(largestHigh) * scale);
        float aboveLow = largestLow == float.NegativeInfinity ? 0 : largestLow, aboveHigh = largestHigh == float.NegativeInfinity ? 0 : largestHigh;
        float smallerLow = TensorCore.Exp2(mostLow - aboveLow), smallerHigh = TensorCore.Exp2(mostHigh - aboveHigh);
        (mostLow, mostHigh) = (largestLow, largestHigh);
        float addedLow = 0, addedHigh = 0;
        for (int i = 0; i < count / 4; i++)
        {
            scores[4 * i] = TensorCore.Exp2(Arithmetic.MultiplyAdd(scores[4 * i], scale, -aboveLow));
            scores[(4 * i) + 1] = TensorCore.Exp2(Arithmetic.MultiplyAdd(scores[(4 * i) + 1], scale, -aboveLow));
            scores[(4 * i) + 2] = TensorCore.Exp2(Arithmetic.MultiplyAdd(scores[(4 * i) + 2], scale, -aboveHigh));
            scores[(4 * i) + 3] = TensorCore.Exp2(Arithmetic.MultiplyAdd(scores[(4 * i) + 3], scale, -aboveHigh));
            addedLow += scores[4 * i] + scores[(4 * i) + 1];
            addedHigh += scores[(4 * i) + 2] + scores[(4 * i) + 3];
        }
        sumLow = Arithmetic.MultiplyAdd(sumLow, smallerLow, addedLow);
        sumHigh = Arithmetic.MultiplyAdd(sumHigh, smallerHigh, addedHigh);
        if (TensorCore.AnyIsNotOne(smallerLow, smallerHigh))
            Shrink(mixed, mixedCount, smallerLow, smallerHigh);
    }

    private static void Shrink(ArrayView<float> mixed, int count, float low, float high)
    {
        for (int i = 0; i < count / 4; i++)
        {
            mixed[4 * i] *= low;
            mixed[(4 * i) + 1] *= low;
            mixed[(4 * i) + 2] *= high;
            mixed[(4 * i) + 3] *= high;
        }
    }

    /// <summary>What the sums of weighted values are multiplied with at the end; `sink` is the head's logit that carries no value.</summary>
    public readonly void Factors(float sink, out float low, out float high)
    {
        low = Factor(mostLow, SumOfRow(sumLow), sink * Log2E);
        high = Factor(mostHigh, SumOfRow(sumHigh), sink * Log2E);
    }

    private static float Factor(float most, float sum, float sink)
    {
        float above = MathF.Max(most, sink), weight = TensorCore.Exp2(most - above);
        return weight / ((sum * weight) + TensorCore.Exp2(sink - above));
    }

    // The four lanes that share a query.
    private static float LargestOfRow(float value)
    {
        value = MathF.Max(value, Warp.ShuffleXor(value, 1));
        return MathF.Max(value, Warp.ShuffleXor(value, 2));
    }

    private static float SumOfRow(float value)
    {
        value += Warp.ShuffleXor(value, 1);
        return value + Warp.ShuffleXor(value, 2);
    }
}
