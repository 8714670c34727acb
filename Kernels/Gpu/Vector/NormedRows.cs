using ILGPU;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>
/// Activations that are an RMS norm's results: every group norms them anew, the first one writes them down. The bits are those of
/// <see cref="NormPlanes"/>, whatever the number of threads.
/// </summary>
/// <param name="output">The norm's results. // [tokens, columns]</param>
/// <param name="input">What is normed. // [tokens, columns]</param>
/// <param name="gain">As the norm has it.</param>
/// <param name="bias">As the norm has it.</param>
/// <param name="shape">The norm's numbers; rows are aligned.</param>
internal readonly struct NormedRows(RowsView output, RowsView input, ArrayView<float> gain, ArrayView<float> bias, NormShape shape) : IActivationSource
{
    private const int NormWarps = GpuKernels.NormThreads / 32;

    private readonly RowsView output = output, input = input;
    private readonly ArrayView<float> gain = gain, bias = bias;
    private readonly NormShape shape = shape;

    public Eight Ahead(int eight) => 8 * eight < shape.Width ? NormKernels<WarpReduction>.GainOfEight(gain, 8 * eight, shape) : default;

    // The warps of a norm's group are shared out among those there are here.
    public void Begin(int tokens, ArrayView<float> shared, out float factor0, out float factor1)
    {
        int lane = Group.IdxX & 31, warps = Group.DimX >> 5;
        for (int token = 0; token < tokens; token++)
        {
            for (int warp = Group.IdxX >> 5; warp < NormWarps; warp += warps)
            {
                Eight squares = default;
                for (int column = 8 * ((32 * warp) + lane); column < shape.Width; column += 8 * GpuKernels.NormThreads)
                {
                    Eight x = Eight.LoadAligned(input.Values, input.Start(token) + column);
                    squares.MultiplyAdd(x, x);
                }
                float sum = WarpReduction.SumOfWarp(squares.Sum());
                if (lane == 0)
                    shared[(token * NormWarps) + warp] = sum;
            }
        }
        Group.Barrier();
        factor0 = Inverse(shared, 0, lane);
        factor1 = tokens > 1 ? Inverse(shared, 1, lane) : 0;
    }

    private float Inverse(ArrayView<float> shared, int token, int lane)
    {
        float sum = WarpReduction.SumOfWarp(lane < NormWarps ? shared[(token * NormWarps) + lane] : 0);
        return 1f / MathF.Sqrt((sum / shape.Width) + shape.Epsilon);
    }

    public Eight Read(int token, int eight, Eight ahead, float factor)
    {
        if (8 * eight >= shape.Width)
            return default;
        Eight x = Eight.LoadAligned(input.Values, input.Start(token) + (8 * eight));
        Eight normed = NormKernels<WarpReduction>.GainedEight(x, 0, factor, ahead, bias, 8 * eight, shape);
        if (Grid.IdxX == 0)
            normed.StoreAligned(output.Values, output.Start(token) + (8 * eight));
        return normed;
    }
}
