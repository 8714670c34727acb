using ILGPU;

namespace Managed.Kernels.Gpu.Matrix;

/// <summary>How many tokens the weights stream past at a time.</summary>
internal interface IBatchTile
{
    /// <summary>16, 32 or 64.</summary>
    static abstract int Tokens { get; }

    /// <summary>Steps of <see cref="MatrixKernel.Depth"/> columns on their way: enough to cover the memory's latency.</summary>
    static abstract int Stages { get; }
}

/// <summary>Up to 16 tokens.</summary>
internal readonly struct Batch16 : IBatchTile
{
    public static int Tokens => 16;

    public static int Stages => 10;
}

/// <summary>Up to 32 tokens.</summary>
internal readonly struct Batch32 : IBatchTile
{
    public static int Tokens => 32;

    public static int Stages => 9;
}

/// <summary>Up to 64 tokens.</summary>
internal readonly struct Batch64 : IBatchTile
{
    public static int Tokens => 64;

    public static int Stages => 6;
}

/// <summary>
/// <see cref="WarpgroupKernel"/> for few tokens: 64 outputs are the rows of the product and the tokens its columns, so that the weights' way
/// from memory is all that takes time. One warp has the copy engine fetch, four multiply. The sums are those of the other kernels.
/// </summary>
internal static class BatchKernel
{
    public const int Threads = 160;

    /// <summary>Outputs of a group.</summary>
    public const int Outputs = 64;

    private const int RowBytes = 2 * MatrixKernel.Depth;

    /// <summary>Rows of weights in a stage: those of two weights where the epilogue is gated.</summary>
    private static int WeightRows<TEpilogue>()
        where TEpilogue : struct, IMatrixEpilogue => TEpilogue.IsGated ? 2 * Outputs : Outputs;

    public static int SharedBytes<TTile, TEpilogue>()
        where TTile : struct, IBatchTile
        where TEpilogue : struct, IMatrixEpilogue => 1024 + (TTile.Stages * ((RowBytes * (WeightRows<TEpilogue>() + TTile.Tokens)) + 16));

    /// <summary>A group for each tile.</summary>
    /// <param name="first">Where sums of the first product go.</param>
    /// <param name="second">Of the second.</param>
    /// <param name="third">Of the third.</param>
    /// <param name="input">Map of the input in boxes of TTile.Tokens rows.</param>
    /// <param name="weight">Map of the first weight in boxes of <see cref="Outputs"/> rows.</param>
    /// <param name="secondWeight">Of the second; where the epilogue is gated, of the weight whose products belong to the first's.</param>
    /// <param name="thirdWeight">Of the third.</param>
    /// <param name="shape">All sizes.</param>
    public static void Run<TTile, TEpilogue>(TEpilogue first, TEpilogue second, TEpilogue third,
        ArrayView<ulong> input, ArrayView<ulong> weight, ArrayView<ulong> secondWeight, ArrayView<ulong> thirdWeight, ProductShape shape)
        where TTile : struct, IBatchTile
        where TEpilogue : struct, IMatrixEpilogue
    {
        ArrayView<byte> dynamic = SharedMemory.GetDynamic<byte>();
        int stageBytes = RowBytes * (WeightRows<TEpilogue>() + TTile.Tokens);
        uint stages = (TensorCore.SharedAddress(ref dynamic[0]) + 1023u) & ~1023u;
        uint full = stages + (uint)(TTile.Stages * stageBytes), empty = full + (uint)(8 * TTile.Stages);
        int thread = Group.IdxX;
        if (thread == 0)
        {
            for (int i = 0; i < TTile.Stages; i++)
            {
                CopyEngine.Initialise(full + (uint)(8 * i), 1);
                CopyEngine.Initialise(empty + (uint)(8 * i), 4);
            }
            CopyEngine.Publish();
        }
        Group.Barrier();
        int product = shape.Place(Grid.IdxX, TTile.Tokens, Outputs, 1 << 20, out int firstToken, out int firstOutput);
        if (thread >= 128)
        {
            if (thread == 128)
            {
                long from = CopyEngine.MapAddress(ref weight[0]), secondFrom = CopyEngine.MapAddress(ref secondWeight[0]);
                if (!TEpilogue.IsGated && product > 0)
                    from = product == 1 ? secondFrom : CopyEngine.MapAddress(ref thirdWeight[0]);
                Fetch<TTile, TEpilogue>(CopyEngine.MapAddress(ref input[0]), from, secondFrom, stages, full, empty, firstToken, firstOutput, shape.Steps);
            }
        }
        else
        {
            TEpilogue epilogue = first;
            if (product == 1)
                epilogue = second;
            else if (product == 2)
                epilogue = third;
            Compute<TTile, TEpilogue>(epilogue, stages, full, empty, shape.Tokens, shape.Outputs(product), firstToken, firstOutput, shape.Steps);
        }
    }

    private static void Fetch<TTile, TEpilogue>(
        long input, long weight, long second, uint stages, uint full, uint empty, int firstToken, int firstOutput, int steps)
        where TTile : struct, IBatchTile
        where TEpilogue : struct, IMatrixEpilogue
    {
        CopyEngine.AcquireMap(input);
        CopyEngine.AcquireMap(weight);
        if (TEpilogue.IsGated)
            CopyEngine.AcquireMap(second);
        int stage = 0, stageBytes = RowBytes * (WeightRows<TEpilogue>() + TTile.Tokens);
        uint phase = 1; // the stages are empty
        for (int step = 0; step < steps; step++)
        {
            uint to = stages + (uint)(stage * stageBytes), barrier = full + (uint)(8 * stage);
            CopyEngine.Wait(empty + (uint)(8 * stage), phase);
            CopyEngine.ArriveAndExpect(barrier, stageBytes);
            CopyEngine.Load(to, weight, step * MatrixKernel.Depth, firstOutput, barrier);
            if (TEpilogue.IsGated)
                CopyEngine.Load(to + (RowBytes * Outputs), second, step * MatrixKernel.Depth, firstOutput, barrier);
            CopyEngine.Load(to + (uint)(RowBytes * WeightRows<TEpilogue>()), input, step * MatrixKernel.Depth, firstToken, barrier);
            Next<TTile>(ref stage, ref phase);
        }
    }

    private static void Compute<TTile, TEpilogue>(
        TEpilogue epilogue, uint stages, uint full, uint empty, int tokens, int outputs, int firstToken, int firstOutput, int steps)
        where TTile : struct, IBatchTile
        where TEpilogue : struct, IMatrixEpilogue
    {
        int lane = Group.IdxX & 31, warp = Group.IdxX >> 5, stageBytes = RowBytes * (WeightRows<TEpilogue>() + TTile.Tokens);
        ArrayView<float> sums = LocalMemory.Allocate<float>(TTile.Tokens / 2), ups = LocalMemory.Allocate<float>(TTile.Tokens / 2);
        for (int i = 0; i < TTile.Tokens / 2; i++)
        {
            sums[i] = 0f;
            ups[i] = 0f;
        }
        int stage = 0;
        uint phase = 0, before = empty;
        for (int step = 0; step < steps; step++)
        {
            uint from = stages + (uint)(stage * stageBytes), barrier = empty + (uint)(8 * stage);
            CopyEngine.Wait(full + (uint)(8 * stage), phase);
            ulong rows = Warpgroup.Describe(from + (uint)(RowBytes * WeightRows<TEpilogue>()));
            Warpgroup.Multiply(sums, TTile.Tokens, Warpgroup.Describe(from), rows);
            if (TEpilogue.IsGated)
            {
                Warpgroup.Multiply(ups, TTile.Tokens, Warpgroup.Describe(from + (RowBytes * Outputs)), rows);
                Warpgroup.WaitForAllButTwo(); // those of the step before
            }
            else
            {
                Warpgroup.WaitForAllButOne();
            }
            if (lane == 0 && step > 0)
                CopyEngine.Arrive(before);
            before = barrier;
            Next<TTile>(ref stage, ref phase);
        }
        Warpgroup.WaitForAll();

        int output = firstOutput + (16 * warp) + (lane >> 2), token = firstToken + (2 * (lane & 3));
        for (int i = 0; i < TTile.Tokens / 2; i++)
        {
            int t = token + (8 * (i >> 2)) + (i & 1), o = output + (8 * ((i >> 1) & 1));
            if (t < tokens && o < outputs)
                epilogue.StoreOne(t, o, sums[i], ups[i]);
        }
    }

    private static void Next<TTile>(ref int stage, ref uint phase)
        where TTile : struct, IBatchTile
    {
        stage++;
        if (stage == TTile.Stages)
        {
            stage = 0;
            phase ^= 1;
        }
    }
}
