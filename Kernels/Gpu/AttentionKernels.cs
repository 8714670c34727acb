using ILGPU;

namespace Managed.Kernels.Gpu;

/// <summary>A layer's attention as numbers; see <see cref="AttentionSettings"/>.</summary>
internal readonly struct AttentionShape(AttentionSettings settings)
{
    public readonly int Heads = settings.Heads, Group = settings.Heads / settings.KeyHeads, Window = settings.Window;

    public readonly float Scale = settings.Scale, SoftCap = settings.SoftCap;

    public readonly int HasSlopes = settings.AlibiSlopes is null ? 0 : 1, HasSinks = settings.Sinks is null ? 0 : 1;
}

/// <summary>What a step's tokens attend from.</summary>
internal readonly struct AttentionInputs(RowsView queries, ArrayView<int> positions, ArrayView<int> sequenceOf, ArrayView<float> slopes, ArrayView<float> sinks)
{
    public readonly RowsView Queries = queries;

    public readonly ArrayView<int> Positions = positions, SequenceOf = sequenceOf;

    public readonly ArrayView<float> Slopes = slopes, Sinks = sinks; // [heads]
}

/// <summary>
/// Attention, and its three parts. Keys are met in the order of their positions; in the softmax, the key at position p belongs to thread
/// p mod the group's size: so a query's bits do not depend on what else is in the step, and the parts give those of the whole.
/// </summary>
internal static class AttentionKernels
{
    /// <summary>A group for each token (of those from `firstToken` on) and head; scores in a row of their own.</summary>
    public static void Whole(RowsView output, RowsView scores, AttentionInputs inputs, CacheView cache, AttentionShape shape, int firstToken)
    {
        int head = Grid.IdxX % shape.Heads, inChunk = Grid.IdxX / shape.Heads, token = firstToken + inChunk, row = Grid.IdxX;
        int position = inputs.Positions[token], first = First(position, shape), sequence = inputs.SequenceOf[token];
        for (int k = first - (first % Group.DimX) + Group.IdxX; k <= position; k += Group.DimX)
            scores[row, k] = k < first ? float.NegativeInfinity : Score(inputs, cache, shape, token, sequence, head, k, position);
        Softmax(scores, scores, row, first - (first % Group.DimX), position + 1, Sink(inputs, shape, head));
        Group.Barrier();
        for (int d = Group.IdxX; d < cache.ValueDimension; d += Group.DimX)
            output[token, (head * cache.ValueDimension) + d] = Mixed(scores, row, cache, sequence, head / shape.Group, d, first, position + 1);
    }

    /// <summary>scores[head, query, key] of one sequence; one thread each.</summary>
    public static void Scores(RowsView scores, AttentionInputs inputs, CacheView cache, AttentionShape shape, int firstToken, int queries)
    {
        int unit = (Grid.IdxX * Group.DimX) + Group.IdxX, row = unit / scores.Width, k = unit - (row * scores.Width);
        if (row >= shape.Heads * queries)
            return;
        int head = row / queries, token = firstToken + (row % queries), position = inputs.Positions[token];
        scores[row, k] = k > position || k < First(position, shape) ? float.NegativeInfinity
            : Score(inputs, cache, shape, token, inputs.SequenceOf[token], head, k, position);
    }

    /// <summary>Softmax of each row of keys; a group for each.</summary>
    public static void Pattern(RowsView pattern, RowsView scores, ArrayView<float> sinks, int queries, int hasSinks) =>
        Softmax(pattern, scores, Grid.IdxX, 0, scores.Width, hasSinks != 0 ? sinks[Grid.IdxX / queries] : float.NegativeInfinity);

    /// <summary>output[token, head] = Σ pattern · values of one sequence; one thread for each element.</summary>
    public static void Mix(RowsView output, RowsView pattern, CacheView cache, AttentionShape shape, int sequence, int firstToken, int queries)
    {
        int unit = (Grid.IdxX * Group.DimX) + Group.IdxX, width = shape.Heads * cache.ValueDimension;
        int query = unit / width, column = unit - (query * width), head = column / cache.ValueDimension;
        if (query >= queries)
            return;
        output[firstToken + query, column] = Mixed(
            pattern, (head * queries) + query, cache, sequence, head / shape.Group, column - (head * cache.ValueDimension), 0, pattern.Width);
    }

    private static int First(int position, AttentionShape shape) => shape.Window > 0 ? IntrinsicMath.Max(0, position - shape.Window + 1) : 0;

    private static float Sink(AttentionInputs inputs, AttentionShape shape, int head) => shape.HasSinks != 0 ? inputs.Sinks[head] : float.NegativeInfinity;

    private static float Score(AttentionInputs inputs, CacheView cache, AttentionShape shape, int token, int sequence, int head, int key, int position)
    {
        long q = inputs.Queries.Start(token) + (head * cache.KeyDimension), k = cache.Key(sequence, head / shape.Group, key);
        float sum = 0;
        for (int d = 0; d < cache.KeyDimension; d++)
            sum = Arithmetic.MultiplyAdd(inputs.Queries.Values[q + d], cache.Memory[k + d], sum);
        sum *= shape.Scale;
        if (shape.SoftCap != 0)
            sum = shape.SoftCap * Arithmetic.Tanh(sum / shape.SoftCap);
        if (shape.HasSlopes != 0)
            sum += inputs.Slopes[head] * (key - position);
        return sum;
    }

    // Scores [first, end) of a row become probabilities, zeros where all are masked; `first` is a multiple of the group's size.
    private static void Softmax(RowsView pattern, RowsView scores, int row, int first, int end, float sink)
    {
        ArrayView<float> shared = GroupReduction.Allocate();
        float most = sink;
        for (int k = first + Group.IdxX; k < end; k += Group.DimX)
            most = MathF.Max(most, scores[row, k]);
        most = GroupReduction.Maximum(most, shared);
        float above = most == float.NegativeInfinity ? 0 : most, sum = 0;
        for (int k = first + Group.IdxX; k < end; k += Group.DimX)
        {
            float e = MathF.Exp(scores[row, k] - above);
            pattern[row, k] = e;
            sum += e;
        }
        sum = GroupReduction.Sum(sum, shared);
        if (sink != float.NegativeInfinity)
            sum += MathF.Exp(sink - above);
        float inverse = sum == 0 ? 0 : 1f / sum;
        for (int k = first + Group.IdxX; k < end; k += Group.DimX)
            pattern[row, k] *= inverse;
    }

    private static float Mixed(RowsView pattern, int row, CacheView cache, int sequence, int keyHead, int d, int first, int end)
    {
        float sum = 0;
        for (int k = first; k < end; k++)
            sum = Arithmetic.MultiplyAdd(pattern[row, k], cache.Memory[cache.Value(sequence, keyHead, k) + d], sum);
        return sum;
    }
}
