using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Managed.Kernels.Gpu.Matrix;

/// <summary>What one group of <see cref="WarpgroupKernel"/> computes at a time: 64 tokens for each of its warpgroups that multiply.</summary>
internal interface IWarpgroupTile
{
    /// <summary>256 or 128.</summary>
    static abstract int Outputs { get; }

    /// <summary>Steps of <see cref="MatrixKernel.Depth"/> columns whose factors are in shared memory or on their way to it.</summary>
    static abstract int Stages { get; }
}

/// <summary>128 tokens × 256 outputs.</summary>
internal readonly struct Warpgroups256 : IWarpgroupTile
{
    public static int Outputs => 256;

    public static int Stages => 4;
}

/// <summary>128 tokens × 128 outputs.</summary>
internal readonly struct Warpgroups128 : IWarpgroupTile
{
    public static int Outputs => 128;

    public static int Stages => 6;
}

/// <summary>
/// output[t, o] = Σ_k w[o, k]·x[t, k] on GPUs of compute capability 9.0. A group stays on its multiprocessor and takes tile after tile: a
/// thread of its first warpgroup has the copy engine fetch the factors, two further warpgroups multiply them. An element's products are added
/// in one sum, k ascending in steps of 16.
/// </summary>
internal static class WarpgroupKernel
{
    public const int Threads = 384;

    /// <summary>Tokens of a tile.</summary>
    public const int Tokens = 128;

    private const int RowBytes = 2 * MatrixKernel.Depth;

    /// <summary>Rows of tiles that are worked on together.</summary>
    private const int Band = 16;

    public static int SharedBytes<TTile>()
        where TTile : struct, IWarpgroupTile => 1024 + (TTile.Stages * ((RowBytes * (Tokens + TTile.Outputs)) + 16));

    /// <summary>Outputs of a tile: each has two sums where the epilogue is gated.</summary>
    public static int Outputs<TTile, TEpilogue>()
        where TTile : struct, IWarpgroupTile
        where TEpilogue : struct, IMatrixEpilogue => TEpilogue.IsGated ? TTile.Outputs / 2 : TTile.Outputs;

    /// <summary>Any number of groups, as many as there are multiprocessors.</summary>
    /// <param name="first">Where sums of the first product go.</param>
    /// <param name="second">Of the second.</param>
    /// <param name="third">Of the third.</param>
    /// <param name="input">Map of the input in boxes of <see cref="Tokens"/> rows.</param>
    /// <param name="weight">Map of the first weight in boxes of as many rows as a tile has outputs.</param>
    /// <param name="secondWeight">Of the second; where the epilogue is gated, of the weight whose products belong to the first's.</param>
    /// <param name="thirdWeight">Of the third.</param>
    /// <param name="shape">All sizes.</param>
    public static void Run<TTile, TEpilogue>(TEpilogue first, TEpilogue second, TEpilogue third,
        ArrayView<ulong> input, ArrayView<ulong> weight, ArrayView<ulong> secondWeight, ArrayView<ulong> thirdWeight, ProductShape shape)
        where TTile : struct, IWarpgroupTile
        where TEpilogue : struct, IMatrixEpilogue
    {
        ArrayView<byte> dynamic = SharedMemory.GetDynamic<byte>();
        int stageBytes = RowBytes * (Tokens + TTile.Outputs);
        uint stages = (TensorCore.SharedAddress(ref dynamic[0]) + 1023u) & ~1023u;
        uint full = stages + (uint)(TTile.Stages * stageBytes), empty = full + (uint)(8 * TTile.Stages);
        int thread = Group.IdxX;
        if (thread == 0)
        {
            for (int i = 0; i < TTile.Stages; i++)
            {
                CopyEngine.Initialise(full + (uint)(8 * i), 1);
                CopyEngine.Initialise(empty + (uint)(8 * i), 8);
            }
            CopyEngine.Publish();
        }
        Group.Barrier();
        if (thread < 128)
        {
            CudaAsm.Emit("setmaxnreg.dec.sync.aligned.u32 40;");
            if (thread == 0)
                Fetch<TTile, TEpilogue>(CopyEngine.MapAddress(ref input[0]), CopyEngine.MapAddress(ref weight[0]), CopyEngine.MapAddress(ref secondWeight[0]),
                    CopyEngine.MapAddress(ref thirdWeight[0]), stages, full, empty, shape);
        }
        else
        {
            CudaAsm.Emit("setmaxnreg.inc.sync.aligned.u32 232;");
            Compute<TTile, TEpilogue>(first, second, third, stages, full, empty, shape);
        }
    }

    private static void Fetch<TTile, TEpilogue>(long input, long weight, long secondWeight, long thirdWeight, uint stages, uint full, uint empty, ProductShape shape)
        where TTile : struct, IWarpgroupTile
        where TEpilogue : struct, IMatrixEpilogue
    {
        CopyEngine.AcquireMap(input);
        CopyEngine.AcquireMap(weight);
        CopyEngine.AcquireMap(secondWeight);
        CopyEngine.AcquireMap(thirdWeight);
        int stage = 0, steps = shape.Steps, tiles = shape.Tiles(Tokens, Outputs<TTile, TEpilogue>());
        uint phase = 1; // the stages are empty
        for (int tile = Grid.IdxX; tile < tiles; tile += Grid.DimX)
        {
            int product = shape.Place(tile, Tokens, Outputs<TTile, TEpilogue>(), Band, out int firstToken, out int firstOutput);
            long from = product == 0 ? weight : product == 1 ? secondWeight : thirdWeight;
            for (int step = 0; step < steps; step++)
            {
                uint to = stages + (uint)(stage * RowBytes * (Tokens + TTile.Outputs)), barrier = full + (uint)(8 * stage);
                CopyEngine.Wait(empty + (uint)(8 * stage), phase);
                CopyEngine.ArriveAndExpect(barrier, RowBytes * (Tokens + TTile.Outputs));
                CopyEngine.Load(to, input, step * MatrixKernel.Depth, firstToken, barrier);
                CopyEngine.Load(to + (RowBytes * Tokens), from, step * MatrixKernel.Depth, firstOutput, barrier);
                if (TEpilogue.IsGated)
                    CopyEngine.Load(to + (uint)(RowBytes * (Tokens + (TTile.Outputs / 2))), secondWeight, step * MatrixKernel.Depth, firstOutput, barrier);
                Next<TTile>(ref stage, ref phase);
            }
        }
    }

    private static void Compute<TTile, TEpilogue>(TEpilogue first, TEpilogue second, TEpilogue third, uint stages, uint full, uint empty, ProductShape shape)
        where TTile : struct, IWarpgroupTile
        where TEpilogue : struct, IMatrixEpilogue
    {
        int thread = Group.IdxX - 128, lane = thread & 31, warp = thread >> 5;
        ArrayView<float> sums = LocalMemory.Allocate<float>(TTile.Outputs / 2);
        int stage = 0, steps = shape.Steps, tiles = shape.Tiles(Tokens, Outputs<TTile, TEpilogue>());
        uint phase = 0;
        for (int tile = Grid.IdxX; tile < tiles; tile += Grid.DimX)
        {
            for (int i = 0; i < TTile.Outputs / 2; i++)
                sums[i] = 0f;
            uint before = empty;
            for (int step = 0; step < steps; step++)
            {
                uint from = stages + (uint)(stage * RowBytes * (Tokens + TTile.Outputs)), barrier = empty + (uint)(8 * stage);
                CopyEngine.Wait(full + (uint)(8 * stage), phase);
                ulong a = Warpgroup.Describe(from + (uint)(64 * RowBytes * (warp >> 2))), b = Warpgroup.Describe(from + (RowBytes * Tokens));
                Warpgroup.Multiply(sums, TTile.Outputs, a, b);
                Warpgroup.WaitForAllButOne(); // of the step before
                if (lane == 0 && step > 0)
                    CopyEngine.Arrive(before);
                before = barrier;
                Next<TTile>(ref stage, ref phase);
            }
            Warpgroup.WaitForAll();
            if (lane == 0)
                CopyEngine.Arrive(before);

            int product = shape.Place(tile, Tokens, Outputs<TTile, TEpilogue>(), Band, out int firstToken, out int firstOutput);
            TEpilogue epilogue = first;
            if (product == 1)
                epilogue = second;
            else if (product == 2)
                epilogue = third;
            int tokens = shape.Tokens, outputs = shape.Outputs(product);
            int token = firstToken + (16 * warp) + (lane >> 2), output = firstOutput + (2 * (lane & 3));
            if (TEpilogue.IsGated)
            {
                for (int j = 0; j < TTile.Outputs / 16; j++)
                {
                    int o = output + (8 * j), gate = 4 * j, up = gate + (TTile.Outputs / 4);
                    if (o < outputs && token < tokens)
                        epilogue.StoreGated(token, o, sums[gate], sums[gate + 1], sums[up], sums[up + 1], o + 1 < outputs);
                    if (o < outputs && token + 8 < tokens)
                        epilogue.StoreGated(token + 8, o, sums[gate + 2], sums[gate + 3], sums[up + 2], sums[up + 3], o + 1 < outputs);
                }
            }
            else
            {
                for (int j = 0; j < TTile.Outputs / 8; j++)
                {
                    int o = output + (8 * j);
                    if (o < outputs && token < tokens)
                        epilogue.Store(token, o, sums[4 * j], sums[(4 * j) + 1], o + 1 < outputs);
                    if (o < outputs && token + 8 < tokens)
                        epilogue.Store(token + 8, o, sums[(4 * j) + 2], sums[(4 * j) + 3], o + 1 < outputs);
                }
            }
        }
    }

    private static void Next<TTile>(ref int stage, ref uint phase)
        where TTile : struct, IWarpgroupTile
    {
        stage++;
        if (stage == TTile.Stages)
        {
            stage = 0;
            phase ^= 1;
        }
    }
}
