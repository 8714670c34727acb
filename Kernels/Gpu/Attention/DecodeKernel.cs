using System.Numerics;
using ILGPU;

namespace Managed.Kernels.Gpu.Attention;

/// <summary>What the groups of one row leave for the last of them: weighted values, maxima and sums, and how many have finished.</summary>
internal readonly struct DecodeScratch(ArrayView<Four> mixed, ArrayView<Pair> totals, ArrayView<int> finished)
{
    public readonly ArrayView<Four> Mixed = mixed; // [rows, parts, splits, heads, valueDim / 4]

    public readonly ArrayView<Pair> Totals = totals; // [rows, parts, splits, heads]: largest score, sum

    public readonly ArrayView<int> Finished = finished; // [rows, parts], zeros between launches
}

/// <summary>
/// Attention of few queries to long texts, for NVIDIA GPUs. A group of TWarps warps takes one split (<see cref="DecodeSplits"/>) of one row's
/// positions and up to 8 · THeadTiles query heads that read the same key head; the group that finishes last combines the splits, in their
/// order. Grid: splits, parts (key heads · tiles of heads), rows.
/// </summary>
/// <remarks>
/// Scores and mixing run on the tensor cores: each factor is the sum of two bfloat16 numbers, three of the four products are made, in
/// float32 sums; what is left out is 2⁻¹⁶ of a product. A warp's step is 16 positions: keys as the left operand straight from 16-byte loads (the
/// order of a head's elements is permuted alike in keys and queries), weights turned over between lanes, values again straight from 16-byte
/// loads.
/// </remarks>
internal static class DecodeKernel<TKey, TValue, THeadTiles, TWarps, TOrder>
    where TKey : IConstant
    where TValue : IConstant
    where THeadTiles : IConstant
    where TWarps : IConstant
    where TOrder : struct, ILaunchOrder
{
    private const int Step = 16, TileHeads = 8;

    private static int Warps => TWarps.Value;

    private static int Threads => 32 * TWarps.Value;

    private const int ValuesAtOnce = 128; // elements of a value that are summed over the warps at once

    // Elements of a key or value that are loaded together: as many as there are registers for.
    private static int KeysLoaded => TKey.Value > 128 ? 32 : 128;

    private static int ValuesLoaded => TValue.Value > 128 ? 32 : 128;

    private const float Log2E = 1.44269504f;

    public static void Run<TPrologue>(
        RowsView output, DecodeScratch scratch, AttentionInputs inputs, PagedCache cache, AttentionShape shape, TPrologue prologue)
        where TPrologue : struct, IDecodePrologue
    {
        TOrder.LetNextBegin();
        int heads = THeadTiles.Value * TileHeads;
        int row = Grid.IdxZ, position = inputs.Positions[row], sequence = inputs.SequenceOf[row], firstPage = cache.FirstPage[sequence];
        int first = shape.Window > 0 ? IntrinsicMath.Max(0, position - shape.Window + 1) : 0;
        int shift = DecodeSplits.Shift(position - first + 1, Step * Warps), firstSplit = first >> shift, splits = (position >> shift) - firstSplit + 1;
        int split = Grid.IdxX;
        if (split >= splits)
            return;
        int tiles = (shape.Group + heads - 1) / heads, keyHead = Grid.IdxY, inGroup = 0;
        if (tiles > 1)
        {
            keyHead /= tiles;
            inGroup = (Grid.IdxY - (keyHead * tiles)) * heads;
        }
        int firstHead = (keyHead * shape.Group) + inGroup, headCount = IntrinsicMath.Min(heads, shape.Group - inGroup);

        int thread = Group.IdxX, warp = thread >> 5, lane = thread & 31, g = lane >> 2, t = lane & 3;
        int start = (firstSplit + split) << shift, begin = IntrinsicMath.Max(start, first), end = IntrinsicMath.Min(start + (1 << shift), position + 1);

        // One after the other: queries, then the warps' parts.
        int queryEnd = THeadTiles.Value * TKey.Value * 2;
        ArrayView<Four> shared = SharedMemory.Allocate<Four>(Math.Max(queryEnd, Warps * TileHeads * ((Math.Min(TValue.Value, ValuesAtOnce) / 4) + 1)));
        ArrayView<SplitPairs> queries = shared.Cast<SplitPairs>();
        int firstStep = start + (warp * Step);
        if (firstStep + Step <= begin)
            firstStep += (begin - firstStep) / (Warps * Step) * (Warps * Step);
        TOrder.AwaitPrevious();
        ArrayView<float> turned = default;
        if (TPrologue.Turns)
        {
            turned = SharedMemory.Allocate<float>(THeadTiles.Value * TileHeads * TKey.Value);
            int width = Math.Max(TKey.Value, TValue.Value);
            ArrayView<float> own = SharedMemory.Allocate<float>(Warps * Math.Max(TKey.Value, TValue.Value));
            prologue.Run(turned, own.SubView(warp * width, width), new DecodePart(inputs.Queries, row, sequence, position, firstHead, headCount, keyHead, split == splits - 1 ? 1 : 0));
            Group.Barrier(); // the key and the value are read by all, too
        }
        LoadQueries<TPrologue>(queries, turned, inputs, row, firstHead, headCount, warp, lane);

        ArrayView<float> mixed = LocalMemory.Allocate<float>(THeadTiles.Value * TValue.Value / 16 * 4);
        ArrayView<float> most = LocalMemory.Allocate<float>(THeadTiles.Value * 2), sum = LocalMemory.Allocate<float>(THeadTiles.Value * 2);
        for (int i = 0; i < THeadTiles.Value * TValue.Value / 4; i++)
            mixed[i] = 0;
        for (int i = 0; i < THeadTiles.Value * 2; i++)
            (most[i], sum[i]) = (float.NegativeInfinity, 0);
        Group.Barrier();

        for (int at = firstStep; at < end; at += Warps * Step)
        {
            if (at + Step <= begin)
                continue;
            // Keys and values outside of the split weigh nothing. Those values are read as the nearest ones within: what lies there may be no number.
            int low = IntrinsicMath.Max(at, begin & ~7), high = IntrinsicMath.Min(IntrinsicMath.Max(at + 8, begin & ~7), (end - 1) & ~7);
            int lowPage = cache.PagePositions.Divide(low), highPage = cache.PagePositions.Divide(high);
            long lowStart = cache.Pages[firstPage + lowPage] >> 2, highStart = cache.Pages[firstPage + highPage] >> 2;
            int lowFirst = (keyHead - lowPage) * cache.PagePositions.Value, highFirst = (keyHead - highPage) * cache.PagePositions.Value;

            ArrayView<float> scores = LocalMemory.Allocate<float>(THeadTiles.Value * 4);
            for (int i = 0; i < THeadTiles.Value * 4; i++)
                scores[i] = 0;
            long lowKey = lowStart + cache.KeyStart + ((lowFirst + low + g) * (TKey.Value / 4)) + t;
            long highKey = highStart + cache.KeyStart + ((highFirst + high + g) * (TKey.Value / 4)) + t;
            for (int part = 0; part < TKey.Value; part += KeysLoaded)
            {
                // Keys that were asked for any earlier would find no registers.
                if (TKey.Value > 128 && part > 0)
                    Warp.Barrier();
                AddScores(scores, queries, cache.Memory, lowKey + (part / 4), highKey + (part / 4), part, lane);
            }

            long value0 = lowStart + cache.ValueStart + g + ((lowFirst + Within(low + (2 * t), begin, end)) * (TValue.Value / 4));
            long value1 = lowStart + cache.ValueStart + g + ((lowFirst + Within(low + (2 * t) + 1, begin, end)) * (TValue.Value / 4));
            long value2 = highStart + cache.ValueStart + g + ((highFirst + Within(high + (2 * t), begin, end)) * (TValue.Value / 4));
            long value3 = highStart + cache.ValueStart + g + ((highFirst + Within(high + (2 * t) + 1, begin, end)) * (TValue.Value / 4));
            ArrayView<float> values = LocalMemory.Allocate<float>(Math.Min(TValue.Value, ValuesLoaded) / 2);
            LoadValues(values, cache.Memory, value0, value1, value2, value3);
            ArrayView<uint> weights = LocalMemory.Allocate<uint>(THeadTiles.Value * 4);
            for (int tile = 0; tile < THeadTiles.Value; tile++)
            {
                Weigh(scores, tile, most, sum, mixed, inputs, shape, firstHead, headCount, 2 * t, at + g, begin, end, position);
                Turn(weights, scores, 4 * tile);
            }
            for (int part = 0; part < TValue.Value; part += ValuesLoaded)
            {
                if (part > 0)
                    LoadValues(values, cache.Memory, value0 + (part / 4), value1 + (part / 4), value2 + (part / 4), value3 + (part / 4));
                Mix(mixed, values, weights, part);
            }
        }
        Finish(output, scratch, inputs, shape, shared, mixed, most, sum, row, split, splits, firstHead, headCount);
    }

    private static int Within(int position, int begin, int end) => IntrinsicMath.Min(IntrinsicMath.Max(position, begin), end - 1);

    // The right operand of a key's chunk of 16 elements, for each lane.
    private static void LoadQueries<TPrologue>(ArrayView<SplitPairs> queries, ArrayView<float> turned, AttentionInputs inputs, int row, int firstHead, int headCount, int warp, int lane)
        where TPrologue : struct, IDecodePrologue
    {
        for (int chunk = warp; chunk < THeadTiles.Value * TKey.Value / 16; chunk += Warps)
        {
            int tile = chunk / (TKey.Value / 16), head = (tile * TileHeads) + (lane >> 2);
            SplitPairs split = default;
            if (head < headCount)
            {
                int within = (chunk % (TKey.Value / 16) * 16) + ((lane & 3) * 4);
                if (TPrologue.Turns)
                {
                    int from = (head * TKey.Value) + within;
                    split = SplitPairs.Of(turned[from], turned[from + 1], turned[from + 2], turned[from + 3]);
                }
                else
                {
                    long from = inputs.Queries.Start(row) + ((firstHead + head) * TKey.Value) + within;
                    split = SplitPairs.Of(inputs.Queries.Values[from], inputs.Queries.Values[from + 1], inputs.Queries.Values[from + 2], inputs.Queries.Values[from + 3]);
                }
            }
            queries[(chunk * 32) + lane] = split;
        }
    }

    // scores[16 positions, 8 heads] += keys · queries, over as many elements as are loaded together, from `first` on.
    private static void AddScores(ArrayView<float> scores, ArrayView<SplitPairs> queries, ArrayView<Four> memory, long low, long high, int first, int lane)
    {
        int chunks = Math.Min(TKey.Value - first, KeysLoaded) / 16;
        ArrayView<float> keys = LocalMemory.Allocate<float>(KeysLoaded / 2);
        for (int c = 0; c < chunks; c++)
        {
            Four x = memory[low + (4 * c)], y = memory[high + (4 * c)];
            (keys[8 * c], keys[(8 * c) + 1], keys[(8 * c) + 2], keys[(8 * c) + 3]) = (x.X, x.Y, x.Z, x.W);
            (keys[(8 * c) + 4], keys[(8 * c) + 5], keys[(8 * c) + 6], keys[(8 * c) + 7]) = (y.X, y.Y, y.Z, y.W);
        }
        // Small products apart from the large ones: shorter chains, and the small ones add up first.
        ArrayView<float> rests = LocalMemory.Allocate<float>(THeadTiles.Value * 4);
        for (int i = 0; i < THeadTiles.Value * 4; i++)
            rests[i] = 0;
        for (int c = 0; c < chunks; c++)
        {
            SplitPairs x = SplitPairs.Of(keys[8 * c], keys[(8 * c) + 1], keys[(8 * c) + 2], keys[(8 * c) + 3]);
            SplitPairs y = SplitPairs.Of(keys[(8 * c) + 4], keys[(8 * c) + 5], keys[(8 * c) + 6], keys[(8 * c) + 7]);
            for (int tile = 0; tile < THeadTiles.Value; tile++)
            {
                SplitPairs q = queries[(((tile * TKey.Value) + first) / 16 * 32) + (c * 32) + lane];
                TensorCore.MultiplyAdd(scores, 4 * tile, x.Leading0, y.Leading0, x.Leading1, y.Leading1, q.Leading0, q.Leading1);
                TensorCore.MultiplyAdd(rests, 4 * tile, x.Leading0, y.Leading0, x.Leading1, y.Leading1, q.Rest0, q.Rest1);
                TensorCore.MultiplyAdd(rests, 4 * tile, x.Rest0, y.Rest0, x.Rest1, y.Rest1, q.Leading0, q.Leading1);
            }
        }
        for (int i = 0; i < THeadTiles.Value * 4; i++)
            scores[i] += rests[i];
    }

    // Scores of a tile of heads become weights relative to the largest score so far; what was mixed so far is brought to the same measure.
    private static void Weigh(ArrayView<float> scores, int tile, ArrayView<float> most, ArrayView<float> sum, ArrayView<float> mixed,
        AttentionInputs inputs, AttentionShape shape, int firstHead, int headCount, int column, int key, int begin, int end, int position)
    {
        for (int side = 0; side < 2; side++)
        {
            int at = (4 * tile) + side, head = (2 * tile) + side;
            float slope = shape.HasSlopes != 0 ? inputs.Slopes[firstHead + IntrinsicMath.Min((tile * TileHeads) + column + side, headCount - 1)] : 0;
            float low = Measured(scores[at], shape, slope, key, begin, end, position);
            float high = Measured(scores[at + 2], shape, slope, key + 8, begin, end, position);
            float largest = MathF.Max(low, high);
            largest = MathF.Max(largest, Warp.ShuffleXor(largest, 4));
            largest = MathF.Max(largest, Warp.ShuffleXor(largest, 8));
            largest = MathF.Max(largest, Warp.ShuffleXor(largest, 16));
            largest = MathF.Max(largest, most[head]);
            float above = largest == float.NegativeInfinity ? 0 : largest;
            float smaller = TensorCore.Exp2(most[head] - above);
            low = TensorCore.Exp2(low - above);
            high = TensorCore.Exp2(high - above);
            most[head] = largest;
            sum[head] = (sum[head] * smaller) + (low + high);
            (scores[at], scores[at + 2]) = (low, high);
            for (int i = 0; i < TValue.Value / 16; i++)
            {
                int value = (((tile * (TValue.Value / 16)) + i) * 4) + side;
                mixed[value] *= smaller;
                mixed[value + 2] *= smaller;
            }
        }
    }

    // In units of log2.
    private static float Measured(float score, AttentionShape shape, float slope, int key, int begin, int end, int position)
    {
        score *= shape.Scale;
        if (shape.SoftCap != 0)
            score = shape.SoftCap * Arithmetic.Tanh(score / shape.SoftCap);
        if (shape.HasSlopes != 0)
            score += slope * (key - position);
        return key >= begin && key < end ? score * Log2E : float.NegativeInfinity;
    }

    // Weights of 16 positions and 8 heads become the right operand: leading parts, then the rests.
    private static void Turn(ArrayView<uint> weights, ArrayView<float> scores, int at)
    {
        SplitPairs split = SplitPairs.Of(scores[at], scores[at + 1], scores[at + 2], scores[at + 3]);
        weights[at] = TensorCore.Turn(split.Leading0);
        weights[at + 1] = TensorCore.Turn(split.Leading1);
        weights[at + 2] = TensorCore.Turn(split.Rest0);
        weights[at + 3] = TensorCore.Turn(split.Rest1);
    }

    // Values of four positions, four neighbouring elements of each 32.
    private static void LoadValues(ArrayView<float> values, ArrayView<Four> memory, long from0, long from1, long from2, long from3)
    {
        for (int c = 0; c < Math.Min(TValue.Value, ValuesLoaded) / 32; c++)
        {
            Four x = memory[from0 + (8 * c)], y = memory[from1 + (8 * c)], z = memory[from2 + (8 * c)], w = memory[from3 + (8 * c)];
            (values[16 * c], values[(16 * c) + 1], values[(16 * c) + 2], values[(16 * c) + 3]) = (x.X, y.X, z.X, w.X);
            (values[(16 * c) + 4], values[(16 * c) + 5], values[(16 * c) + 6], values[(16 * c) + 7]) = (x.Y, y.Y, z.Y, w.Y);
            (values[(16 * c) + 8], values[(16 * c) + 9], values[(16 * c) + 10], values[(16 * c) + 11]) = (x.Z, y.Z, z.Z, w.Z);
            (values[(16 * c) + 12], values[(16 * c) + 13], values[(16 * c) + 14], values[(16 * c) + 15]) = (x.W, y.W, z.W, w.W);
        }
    }

    // mixed[elements, heads] += valuesᵀ · weights, over 16 positions, of as many elements as are loaded together, from `first` on.
    private static void Mix(ArrayView<float> mixed, ArrayView<float> values, ArrayView<uint> weights, int first)
    {
        for (int i = 0; i < Math.Min(TValue.Value, ValuesLoaded) / 16; i++)
        {
            SplitPairs x = SplitPairs.Of(values[8 * i], values[(8 * i) + 1], values[(8 * i) + 2], values[(8 * i) + 3]);
            SplitPairs y = SplitPairs.Of(values[(8 * i) + 4], values[(8 * i) + 5], values[(8 * i) + 6], values[(8 * i) + 7]);
            for (int tile = 0; tile < THeadTiles.Value; tile++)
            {
                int at = ((tile * (TValue.Value / 16)) + (first / 16) + i) * 4;
                TensorCore.MultiplyAdd(mixed, at, x.Rest0, y.Rest0, x.Rest1, y.Rest1, weights[4 * tile], weights[(4 * tile) + 1]);
                TensorCore.MultiplyAdd(mixed, at, x.Leading0, y.Leading0, x.Leading1, y.Leading1, weights[(4 * tile) + 2], weights[(4 * tile) + 3]);
                TensorCore.MultiplyAdd(mixed, at, x.Leading0, y.Leading0, x.Leading1, y.Leading1, weights[4 * tile], weights[(4 * tile) + 1]);
            }
        }
    }

    // The warps' parts become one; the last group of the row combines its splits.
    private static void Finish(RowsView output, DecodeScratch scratch, AttentionInputs inputs, AttentionShape shape, ArrayView<Four> parts,
        ArrayView<float> mixed, ArrayView<float> most, ArrayView<float> sum, int row, int split, int splits, int firstHead, int headCount)
    {
        int heads = THeadTiles.Value * TileHeads, thread = Group.IdxX, warp = thread >> 5, lane = thread & 31, g = lane >> 2, t = lane & 3;
        ArrayView<float> largest = SharedMemory.Allocate<float>(Warps * heads), sums = SharedMemory.Allocate<float>(Warps * heads);
        for (int i = 0; i < THeadTiles.Value * 2; i++)
        {
            float s = sum[i];
            s += Warp.ShuffleXor(s, 4);
            s += Warp.ShuffleXor(s, 8);
            s += Warp.ShuffleXor(s, 16);
            sum[i] = s;
            if (g == 0)
                largest[(warp * heads) + (i / 2 * TileHeads) + (2 * t) + (i % 2)] = most[i];
        }
        Group.Barrier();
        for (int i = 0; i < THeadTiles.Value * 2; i++)
        {
            int head = (i / 2 * TileHeads) + (2 * t) + (i % 2);
            float all = float.NegativeInfinity;
            for (int w = 0; w < Warps; w++)
                all = MathF.Max(all, largest[(w * heads) + head]);
            float smaller = TensorCore.Exp2(most[i] - all); // a split has at least one position that is seen
            if (g == 0)
                sums[(warp * heads) + head] = sum[i] * smaller;
            most[i] = all;
            for (int k = 0; k < TValue.Value / 16; k++)
            {
                int at = ((((i / 2) * (TValue.Value / 16)) + k) * 4) + (i % 2);
                mixed[at] *= smaller;
                mixed[at + 2] *= smaller;
            }
        }

        // Rows of heads, padded so that the warp's stores meet different banks.
        int width = Math.Min(TValue.Value, ValuesAtOnce), pitch = (width / 4) + 1;
        long place = ((((long)row * Grid.DimY) + Grid.IdxY) * Grid.DimX) + split;
        for (int tile = 0; tile < THeadTiles.Value; tile++)
        {
            for (int from = 0; from < TValue.Value; from += ValuesAtOnce)
            {
                for (int side = 0; side < 2; side++)
                {
                    for (int c = 0; c < Math.Min(TValue.Value - from, ValuesAtOnce) / 32; c++)
                    {
                        int at = (((tile * (TValue.Value / 16)) + (from / 16) + (2 * c)) * 4) + side;
                        parts[(((warp * TileHeads) + (2 * t) + side) * pitch) + (8 * c) + g] = new Four { X = mixed[at], Y = mixed[at + 2], Z = mixed[at + 4], W = mixed[at + 6] };
                    }
                }
                Group.Barrier();
                int fours = Math.Min(TValue.Value - from, ValuesAtOnce) / 4, tileHeads = IntrinsicMath.Min(TileHeads, headCount - (tile * TileHeads));
                for (int item = thread; item < tileHeads * fours; item += Threads)
                {
                    int head = item / fours, four = item % fours;
                    Four all = parts[(head * pitch) + four];
                    float total = sums[(tile * TileHeads) + head];
                    for (int w = 1; w < Warps; w++)
                    {
                        Four one = parts[(((w * TileHeads) + head) * pitch) + four];
                        (all.X, all.Y, all.Z, all.W) = (all.X + one.X, all.Y + one.Y, all.Z + one.Z, all.W + one.W);
                        total += sums[(w * heads) + (tile * TileHeads) + head];
                    }
                    head += tile * TileHeads;
                    if (splits == 1)
                    {
                        float score = float.NegativeInfinity;
                        for (int w = 0; w < Warps; w++)
                            score = MathF.Max(score, largest[(w * heads) + head]);
                        float sink = Sink(inputs, shape, firstHead + head), above = MathF.Max(score, sink), weight = TensorCore.Exp2(score - above);
                        Write(output, row, ((firstHead + head) * TValue.Value) + from + (four * 4), all, weight / ((total * weight) + TensorCore.Exp2(sink - above)));
                    }
                    else
                    {
                        scratch.Mixed[(((place * heads) + head) * (TValue.Value / 4)) + (from / 4) + four] = all;
                    }
                }
                Group.Barrier();
            }
        }
        if (splits == 1)
            return;
        if (thread < headCount)
        {
            float score = float.NegativeInfinity, total = 0;
            for (int w = 0; w < Warps; w++)
            {
                score = MathF.Max(score, largest[(w * heads) + thread]);
                total += sums[(w * heads) + thread];
            }
            scratch.Totals[(place * heads) + thread] = new Pair { X = score, Y = total };
        }
        ArrayView<int> ticket = SharedMemory.Allocate<int>(1);
        MemoryFence.DeviceLevel();
        Group.Barrier();
        if (thread == 0)
            ticket[0] = Atomic.Add(ref scratch.Finished[(row * Grid.DimY) + Grid.IdxY], 1);
        Group.Barrier();
        if (ticket[0] != splits - 1)
            return;
        MemoryFence.DeviceLevel();
        if (thread == 0)
            scratch.Finished[(row * Grid.DimY) + Grid.IdxY] = 0; // ready for the next launch
        Combine(output, scratch, inputs, shape, row, place - split, splits, firstHead, headCount, parts);
    }

    private static float Sink(AttentionInputs inputs, AttentionShape shape, int head) =>
        shape.HasSinks != 0 ? inputs.Sinks[head] * Log2E : float.NegativeInfinity;

    private static void Write(RowsView output, int row, int column, Four values, float factor)
    {
        output[row, column] = values.X * factor;
        output[row, column + 1] = values.Y * factor;
        output[row, column + 2] = values.Z * factor;
        output[row, column + 3] = values.W * factor;
    }

    private static void Combine(RowsView output, DecodeScratch scratch, AttentionInputs inputs, AttentionShape shape, int row, long place, int splits,
        int firstHead, int headCount, ArrayView<Four> parts)
    {
        const int MostSplits = DecodeSplits.Most + 1, SplitsAtOnce = 16;
        int heads = THeadTiles.Value * TileHeads, thread = Group.IdxX, lane = thread & 31;
        ArrayView<float> factors = SharedMemory.Allocate<float>(heads * MostSplits);
        for (int head = thread >> 5; head < headCount; head += Warps)
        {
            Pair own = lane < splits ? scratch.Totals[((place + lane) * heads) + head] : new Pair { X = float.NegativeInfinity, Y = 0 };
            Pair last = splits == MostSplits ? scratch.Totals[((place + MostSplits - 1) * heads) + head] : new Pair { X = float.NegativeInfinity, Y = 0 };
            float sink = Sink(inputs, shape, firstHead + head), largest = MathF.Max(MathF.Max(own.X, last.X), sink);
            for (int distance = 16; distance > 0; distance /= 2)
                largest = MathF.Max(largest, Warp.ShuffleXor(largest, distance));
            float weight = TensorCore.Exp2(own.X - largest), lastWeight = TensorCore.Exp2(last.X - largest), sum = own.Y * weight;
            for (int distance = 16; distance > 0; distance /= 2)
                sum += Warp.ShuffleXor(sum, distance);
            float inverse = 1 / (sum + (last.Y * lastWeight) + TensorCore.Exp2(sink - largest));
            factors[(head * MostSplits) + lane] = weight * inverse;
            if (lane == 0)
                factors[(head * MostSplits) + MostSplits - 1] = lastWeight * inverse;
        }
        Group.Barrier();
        // Where there are more threads than fours of results, 2, 4 or 8 threads share one, and take every so manieth split: as many whether a group
        // has one tile of heads or two, so that their bits are the same.
        int fours = headCount * (TValue.Value / 4), foursOfTile = IntrinsicMath.Min(TileHeads, shape.Group) * (TValue.Value / 4);
        int shareBits = foursOfTile >= Threads ? 0 : BitOperations.LeadingZeroCount((uint)foursOfTile - 1) - BitOperations.LeadingZeroCount((uint)Threads - 1);
        int shares = 1 << shareBits, perRound = Threads >> shareBits, share = thread >> (BitOperations.Log2((uint)Threads) - shareBits);
        for (int first = 0; first < fours; first += perRound)
        {
            int item = first + (thread & (perRound - 1)), head = item / (TValue.Value / 4), four = item % (TValue.Value / 4);
            Four all = default;
            if (item < fours)
            {
                long from = (((place + share) * heads) + head) * (TValue.Value / 4) + four;
                int pitch = shares * heads * (TValue.Value / 4);
                ArrayView<float> values = LocalMemory.Allocate<float>(4 * SplitsAtOnce);
                for (int s = share; s < splits; s += SplitsAtOnce << shareBits)
                {
                    int most = (splits - 1 - s) >> shareBits;
                    for (int i = 0; i < SplitsAtOnce; i++)
                    {
                        Four one = scratch.Mixed[from + ((long)IntrinsicMath.Min(i, most) * pitch)];
                        (values[4 * i], values[(4 * i) + 1], values[(4 * i) + 2], values[(4 * i) + 3]) = (one.X, one.Y, one.Z, one.W);
                    }
                    for (int i = 0; i < SplitsAtOnce; i++)
                    {
                        float factor = i <= most ? factors[(head * MostSplits) + s + (IntrinsicMath.Min(i, most) * shares)] : 0;
                        Add(ref all, new Four { X = values[4 * i], Y = values[(4 * i) + 1], Z = values[(4 * i) + 2], W = values[(4 * i) + 3] }, factor);
                    }
                    from += (long)SplitsAtOnce * pitch;
                }
            }
            if (shares == 1)
            {
                if (item < fours)
                    Write(output, row, ((firstHead + head) * TValue.Value) + (four * 4), all, 1);
                continue;
            }
            parts[thread] = all;
            Group.Barrier();
            if (share == 0 && item < fours)
            {
                for (int other = 1; other < shares; other++)
                    Add(ref all, parts[(other * perRound) + thread], 1);
                Write(output, row, ((firstHead + head) * TValue.Value) + (four * 4), all, 1);
            }
            Group.Barrier();
        }
    }

    private static void Add(ref Four sum, Four values, float factor)
    {
        sum.X = Arithmetic.MultiplyAdd(values.X, factor, sum.X);
        sum.Y = Arithmetic.MultiplyAdd(values.Y, factor, sum.Y);
        sum.Z = Arithmetic.MultiplyAdd(values.Z, factor, sum.Z);
        sum.W = Arithmetic.MultiplyAdd(values.W, factor, sum.W);
    }
}
