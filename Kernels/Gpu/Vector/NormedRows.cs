using ILGPU;
using Managed.Kernels.Gpu.Edits;

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
/// <param name="edit">What is done to the rows first.</param>
internal readonly struct NormedRows<TEdit>(RowsView output, RowsView input, ArrayView<float> gain, ArrayView<float> bias, NormShape shape, TEdit edit) : IActivationSource
    where TEdit : struct, INormEdit
{
    private readonly RowsView output = output, input = input;
    private readonly ArrayView<float> gain = gain, bias = bias;
    private readonly NormShape shape = shape;
    private readonly TEdit edit = edit;

    public static bool NeedsRegisters => TEdit.Edits;

    public Eight Ahead(int eight) => 8 * eight < shape.Width ? NormKernels<WarpReduction>.GainOfEight(gain, 8 * eight, shape) : default;

    public SourceState Begin(int tokens, ArrayView<float> shared)
    {
        int lane = Group.IdxX & 31, warps = Group.DimX >> 5;
        for (int token = 0; token < tokens; token++)
        {
            for (int instructions = 0; instructions <= edit.Count(token); instructions++)
            {
                for (int warp = Group.IdxX >> 5; warp < RowSquares.Warps; warp += warps)
                {
                    float sum = WarpReduction.SumOfWarp(Squares(token, instructions, (32 * warp) + lane));
                    if (lane == 0)
                        shared[RowSquares.Place(token, instructions, warp)] = sum;
                }
            }
        }
        Group.Barrier();
        SourceState state = default;
        state.Edits0 = edit.Settle(shared, 0);
        state.Factor0 = Inverse(RowSquares.Total(shared, 0, state.Edits0));
        if (tokens > 1)
        {
            state.Edits1 = edit.Settle(shared, 1);
            state.Factor1 = Inverse(RowSquares.Total(shared, 1, state.Edits1));
        }
        return state;
    }

    // The columns of a norm's thread.
    private float Squares(int token, int instructions, int thread)
    {
        Eight squares = default;
        for (int column = 8 * thread; column < shape.Width; column += 8 * GpuKernels.NormThreads)
        {
            Eight x = edit.After(Eight.LoadAligned(input.Values, input.Start(token) + column), token, column, instructions);
            squares.MultiplyAdd(x, x);
        }
        return squares.Sum();
    }

    private float Inverse(float squares) => 1f / MathF.Sqrt((squares / shape.Width) + shape.Epsilon);

    public Eight Read(int token, int eight, Eight ahead, SourceState state)
    {
        int column = 8 * eight;
        if (column >= shape.Width)
            return default;
        Eight x = edit.After(Eight.LoadAligned(input.Values, input.Start(token) + column), token, column, token == 0 ? state.Edits0 : state.Edits1);
        Eight normed = NormKernels<WarpReduction>.GainedEight(x, 0, token == 0 ? state.Factor0 : state.Factor1, ahead, bias, column, shape);
        if (Grid.IdxX == 0)
        {
            edit.Store(x, token, column);
            normed.StoreAligned(output.Values, output.Start(token) + column);
        }
        return normed;
    }
}
