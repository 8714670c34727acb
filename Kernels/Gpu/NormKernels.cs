using ILGPU;
using Managed.Kernels.Gpu.Edits;

namespace Managed.Kernels.Gpu;

/// <summary>A norm's numbers; see <see cref="NormSettings"/>.</summary>
internal readonly struct NormShape(NormSettings settings, int width)
{
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
            int rest = shape.Width - column;
            sum.Add(rest >= 8 ? Eight.Load(input.Values, start + column) : Eight.LoadFirst(input.Values, start + column, rest));
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
            int rest = shape.Width - column;
            Eight x = rest >= 8 ? Eight.Load(input.Values, start + column) : Eight.LoadFirst(input.Values, start + column, rest);
            x.Subtract(mean, rest);
            squares.MultiplyAdd(x, x);
        }
        return MathF.Sqrt((TReduction.Sum(squares.Sum(), shared) / shape.Width) + shape.Epsilon);
    }
}
