using ILGPU;
using Managed.Kernels.Gpu.Edits;

namespace Managed.Kernels.Gpu;

/// <summary>A norm's numbers; see <see cref="NormSettings"/>.</summary>
internal readonly struct NormShape(NormSettings settings, int width, bool isAligned = false)
{
    /// <summary>Whether rows, gain and bias begin at multiples of 16 bytes, in whole eights.</summary>
    public readonly int IsAligned = isAligned ? 1 : 0;

    /// <summary>Width of a segment.</summary>
    public readonly int Width = width / settings.Segments;

    public readonly int Segments = settings.Segments;

    public readonly int IsLayer = settings.Kind == NormKind.Layer ? 1 : 0;

    public readonly int HasGain = settings.Gain is null ? 0 : 1, HasBias = settings.Bias is null ? 0 : 1;

    public readonly int GainPerSegment = settings.GainPerSegment ? 1 : 0;

    public readonly float Epsilon = settings.Epsilon, GainOffset = settings.GainOffset;
}

/// <summary>
/// Normalisation, and its three parts; a group for each segment of a row. Thread i takes columns 8i …, 8(i + threads) …, in eight sums.
/// The parts give the bits of the whole.
/// </summary>
internal static class NormKernels<TReduction>
    where TReduction : struct, IGroupReduction
{
    /// <summary>An edit of the row, and its norm; for norms of one segment a row.</summary>
    public static void NormEdited(RowsView output, RowsView input, ArrayView<float> gain, ArrayView<float> bias, NormShape shape, AddsPrologue edit)
    {
        ArrayView<float> shared = GroupReduction.Allocate();
        edit.Run(input, Grid.IdxX, shared);
        Whole(output, input, gain, bias, shape, shared);
    }

    public static void Norm(RowsView output, RowsView input, ArrayView<float> gain, ArrayView<float> bias, NormShape shape) =>
        Whole(output, input, gain, bias, shape, GroupReduction.Allocate());

    private static void Whole(RowsView output, RowsView input, ArrayView<float> gain, ArrayView<float> bias, NormShape shape, ArrayView<float> shared)
    {
        int row = Grid.IdxX / shape.Segments, segment = Grid.IdxX % shape.Segments, first = segment * shape.Width;
        float mean = Mean(input, row, first, shape, shared), inverse = 1f / Divisor(input, row, first, mean, shape, shared);
        if (shape.IsAligned != 0)
        {
            for (int column = 8 * Group.IdxX; column < shape.Width; column += 8 * Group.DimX)
                GainedEight(Eight.LoadAligned(input.Values, input.Start(row) + column), mean, inverse, gain, bias, column, shape)
                    .StoreAligned(output.Values, output.Start(row) + column);
            return;
        }
        for (int i = Group.IdxX; i < shape.Width; i += Group.DimX)
            output[row, first + i] = Gained((input[row, first + i] - mean) * inverse, gain, bias, segment, i, shape);
    }

    public static void Scale(RowsView scale, RowsView input, NormShape shape)
    {
        ArrayView<float> shared = GroupReduction.Allocate();
        int row = Grid.IdxX / shape.Segments, segment = Grid.IdxX % shape.Segments, first = segment * shape.Width;
        float divisor = Divisor(input, row, first, Mean(input, row, first, shape, shared), shape, shared);
        if (Group.IdxX == 0)
            scale[row, segment] = divisor;
    }

    public static void Divide(RowsView normalized, RowsView input, RowsView scale, NormShape shape)
    {
        ArrayView<float> shared = GroupReduction.Allocate();
        int row = Grid.IdxX / shape.Segments, segment = Grid.IdxX % shape.Segments, first = segment * shape.Width;
        float mean = Mean(input, row, first, shape, shared), inverse = 1f / scale[row, segment];
        for (int i = Group.IdxX; i < shape.Width; i += Group.DimX)
            normalized[row, first + i] = (input[row, first + i] - mean) * inverse;
    }

    public static void Gain(RowsView output, RowsView normalized, ArrayView<float> gain, ArrayView<float> bias, NormShape shape)
    {
        int row = Grid.IdxX / shape.Segments, segment = Grid.IdxX % shape.Segments, first = segment * shape.Width;
        for (int i = Group.IdxX; i < shape.Width; i += Group.DimX)
            output[row, first + i] = Gained(normalized[row, first + i], gain, bias, segment, i, shape);
    }

    /// <summary>An element with gain and bias.</summary>
    public static float Gained(float x, ArrayView<float> gain, ArrayView<float> bias, int segment, int i, NormShape shape)
    {
        int at = shape.GainPerSegment != 0 ? (segment * shape.Width) + i : i;
        if (shape.HasGain != 0)
            x *= gain[at] + shape.GainOffset;
        if (shape.HasBias != 0)
            x += bias[at];
        return x;
    }

    /// <summary>What is taken from each element: the mean, or nothing.</summary>
    public static float Mean(RowsView input, int row, int first, NormShape shape, ArrayView<float> shared)
    {
        if (shape.IsLayer == 0)
            return 0;
        Eight sum = default;
        long start = input.Start(row) + first;
        for (int column = 8 * Group.IdxX; column < shape.Width; column += 8 * Group.DimX)
        {
            sum.Add(Read(input, start + column, shape.Width - column, shape));
        }
        return TReduction.Sum(sum.Sum(), shared) / shape.Width;
    }

    /// <summary>√(mean square + ε).</summary>
    public static float Divisor(RowsView input, int row, int first, float mean, NormShape shape, ArrayView<float> shared)
    {
        Eight squares = default;
        long start = input.Start(row) + first;
        for (int column = 8 * Group.IdxX; column < shape.Width; column += 8 * Group.DimX)
        {
            Eight x = Read(input, start + column, shape.Width - column, shape);
            x.Subtract(mean, shape.Width - column);
            squares.MultiplyAdd(x, x);
        }
        return MathF.Sqrt((TReduction.Sum(squares.Sum(), shared) / shape.Width) + shape.Epsilon);
    }

    /// <summary>Up to eight elements of a row.</summary>
    public static Eight Read(RowsView rows, long at, int count, NormShape shape) => shape.IsAligned != 0 ? Eight.LoadAligned(rows.Values, at)
        : count >= 8 ? Eight.Load(rows.Values, at)
        : Eight.LoadFirst(rows.Values, at, count);

    /// <summary>Eight elements with gain and bias, for norms of one segment whose rows are aligned; the bits of <see cref="Gained"/>.</summary>
    public static Eight GainedEight(Eight x, float mean, float inverse, ArrayView<float> gain, ArrayView<float> bias, int column, NormShape shape) =>
        GainedEight(x, mean, inverse, GainOfEight(gain, column, shape), bias, column, shape);

    /// <summary>The gain of eight elements; anything where there is none.</summary>
    public static Eight GainOfEight(ArrayView<float> gain, int column, NormShape shape) => shape.HasGain != 0 ? Eight.LoadAligned(gain, column) : default;

    /// <inheritdoc cref="GainedEight(Eight, float, float, ArrayView{float}, ArrayView{float}, int, NormShape)"/>
    public static Eight GainedEight(Eight x, float mean, float inverse, Eight g, ArrayView<float> bias, int column, NormShape shape)
    {
        Eight b = default, y;
        if (shape.HasBias != 0)
            b = Eight.LoadAligned(bias, column);
        y.V0 = GainedOne(x.V0, mean, inverse, g.V0, b.V0, shape);
        y.V1 = GainedOne(x.V1, mean, inverse, g.V1, b.V1, shape);
        y.V2 = GainedOne(x.V2, mean, inverse, g.V2, b.V2, shape);
        y.V3 = GainedOne(x.V3, mean, inverse, g.V3, b.V3, shape);
        y.V4 = GainedOne(x.V4, mean, inverse, g.V4, b.V4, shape);
        y.V5 = GainedOne(x.V5, mean, inverse, g.V5, b.V5, shape);
        y.V6 = GainedOne(x.V6, mean, inverse, g.V6, b.V6, shape);
        y.V7 = GainedOne(x.V7, mean, inverse, g.V7, b.V7, shape);
        return y;
    }

    private static float GainedOne(float x, float mean, float inverse, float gain, float bias, NormShape shape)
    {
        x = (x - mean) * inverse;
        if (shape.HasGain != 0)
            x *= gain + shape.GainOffset;
        if (shape.HasBias != 0)
            x += bias;
        return x;
    }
}
