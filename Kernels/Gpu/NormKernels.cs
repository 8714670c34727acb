using ILGPU;

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

/// <summary>Normalisation, and its three parts; a group for each segment of a row. The parts give the bits of the whole.</summary>
internal static class NormKernels
{
    public static void Norm(RowsView output, RowsView input, ArrayView<float> gain, ArrayView<float> bias, NormShape shape)
    {
        ArrayView<float> shared = GroupReduction.Allocate();
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

    private static float Gained(float x, ArrayView<float> gain, ArrayView<float> bias, int segment, int i, NormShape shape)
    {
        int at = shape.GainPerSegment != 0 ? (segment * shape.Width) + i : i;
        if (shape.HasGain != 0)
            x *= gain[at] + shape.GainOffset;
        if (shape.HasBias != 0)
            x += bias[at];
        return x;
    }

    private static float Mean(RowsView input, int row, int first, NormShape shape, ArrayView<float> shared)
    {
        if (shape.IsLayer == 0)
            return 0;
        float sum = 0;
        for (int i = Group.IdxX; i < shape.Width; i += Group.DimX)
            sum += input[row, first + i];
        return GroupReduction.Sum(sum, shared) / shape.Width;
    }

    private static float Divisor(RowsView input, int row, int first, float mean, NormShape shape, ArrayView<float> shared)
    {
        float squares = 0;
        for (int i = Group.IdxX; i < shape.Width; i += Group.DimX)
        {
            float x = input[row, first + i] - mean;
            squares = Arithmetic.MultiplyAdd(x, x, squares);
        }
        return MathF.Sqrt((GroupReduction.Sum(squares, shared) / shape.Width) + shape.Epsilon);
    }
}
