using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;
using Managed.Kernels.Gpu.Matrix;

namespace Managed.Kernels.Gpu.Attention;

/// <summary>
/// As <see cref="PrefillKernel{TKey, TValue, TWarps, TExtras}"/>, for GPUs of compute capability 9.0 alone: a group has two warpgroups that take 64 queries
/// each, and meets the keys in tiles of 128, which the copy engine fetches up to three ahead. The second warpgroup multiplies while the first one
/// takes its softmax. Dimensions are 64 or 128.
/// </summary>
internal static class WarpgroupPrefillKernel<TKey, TValue, TExtras>
    where TKey : IConstant
    where TValue : IConstant
    where TExtras : IConstant
{
    public const int Rows = 128, Threads = 256, KeyTile = BrainBlocks.TilePositions;

    private const int GroupRows = 64, RowBytes = 128, BlockElements = 64, Alignment = 1024, Stages = 3;

    private static int KeyBytes => KeyTile * 2 * TKey.Value;

    private static int StageBytes => KeyTile * 2 * (TKey.Value + TValue.Value);

    /// <summary>Dynamic shared memory of a group.</summary>
    public static int SharedBytes => Alignment + (Rows * 2 * TKey.Value) + (Stages * (StageBytes + 24));

    public static void Run(RowsView output, AttentionInputs inputs, BrainCache cache, ArrayView<PrefillSequence> sequences, AttentionShape shape)
    {
        Overlapping.LetNextBegin();
        Overlapping.AwaitPrevious();
        PrefillSequence own = sequences[Grid.IdxZ];
        int head = Grid.IdxX, firstToken = own.FirstToken, firstPosition = own.FirstPosition, lastPosition = firstPosition + own.Tokens - 1;
        int tile = (lastPosition / Rows) - Grid.IdxY, first = tile * Rows;
        if (first + Rows <= firstPosition || tile < 0)
            return;
        int thread = Group.IdxX, warp = thread >> 5, lane = thread & 31, g = lane >> 2, t = lane & 3;
        ArrayView<FourBrains> all = SharedMemory.GetDynamic<FourBrains>();
        uint begin = Address(all), queries = (begin + (Alignment - 1)) & ~(uint)(Alignment - 1), stages = queries + (uint)(Rows * 2 * TKey.Value);
        StoreQueries(all, (int)(queries - begin) / 8, inputs, head, first, firstPosition, lastPosition, firstToken, thread);

        int last = IntrinsicMath.Min(first + Rows - 1, lastPosition), keyHead = head / shape.Group;
        int firstKeys = shape.Window > 0 ? IntrinsicMath.Max(0, first - shape.Window + 1) / KeyTile : 0, endKeys = (last / KeyTile) + 1;
        long row = (((long)Grid.IdxZ * (shape.Heads / shape.Group)) + keyHead) * cache.Positions;
        uint full = stages + (uint)(Stages * StageBytes), empty = full + (8 * Stages), turn = empty + (8 * Stages);
        if (thread == 0)
        {
            for (int i = 0; i < Stages; i++)
            {
                CopyEngine.Initialise(full + (uint)(8 * i), 1);
                CopyEngine.Initialise(empty + (uint)(8 * i), Threads / 32);
                CopyEngine.Initialise(turn + (uint)(8 * i), Threads / 64);
            }
            CopyEngine.Publish();
            for (int i = 0; i < Stages; i++)
                if (firstKeys + i < endKeys)
                    Fetch(cache, row, firstKeys + i, stages + (uint)(i * StageBytes), full + (uint)(8 * i));
        }
        CudaAsm.Emit("fence.proxy.async.shared::cta;"); // the queries that this thread has stored
        Group.Barrier();

        ArrayView<float> mixed = LocalMemory.Allocate<float>(TValue.Value / 2), scores = LocalMemory.Allocate<float>(KeyTile / 2);
        for (int i = 0; i < TValue.Value / 2; i++)
            mixed[i] = 0;
        for (int i = 0; i < KeyTile / 2; i++)
            scores[i] = 0;
        ArrayView<uint> weights = LocalMemory.Allocate<uint>(KeyTile / 4);
        FlashSoftmax softmax = FlashSoftmax.Begin();
        int groupFirst = first + (GroupRows * (warp >> 2)), position = first + (16 * warp) + g;
        float slope = shape.HasSlopes != 0 ? inputs.Slopes[head] : 0;
        uint ownQueries = queries + (uint)((warp >> 2) * GroupRows * 2 * TKey.Value);

        int stage = 0;
        uint phase = 0;
        for (int keys = firstKeys; keys < endKeys; keys++)
        {
            uint at = stages + (uint)(stage * StageBytes);
            int firstKey = keys * KeyTile;
            bool sees = (firstKey <= groupFirst + GroupRows - 1) & ((shape.Window <= 0) | (firstKey + KeyTile - 1 > groupFirst - shape.Window));
            CopyEngine.Wait(full + (uint)(8 * stage), phase);
            if (warp >= 4)
                CopyEngine.Wait(turn + (uint)(8 * stage), phase); // the first warpgroup has its scores
            if (sees)
            {
                WarpgroupProducts.Score(scores, Warpgroup.Describe(ownQueries), Warpgroup.Describe(at));
                if (TKey.Value > BlockElements)
                    WarpgroupProducts.AddScore(scores, Warpgroup.Describe(ownQueries + (GroupRows * RowBytes)), Warpgroup.Describe(at + (KeyTile * RowBytes)));
                WarpgroupProducts.End();
            }
            if (warp < 4 && lane == 0)
                CopyEngine.Arrive(turn + (uint)(8 * stage));
            if (sees)
            {
                bool isCut = (firstKey + KeyTile - 1 > groupFirst) | ((shape.Window > 0) & (firstKey <= groupFirst + GroupRows - 1 - shape.Window));
                softmax.Weigh<TExtras>(scores, KeyTile / 2, mixed, TValue.Value / 2, shape, slope, firstKey + (2 * t), position, isCut);
                // A product of the first kind has the layout of the left factor of the second.
                for (int i = 0; i < KeyTile / 4; i++)
                    weights[i] = Attention.TensorCore.Brains(scores[2 * i], scores[(2 * i) + 1]);
                ulong values = WarpgroupProducts.DescribeColumns(at + (uint)KeyBytes, KeyTile * RowBytes);
                if (TValue.Value == 128)
                    WarpgroupProducts.Mix128(mixed, weights, values);
                else
                    WarpgroupProducts.Mix64(mixed, weights, values);
                WarpgroupProducts.End();
            }
            if (lane == 0)
                CopyEngine.Arrive(empty + (uint)(8 * stage));
            if (thread == Threads / 2 && keys + Stages < endKeys)
            {
                CopyEngine.Wait(empty + (uint)(8 * stage), phase);
                Fetch(cache, row, keys + Stages, at, full + (uint)(8 * stage));
            }
            Warp.Barrier();
            stage++;
            if (stage == Stages)
            {
                stage = 0;
                phase ^= 1;
            }
        }

        softmax.Factors(shape.HasSinks != 0 ? inputs.Sinks[head] : float.NegativeInfinity, out float low, out float high);
        int column = (head * TValue.Value) + (2 * t), token = firstToken + position - firstPosition;
        if (position >= firstPosition && position <= lastPosition)
            FlashResults<TValue>.Write(output, token, column, mixed, 0, low);
        if (position + 8 >= firstPosition && position + 8 <= lastPosition)
            FlashResults<TValue>.Write(output, token + 8, column, mixed, 2, high);
    }

    // Queries of the group as bfloat16, in blocks of 64 elements; zeros for positions that are not in the step.
    private static void StoreQueries(ArrayView<FourBrains> all, int start, AttentionInputs inputs, int head, int first, int firstPosition, int lastPosition, int firstToken, int thread)
    {
        for (int item = thread; item < Rows * TKey.Value / 4; item += Threads)
        {
            int row = item / (TKey.Value / 4), four = item % (TKey.Value / 4), position = first + row, block = four / (BlockElements / 4), piece = four / 2 % 8;
            FourBrains brains = default;
            if (position >= firstPosition && position <= lastPosition)
            {
                long from = inputs.Queries.Start(firstToken + position - firstPosition) + (head * TKey.Value) + (4 * four);
                brains.Low = Attention.TensorCore.Brains(inputs.Queries.Values[from], inputs.Queries.Values[from + 1]);
                brains.High = Attention.TensorCore.Brains(inputs.Queries.Values[from + 2], inputs.Queries.Values[from + 3]);
            }
            int blocks = TKey.Value / BlockElements, blockRow = (((row / GroupRows * blocks) + block) * GroupRows) + (row % GroupRows);
            all[start + (blockRow * (RowBytes / 8)) + ((piece ^ (row & 7)) * 2) + (four & 1)] = brains;
        }
    }

    // A tile of keys and values on their way into shared memory.
    private static unsafe void Fetch(BrainCache cache, long row, int tile, uint stage, uint barrier)
    {
        CopyEngine.ArriveAndExpect(barrier, StageBytes);
        long first = row + (tile * KeyTile);
        Copy(stage, (long)Unsafe.AsPointer(ref cache.Keys[first * (TKey.Value / 4)]), KeyBytes, barrier);
        Copy(stage + (uint)KeyBytes, (long)Unsafe.AsPointer(ref cache.Values[first * (TValue.Value / 4)]), StageBytes - KeyBytes, barrier);
    }

    private static void Copy(uint to, long from, int bytes, uint barrier) =>
        CudaAsm.Emit("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];", to, from, bytes, barrier);

    private static unsafe uint Address(ArrayView<FourBrains> shared) => (uint)(long)Unsafe.AsPointer(ref shared[0]);
}
