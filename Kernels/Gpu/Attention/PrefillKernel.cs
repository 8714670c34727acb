using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Managed.Kernels.Gpu.Attention;

/// <summary>Four neighbouring bfloat16 numbers.</summary>
internal struct FourBrains
{
    public uint Low, High;
}

/// <summary>Keys and values of a step's sequences in bfloat16, without pages; zeros behind each sequence's end. Laid out by an <see cref="IBrainLayout"/>.</summary>
internal readonly struct BrainCache(ArrayView<FourBrains> keys, ArrayView<FourBrains> values, int positions)
{
    public readonly ArrayView<FourBrains> Keys = keys, Values = values; // [sequences, keyHeads, positions · dimension / 4]

    /// <summary>Room for so many positions of each head; a multiple of 128.</summary>
    public readonly int Positions = positions;
}

/// <summary>Where the elements of a head lie.</summary>
internal interface IBrainLayout
{
    /// <summary>Place of four neighbouring elements among a head's.</summary>
    static abstract int Place(int position, int four, int fours);
}

/// <summary>Position after position.</summary>
internal readonly struct BrainRows : IBrainLayout
{
    public static int Place(int position, int four, int fours) => (position * fours) + four;
}

/// <summary>
/// As warpgroups want it in shared memory, so that a tile is copied in one piece: tiles of 128 positions, in each blocks of 64 elements, in each rows of
/// 128 bytes whose pieces of 16 bytes are exchanged: piece p of row r lies at p ^ (r mod 8).
/// </summary>
internal readonly struct BrainBlocks : IBrainLayout
{
    public const int TilePositions = 128, BlockFours = 16;

    public static int Place(int position, int four, int fours)
    {
        int row = position % TilePositions, block = four / BlockFours, piece = four % BlockFours / 2;
        int blockRow = (((position / TilePositions * (fours / BlockFours)) + block) * TilePositions) + row;
        return (blockRow * BlockFours) + ((piece ^ (row & 7)) * 2) + (four & 1);
    }
}

/// <summary>
/// Copies a step's cache to <see cref="BrainCache"/>; one thread for each four elements of a key or value. Grid: elements of a head, heads,
/// sequences twice: first all keys, then all values.
/// </summary>
internal static class BrainCacheKernel<TLayout, TOrder>
    where TLayout : struct, IBrainLayout
    where TOrder : struct, ILaunchOrder
{
    public static void Run(BrainCache output, PagedCache cache, ArrayView<PrefillSequence> sequences, int keyFours, int valueFours)
    {
        TOrder.LetNextBegin();
        int sequenceCount = Grid.DimZ / 2, isValue = Grid.IdxZ / sequenceCount, sequence = Grid.IdxZ - (isValue * sequenceCount), head = Grid.IdxY;
        int fours = isValue == 0 ? keyFours : valueFours, unit = (Grid.IdxX * Group.DimX) + Group.IdxX, position = unit / fours, four = unit - (position * fours);
        if (position >= output.Positions)
            return;
        TOrder.AwaitPrevious();
        PrefillSequence own = sequences[sequence];
        FourBrains brains = default;
        if (position < own.FirstPosition + own.Tokens)
        {
            int page = cache.PagePositions.Divide(position), row = ((head - page) * cache.PagePositions.Value) + position;
            Four x = cache.Memory[(cache.Pages[cache.FirstPage[sequence] + page] >> 2) + (isValue == 0 ? cache.KeyStart : cache.ValueStart) + (row * fours) + four];
            brains = new FourBrains { Low = TensorCore.Brains(x.X, x.Y), High = TensorCore.Brains(x.Z, x.W) };
        }
        long at = (((((long)sequence * Grid.DimY) + head) * output.Positions) * fours) + TLayout.Place(position, four, fours);
        if (isValue == 0)
            output.Keys[at] = brains;
        else
            output.Values[at] = brains;
    }
}

/// <summary>A sequence of the step: its first token, that token's position, and how many tokens there are.</summary>
internal readonly record struct PrefillSequence(int FirstToken, int FirstPosition, int Tokens);

/// <summary>
/// Attention of many queries, for NVIDIA GPUs: flash attention (Dao 2023) on the tensor cores in bfloat16 with float32 sums. A group takes the
/// queries of one head at positions [16 · TWarps · i, 16 · TWarps · (i + 1)) of a sequence, a warp 16 of them, and meets the keys in tiles of 64
/// (16 of wide ones) positions that begin at multiples of their length: a query's bits do not depend on what else is in the step, nor on how its text was cut into
/// steps. Grid: heads, tiles of queries (the last first, it has most to do), sequences.
/// </summary>
internal static class PrefillKernel<TKey, TValue, TWarps, TExtras>
    where TKey : IConstant
    where TValue : IConstant
    where TWarps : IConstant
    where TExtras : IConstant
{
    public static int KeyTile => TKey.Value > 128 ? 16 : 64;

    private static int Rows => 16 * TWarps.Value;

    private static int Threads => 32 * TWarps.Value;

    // Bytes of a row in shared memory: an odd number of 16s, so that the rows of a matrix lie in different banks.
    private static int KeyPitch => (2 * TKey.Value) + 16;

    private static int ValuePitch => (2 * TValue.Value) + 16;

    private static int StageBytes => KeyTile * (KeyPitch + ValuePitch);

    /// <summary>Dynamic shared memory of a group.</summary>
    public static int SharedBytes => (Rows * KeyPitch) + (2 * StageBytes);

    public static void Run(RowsView output, AttentionInputs inputs, BrainCache cache, ArrayView<PrefillSequence> sequences, AttentionShape shape)
    {
        PrefillSequence own = sequences[Grid.IdxZ];
        int head = Grid.IdxX, firstToken = own.FirstToken, firstPosition = own.FirstPosition, lastPosition = firstPosition + own.Tokens - 1;
        int tile = (lastPosition / Rows) - Grid.IdxY, first = tile * Rows;
        if (first + Rows <= firstPosition || tile < 0)
            return;
        int thread = Group.IdxX, warp = thread / 32, lane = thread % 32, g = lane / 4, t = lane % 4;
        uint shared = Address(SharedMemory.GetDynamic<FourBrains>()), stages = shared + (uint)(Rows * KeyPitch);
        StoreQueries(inputs, head, first, firstPosition, lastPosition, firstToken, thread);

        int last = IntrinsicMath.Min(first + Rows - 1, lastPosition), keyHead = head / shape.Group;
        int firstKeys = shape.Window > 0 ? IntrinsicMath.Max(0, first - shape.Window + 1) / KeyTile : 0, endKeys = (last / KeyTile) + 1;
        long row = (((long)Grid.IdxZ * (shape.Heads / shape.Group)) + keyHead) * cache.Positions;
        CopyTile(cache, row + (firstKeys * KeyTile), stages + (uint)((firstKeys & 1) * StageBytes), thread);

        ArrayView<float> mixed = LocalMemory.Allocate<float>(TValue.Value / 2);
        for (int i = 0; i < TValue.Value / 2; i++)
            mixed[i] = 0;
        FlashSoftmax softmax = FlashSoftmax.Begin();
        int warpFirst = first + (16 * warp), position = warpFirst + g;
        float slope = shape.HasSlopes != 0 ? inputs.Slopes[head] : 0;
        // Lane 8m + i gives row i of matrix m: for queries (rows, rows + 8) × (elements, + 8), for keys (8 keys, 8 more) × (elements, + 8).
        uint queryRow = shared + (uint)((((16 * warp) + (lane & 15)) * KeyPitch) + (lane / 16 * 16));
        uint keyRow = stages + (uint)((((lane & 7) + (lane / 16 * 8)) * KeyPitch) + ((lane / 8 & 1) * 16));
        uint valueRow = stages + (uint)((KeyTile * KeyPitch) + ((lane & 15) * ValuePitch) + (lane / 16 * 16));

        for (int keys = firstKeys; keys < endKeys; keys++)
        {
            CudaAsm.Emit("cp.async.wait_group 0;");
            Group.Barrier();
            uint stage = (uint)((keys & 1) * StageBytes);
            if (keys + 1 < endKeys)
                CopyTile(cache, row + ((keys + 1) * KeyTile), stages + (uint)(((keys + 1) & 1) * StageBytes), thread);
            int firstKey = keys * KeyTile;
            bool isUnseen = (firstKey > warpFirst + 15) | ((shape.Window > 0) & (firstKey + KeyTile - 1 <= warpFirst - shape.Window));
            if (isUnseen)
                continue; // nothing that this warp's queries see

            ArrayView<float> scores = LocalMemory.Allocate<float>(KeyTile / 2);
            for (int i = 0; i < KeyTile / 2; i++)
                scores[i] = 0;
            for (int k = 0; k < TKey.Value / 16; k++)
            {
                TensorCore.Load(queryRow + (uint)(32 * k), out uint a0, out uint a1, out uint a2, out uint a3);
                for (int n = 0; n < KeyTile / 16; n++)
                {
                    TensorCore.Load(keyRow + stage + (uint)((16 * n * KeyPitch) + (32 * k)), out uint b0, out uint b1, out uint b2, out uint b3);
                    TensorCore.MultiplyAdd(scores, 8 * n, a0, a1, a2, a3, b0, b1);
                    TensorCore.MultiplyAdd(scores, (8 * n) + 4, a0, a1, a2, a3, b2, b3);
                }
            }

            bool isCut = (firstKey + KeyTile - 1 > warpFirst) | ((shape.Window > 0) & (firstKey <= warpFirst + 15 - shape.Window));
            softmax.Weigh<TExtras>(scores, KeyTile / 2, mixed, TValue.Value / 2, shape, slope, firstKey + (2 * t), position, isCut);

            // A product of the first kind has the layout of the left operand of the second.
            for (int k = 0; k < KeyTile / 16; k++)
            {
                uint a0 = TensorCore.Brains(scores[8 * k], scores[(8 * k) + 1]), a1 = TensorCore.Brains(scores[(8 * k) + 2], scores[(8 * k) + 3]);
                uint a2 = TensorCore.Brains(scores[(8 * k) + 4], scores[(8 * k) + 5]), a3 = TensorCore.Brains(scores[(8 * k) + 6], scores[(8 * k) + 7]);
                for (int n = 0; n < TValue.Value / 16; n++)
                {
                    TensorCore.LoadTurned(valueRow + stage + (uint)((16 * k * ValuePitch) + (32 * n)), out uint b0, out uint b1, out uint b2, out uint b3);
                    TensorCore.MultiplyAdd(mixed, 8 * n, a0, a1, a2, a3, b0, b1);
                    TensorCore.MultiplyAdd(mixed, (8 * n) + 4, a0, a1, a2, a3, b2, b3);
                }
            }
        }

        softmax.Factors(shape.HasSinks != 0 ? inputs.Sinks[head] : float.NegativeInfinity, out float low, out float high);
        int column = (head * TValue.Value) + (2 * t), token = firstToken + position - firstPosition;
        if (position >= firstPosition && position <= lastPosition)
            FlashResults<TValue>.Write(output, token, column, mixed, 0, low);
        if (position + 8 >= firstPosition && position + 8 <= lastPosition)
            FlashResults<TValue>.Write(output, token + 8, column, mixed, 2, high);
    }

    // Queries of the group as bfloat16; zeros for positions that are not in the step.
    private static void StoreQueries(AttentionInputs inputs, int head, int first, int firstPosition, int lastPosition, int firstToken, int thread)
    {
        ArrayView<FourBrains> rows = SharedMemory.GetDynamic<FourBrains>();
        for (int item = thread; item < Rows * TKey.Value / 4; item += Threads)
        {
            int row = item / (TKey.Value / 4), four = item % (TKey.Value / 4), position = first + row;
            FourBrains brains = default;
            if (position >= firstPosition && position <= lastPosition)
            {
                long from = inputs.Queries.Start(firstToken + position - firstPosition) + (head * TKey.Value) + (4 * four);
                brains.Low = TensorCore.Brains(inputs.Queries.Values[from], inputs.Queries.Values[from + 1]);
                brains.High = TensorCore.Brains(inputs.Queries.Values[from + 2], inputs.Queries.Values[from + 3]);
            }
            rows[(row * (KeyPitch / 8)) + four] = brains;
        }
    }

    // A tile of keys and values on their way into shared memory.
    private static void CopyTile(BrainCache cache, long row, uint stage, int thread)
    {
        int keyPieces = TKey.Value / 8, valuePieces = TValue.Value / 8;
        for (int i = 0; i < KeyTile * keyPieces / Threads; i++)
        {
            int piece = thread + (i * Threads), key = piece / keyPieces, part = piece % keyPieces;
            Copy(stage + (uint)((key * KeyPitch) + (16 * part)), ref cache.Keys[((row + key) * (2 * keyPieces)) + (2 * part)]);
        }
        for (int i = 0; i < KeyTile * valuePieces / Threads; i++)
        {
            int piece = thread + (i * Threads), key = piece / valuePieces, part = piece % valuePieces;
            Copy(stage + (uint)((KeyTile * KeyPitch) + (key * ValuePitch) + (16 * part)), ref cache.Values[((row + key) * (2 * valuePieces)) + (2 * part)]);
        }
        CudaAsm.Emit("cp.async.commit_group;");
    }

    private static unsafe void Copy(uint to, ref FourBrains from) =>
        CudaAsm.Emit("cp.async.cg.shared.global [%0], [%1], 16;", to, (long)Unsafe.AsPointer(ref from));

    private static unsafe uint Address(ArrayView<FourBrains> shared) => (uint)(long)Unsafe.AsPointer(ref shared[0]);
}
