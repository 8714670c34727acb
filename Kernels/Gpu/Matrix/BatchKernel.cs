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

    public static int SharedBytes<TTile>()
        where TTile : struct, IBatchTile => 1024 + (TTile.Stages * ((RowBytes * (Outputs + TTile.Tokens)) + 16));

    /// <summary>A group for each 64 outputs (x) and TTile.Tokens tokens (y).</summary>
    /// <param name="epilogue">Where sums go.</param>
    /// <param name="inputMap">Map of the input in boxes of TTile.Tokens rows.</param>
    /// <param name="weightMap">Map of the weight in boxes of <see cref="Outputs"/> rows.</param>
    /// <param name="tokens">Rows of the input that count.</param>
    /// <param name="outputs">Rows of the weight.</param>
    /// <param name="columns">Columns of both.</param>
    public static void Run<TTile, TEpilogue>(TEpilogue epilogue, ArrayView<ulong> inputMap, ArrayView<ulong> weightMap, int tokens, int outputs, int columns)
        where TTile : struct, IBatchTile
        where TEpilogue : struct, IMatrixEpilogue
    {
        ArrayView<byte> dynamic = SharedMemory.GetDynamic<byte>();
        int stageBytes = RowBytes * (Outputs + TTile.Tokens);
        uint stages = (TensorCore.SharedAddress(ref dynamic[0]) + 1023u) & ~1023u;
        uint full = stages + (uint)(TTile.Stages * stageBytes), empty = full + (uint)(8 * TTile.Stages);
        int thread = Group.IdxX, firstOutput = Outputs * Grid.IdxX, firstToken = TTile.Tokens * Grid.IdxY;
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
        int steps = (columns + MatrixKernel.Depth - 1) / MatrixKernel.Depth;
        if (thread >= 128)
        {
            if (thread == 128)
                Fetch<TTile>(inputMap, weightMap, stages, full, empty, firstToken, firstOutput, steps);
        }
        else
        {
            Compute<TTile, TEpilogue>(epilogue, stages, full, empty, tokens, outputs, firstToken, firstOutput, steps);
        }
    }

    private static void Fetch<TTile>(
        ArrayView<ulong> inputMap, ArrayView<ulong> weightMap, uint stages, uint full, uint empty, int firstToken, int firstOutput, int steps)
        where TTile : struct, IBatchTile
    {
        long input = CopyEngine.MapAddress(ref inputMap[0]), weight = CopyEngine.MapAddress(ref weightMap[0]);
        CopyEngine.AcquireMap(input);
        CopyEngine.AcquireMap(weight);
        int stage = 0;
        uint phase = 1; // the stages are empty
        for (int step = 0; step < steps; step++)
        {
            uint to = stages + (uint)(stage * RowBytes * (Outputs + TTile.Tokens)), barrier = full + (uint)(8 * stage);
            CopyEngine.Wait(empty + (uint)(8 * stage), phase);
            CopyEngine.ArriveAndExpect(barrier, RowBytes * (Outputs + TTile.Tokens));
            CopyEngine.Load(to, weight, step * MatrixKernel.Depth, firstOutput, barrier);
            CopyEngine.Load(to + (RowBytes * Outputs), input, step * MatrixKernel.Depth, firstToken, barrier);
            Next<TTile>(ref stage, ref phase);
        }
    }

    private static void Compute<TTile, TEpilogue>(
        TEpilogue epilogue, uint stages, uint full, uint empty, int tokens, int outputs, int firstToken, int firstOutput, int steps)
        where TTile : struct, IBatchTile
        where TEpilogue : struct, IMatrixEpilogue
    {
        int lane = Group.IdxX & 31, warp = Group.IdxX >> 5;
        ArrayView<float> sums = LocalMemory.Allocate<float>(TTile.Tokens / 2);
        for (int i = 0; i < TTile.Tokens / 2; i++)
            sums[i] = 0f;
        int stage = 0;
        uint phase = 0, before = empty;
        for (int step = 0; step < steps; step++)
        {
            uint from = stages + (uint)(stage * RowBytes * (Outputs + TTile.Tokens)), barrier = empty + (uint)(8 * stage);
            CopyEngine.Wait(full + (uint)(8 * stage), phase);
            Warpgroup.Multiply(sums, TTile.Tokens, Warpgroup.Describe(from), Warpgroup.Describe(from + (RowBytes * Outputs)));
            Warpgroup.WaitForAllButOne(); // of the step before
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
                epilogue.StoreOne(t, o, sums[i]);
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
