using ILGPU;
using Managed.Kernels.Gpu.Edits;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>
/// A norm whose results the vector products take: writes them as they are, and sorted into <see cref="TokenPlanes"/>. A group for each
/// token; the bits are those of <see cref="NormKernels{TReduction}.Norm"/>.
/// </summary>
internal static class NormPlanes
{
    public static void Run<TPlanes, TOrder, TPrologue>(
        ArrayView<Quad> planes, RowsView output, RowsView input, ArrayView<float> gain, ArrayView<float> bias, NormShape shape, int tileQuads, TPrologue prologue)
        where TPlanes : struct, ITokenPlanes
        where TOrder : struct, ILaunchOrder
        where TPrologue : struct, INormPrologue
    {
        ArrayView<float> shared = SharedMemory.Allocate<float>(32);
        TOrder.LetNextBegin();
        // The gain is nobody's result: a thread's first eight of it are asked for before what the last launch wrote is waited for.
        Eight ahead = IsWhole(Group.IdxX, shape) ? NormKernels<WarpReduction>.GainOfEight(gain, 8 * Group.IdxX, shape) : default;
        TOrder.AwaitPrevious();
        int token = Grid.IdxX;
        prologue.Run(input, token, shared);
        float mean = NormKernels<WarpReduction>.Mean(input, token, 0, shape, shared);
        float inverse = 1f / NormKernels<WarpReduction>.Divisor(input, token, 0, mean, shape, shared);
        for (int eight = Group.IdxX; 8 * eight < TokenPlanes.PaddedColumns(shape.Width); eight += Group.DimX)
        {
            if (eight != Group.IdxX && IsWhole(eight, shape))
                ahead = NormKernels<WarpReduction>.GainOfEight(gain, 8 * eight, shape);
            TPlanes.Write<TileTokens>(planes, token, eight, tileQuads, Store(output, input, ahead, gain, bias, shape, token, eight, mean, inverse));
        }
    }

    private static bool IsWhole(int eight, NormShape shape) => shape.IsAligned != 0 && 8 * eight < shape.Width;

    private static Eight Store(
        RowsView output, RowsView input, Eight gains, ArrayView<float> gain, ArrayView<float> bias, NormShape shape, int token, int eight, float mean, float inverse)
    {
        if (IsWhole(eight, shape))
        {
            Eight whole = NormKernels<WarpReduction>.GainedEight(
                Eight.LoadAligned(input.Values, input.Start(token) + (8 * eight)), mean, inverse, gains, bias, 8 * eight, shape);
            whole.StoreAligned(output.Values, output.Start(token) + (8 * eight));
            return whole;
        }
        Eight y;
        y.V0 = Element(output, input, gain, bias, shape, token, 8 * eight, mean, inverse);
        y.V1 = Element(output, input, gain, bias, shape, token, (8 * eight) + 1, mean, inverse);
        y.V2 = Element(output, input, gain, bias, shape, token, (8 * eight) + 2, mean, inverse);
        y.V3 = Element(output, input, gain, bias, shape, token, (8 * eight) + 3, mean, inverse);
        y.V4 = Element(output, input, gain, bias, shape, token, (8 * eight) + 4, mean, inverse);
        y.V5 = Element(output, input, gain, bias, shape, token, (8 * eight) + 5, mean, inverse);
        y.V6 = Element(output, input, gain, bias, shape, token, (8 * eight) + 6, mean, inverse);
        y.V7 = Element(output, input, gain, bias, shape, token, (8 * eight) + 7, mean, inverse);
        return y;
    }

    private static float Element(
        RowsView output, RowsView input, ArrayView<float> gain, ArrayView<float> bias, NormShape shape, int token, int column, float mean, float inverse)
    {
        if (column >= shape.Width)
            return 0;
        float y = NormKernels<WarpReduction>.Gained((input[token, column] - mean) * inverse, gain, bias, 0, column, shape);
        output[token, column] = y;
        return y;
    }
}
