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
/// Scores and mixing run on the tensor cores in tf32, each factor as its leading 11 bits and the rest, three products for one: the error is
/// that of float32. A warp's step is 16 positions: keys as the left operand straight from 16-byte loads (the order of a head's elements is
/// permuted alike in keys and queries), weights turned over in shared memory, values again straight from 16-byte loads.
/// </remarks>
internal static class DecodeKernel<TKey, TValue, THeadTiles, TWarps, TAhead, TGeneration>
    where TKey : ISize
    where TValue : ISize
    where THeadTiles : ISize
    where TWarps : ISize
    where TAhead : ISize
    where TGeneration : struct, IGeneration
{
    private const int Step = 16, TileHeads = 8;

    private static int Warps => TWarps.Value;

    private static int Threads => 32 * TWarps.Value;

    private const int KeysAtOnce = 32; // elements of a key whose loads are under way together

    private const int ValuesAtOnce = 128; // elements of a value that are summed over the warps at once

    private const float Log2E = 1.44269504f;

    public static void Run(RowsView output, DecodeScratch scratch, AttentionInputs inputs, PagedCache cache, AttentionShape shape)
    {
        TGeneration.LetNextBegin();
        int heads = THeadTiles.Value * TileHeads;
        int row = Grid.IdxZ, position = inputs.Positions[row], firstPage = cache.FirstPage[inputs.SequenceOf[row]];
        int first = shape.Window > 0 ? IntrinsicMath.Max(0, position - shape.Window + 1) : 0;
        int shift = DecodeSplits.Shift(position - first + 1, Step * Warps), firstSplit = first >> shift, splits = (position >> shift) - firstSplit + 1;
        int split = Grid.IdxX;
        if (split >= splits)
            return;
        int tiles = (shape.Group + heads - 1) / heads, keyHead = Grid.IdxY / tiles, inGroup = Grid.IdxY % tiles * heads;
        int firstHead = (keyHead * shape.Group) + inGroup, headCount = IntrinsicMath.Min(heads, shape.Group - inGroup);

        int thread = Group.IdxX, warp = thread >> 5, lane = thread & 31, g = lane >> 2, t = lane & 3;
        int start = (firstSplit + split) << shift, begin = IntrinsicMath.Max(start, first), end = IntrinsicMath.Min(start + (1 << shift), position + 1);

        // One after the other: queries and weights, then the warps' parts.
        const int QueryFours = 4;
        int queryEnd = THeadTiles.Value * TKey.Value * QueryFours, weightFours = Warps * Step * TileHeads / 4 * THeadTiles.Value;
        ArrayView<Four> shared = SharedMemory.Allocate<Four>(Math.Max(queryEnd + weightFours, Warps * TileHeads * ((Math.Min(TValue.Value, ValuesAtOnce) / 4) + 1)));
        ArrayView<Four> queries = shared.SubView(0, queryEnd);
        int firstStep = start + (warp * Step);
        if (firstStep + Step <= begin)
            firstStep += (begin - firstStep) / (Warps * Step) * (Warps * Step);
        Prefetch(cache, firstPage, keyHead, firstStep, end, lane);
        Prefetch(cache, firstPage, keyHead, firstStep + (Warps * Step), end, lane);
        TGeneration.WaitForEarlier();
        LoadQueries(queries, inputs, row, firstHead, headCount, warp, lane);

        ArrayView<Pair> weights = shared.SubView(queryEnd, weightFours).Cast<Pair>();
        int ownWeights = warp * (Step * TileHeads / 2 * THeadTiles.Value);
        ArrayView<float> mixed = LocalMemory.Allocate<float>(THeadTiles.Value * TValue.Value / 16 * 4);
        ArrayView<float> most = LocalMemory.Allocate<float>(THeadTiles.Value * 2), sum = LocalMemory.Allocate<float>(THeadTiles.Value * 2);
        for (int i = 0; i < THeadTiles.Value * TValue.Value / 4; i++)
            mixed[i] = 0;
        for (int i = 0; i < THeadTiles.Value * 2; i++)
            (most[i], sum[i]) = (float.NegativeInfinity, 0);
        Group.Barrier();

        for (int at = firstStep; at < end; at += Warps * Step)
        {
            Prefetch(cache, firstPage, keyHead, at + (2 * Warps * Step), end, lane);
            if (at + Step <= begin)
                continue;
            // Rows outside of the split are read as the nearest row within, and weigh nothing.
            int low = IntrinsicMath.Max(at, begin & ~7), high = IntrinsicMath.Min(IntrinsicMath.Max(at + 8, begin & ~7), (end - 1) & ~7);
            int lowPage = low / cache.PagePositions, highPage = high / cache.PagePositions;
            long lowStart = cache.Pages[firstPage + lowPage] >> 2, highStart = cache.Pages[firstPage + highPage] >> 2;
            int lowFirst = (keyHead * cache.PagePositions) - (lowPage * cache.PagePositions), highFirst = (keyHead * cache.PagePositions) - (highPage * cache.PagePositions);

            ArrayView<float> scores = LocalMemory.Allocate<float>(THeadTiles.Value * 4);
            for (int i = 0; i < THeadTiles.Value * 4; i++)
                scores[i] = 0;
            long lowKey = lowStart + cache.KeyStart + ((lowFirst + Within(low + g, begin, end)) * (TKey.Value / 4)) + t;
            long highKey = highStart + cache.KeyStart + ((highFirst + Within(high + g, begin, end)) * (TKey.Value / 4)) + t;
            for (int part = 0; part < TKey.Value; part += KeysAtOnce)
                AddScores(scores, queries, cache.Memory, lowKey + (part / 4), highKey + (part / 4), part, lane);

            ArrayView<float> values = LocalMemory.Allocate<float>(TValue.Value / 4 * 2);
            int lowValues = cache.ValueStart + g, highValues = lowValues;
            LoadValues(values, cache.Memory,
                lowStart + lowValues + ((lowFirst + Within(low + t, begin, end)) * (TValue.Value / 4)),
                lowStart + lowValues + ((lowFirst + Within(low + t + 4, begin, end)) * (TValue.Value / 4)));
            for (int tile = 0; tile < THeadTiles.Value; tile++)
                Weigh(scores, tile, most, sum, mixed, inputs, shape, firstHead, headCount, (2 * t), at + g, begin, end, position);
            Warp.Barrier();
            for (int tile = 0; tile < THeadTiles.Value; tile++)
            {
                weights[ownWeights + (tile * 64) + lane] = new Pair { X = scores[tile * 4], Y = scores[(tile * 4) + 1] };
                weights[ownWeights + (tile * 64) + 32 + lane] = new Pair { X = scores[(tile * 4) + 2], Y = scores[(tile * 4) + 3] };
            }
            Warp.Barrier();
            ArrayView<float> turned = weights.Cast<float>();
            Mix(mixed, values, turned, (2 * ownWeights) + (8 * t) + g);
            LoadValues(values, cache.Memory,
                highStart + highValues + ((highFirst + Within(high + t, begin, end)) * (TValue.Value / 4)),
                highStart + highValues + ((highFirst + Within(high + t + 4, begin, end)) * (TValue.Value / 4)));
            Mix(mixed, values, turned, (2 * ownWeights) + 64 + (8 * t) + g);
        }
        Finish(output, scratch, inputs, shape, shared, mixed, most, sum, row, split, splits, firstHead, headCount);
    }

    // A step's keys and values, as far as the second-level cache: the warp has few registers to hold what is on its way.
    private static void Prefetch(PagedCache cache, int firstPage, int keyHead, int at, int end, int lane)
    {
        if (TAhead.Value == 0)
            return;
        for (int half = 0; half < Step; half += 8)
        {
            int position = at + half;
            if (position >= end)
                return;
            int page = position / cache.PagePositions, row = ((keyHead - page) * cache.PagePositions) + position;
            long from = cache.Pages[firstPage + page] >> 2;
            for (int i = 0; i < 2 * TKey.Value; i += 32 * TAhead.Value / 16)
                TensorCore.Prefetch(ref cache.Memory[from + cache.KeyStart + (row * (TKey.Value / 4)) + i + (lane * (TAhead.Value / 16))]);
            for (int i = 0; i < 2 * TValue.Value; i += 32 * TAhead.Value / 16)
                TensorCore.Prefetch(ref cache.Memory[from + cache.ValueStart + (row * (TValue.Value / 4)) + i + (lane * (TAhead.Value / 16))]);
        }
    }

    private static int Within(int position, int begin, int end) => IntrinsicMath.Min(IntrinsicMath.Max(position, begin), end - 1);

    // The right operand of a key's chunk of 16 elements, for each lane: leading parts of its four, then the rests.
    private static void LoadQueries(ArrayView<Four> queries, AttentionInputs inputs, int row, int firstHead, int headCount, int warp, int lane)
    {
        for (int chunk = warp; chunk < THeadTiles.Value * TKey.Value / 16; chunk += Warps)
        {
            int tile = chunk / (TKey.Value / 16), head = (tile * TileHeads) + (lane / 4);
            Four q = default;
            if (head < headCount)
            {
                long from = inputs.Queries.Start(row) + ((firstHead + head) * TKey.Value) + (chunk % (TKey.Value / 16) * 16) + (lane % 4 * 4);
                q = new Four { X = inputs.Queries.Values[from], Y = inputs.Queries.Values[from + 1], Z = inputs.Queries.Values[from + 2], W = inputs.Queries.Values[from + 3] };
            }
            var leading = new Four { X = TensorCore.Leading(q.X), Y = TensorCore.Leading(q.Y), Z = TensorCore.Leading(q.Z), W = TensorCore.Leading(q.W) };
            queries[(chunk * 64) + lane] = leading;
            queries[(chunk * 64) + 32 + lane] = new Four { X = q.X - leading.X, Y = q.Y - leading.Y, Z = q.Z - leading.Z, W = q.W - leading.W };
        }
    }

    // scores[16 positions, 8 heads] += keys · queries, over up to 32 elements from `first` on.
    private static void AddScores(ArrayView<float> scores, ArrayView<Four> queries, ArrayView<Four> memory, long low, long high, int first, int lane)
    {
        int chunks = Math.Min(TKey.Value - first, KeysAtOnce) / 16;
        ArrayView<float> keys = LocalMemory.Allocate<float>(KeysAtOnce / 2);
        for (int c = 0; c < chunks; c++)
        {
            Four x = memory[low + (4 * c)], y = memory[high + (4 * c)];
            (keys[8 * c], keys[(8 * c) + 1], keys[(8 * c) + 2], keys[(8 * c) + 3]) = (x.X, y.X, x.Y, y.Y);
            (keys[(8 * c) + 4], keys[(8 * c) + 5], keys[(8 * c) + 6], keys[(8 * c) + 7]) = (x.Z, y.Z, x.W, y.W);
        }
        // Small products apart from the large ones: shorter chains, and the small ones add up first.
        ArrayView<float> rests = LocalMemory.Allocate<float>(THeadTiles.Value * 4);
        for (int i = 0; i < THeadTiles.Value * 4; i++)
            rests[i] = 0;
        for (int c = 0; c < chunks; c++)
        {
            for (int tile = 0; tile < THeadTiles.Value; tile++)
            {
                int q = (((tile * TKey.Value) + first) / 16 * 64) + (c * 64) + lane;
                Four leading = queries[q], rest = queries[q + 32];
                Product(scores, 4 * tile, rests, 4 * tile, keys, 8 * c, leading.X, leading.Y, rest.X, rest.Y);
                Product(scores, 4 * tile, rests, 4 * tile, keys, (8 * c) + 4, leading.Z, leading.W, rest.Z, rest.W);
            }
        }
        for (int i = 0; i < THeadTiles.Value * 4; i++)
            scores[i] += rests[i];
    }

    // sums += leading · leading; rests += leading · rest, rest · leading.
    private static void Product(ArrayView<float> sums, int at, ArrayView<float> rests, int restsAt, ArrayView<float> left, int from, float leading0, float leading1, float rest0, float rest1)
    {
        float a0 = left[from], a1 = left[from + 1], a2 = left[from + 2], a3 = left[from + 3];
        float l0 = TensorCore.Leading(a0), l1 = TensorCore.Leading(a1), l2 = TensorCore.Leading(a2), l3 = TensorCore.Leading(a3);
        TensorCore.MultiplyAdd(sums, at, l0, l1, l2, l3, leading0, leading1);
        TensorCore.MultiplyAdd(rests, restsAt, l0, l1, l2, l3, rest0, rest1);
        TensorCore.MultiplyAdd(rests, restsAt, a0 - l0, a1 - l1, a2 - l2, a3 - l3, leading0, leading1);
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

    // Values of two positions, four neighbouring elements of each 32.
    private static void LoadValues(ArrayView<float> values, ArrayView<Four> memory, long near, long far)
    {
        for (int c = 0; c < TValue.Value / 32; c++)
        {
            Four x = memory[near + (8 * c)], y = memory[far + (8 * c)];
            (values[8 * c], values[(8 * c) + 1], values[(8 * c) + 2], values[(8 * c) + 3]) = (x.X, x.Y, y.X, y.Y);
            (values[(8 * c) + 4], values[(8 * c) + 5], values[(8 * c) + 6], values[(8 * c) + 7]) = (x.Z, x.W, y.Z, y.W);
        }
    }

    // mixed[elements, heads] += valuesᵀ · weights, over 8 positions.
    private static void Mix(ArrayView<float> mixed, ArrayView<float> values, ArrayView<float> weights, int from)
    {
        for (int tile = 0; tile < THeadTiles.Value; tile++)
        {
            float w0 = weights[from + (tile * 128)], w1 = weights[from + (tile * 128) + 32];
            float l0 = TensorCore.Leading(w0), l1 = TensorCore.Leading(w1);
            for (int i = 0; i < TValue.Value / 16; i++)
            {
                int at = ((tile * (TValue.Value / 16)) + i) * 4;
                float a0 = values[4 * i], a1 = values[(4 * i) + 1], a2 = values[(4 * i) + 2], a3 = values[(4 * i) + 3];
                float b0 = TensorCore.Leading(a0), b1 = TensorCore.Leading(a1), b2 = TensorCore.Leading(a2), b3 = TensorCore.Leading(a3);
                TensorCore.MultiplyAdd(mixed, at, a0 - b0, a1 - b1, a2 - b2, a3 - b3, l0, l1);
                TensorCore.MultiplyAdd(mixed, at, b0, b1, b2, b3, w0 - l0, w1 - l1);
                TensorCore.MultiplyAdd(mixed, at, b0, b1, b2, b3, l0, l1);
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
        // Where there are more threads than fours of results, several threads share one, and take every so manieth split.
        int fours = headCount * (TValue.Value / 4), shares = IntrinsicMath.Max(1, Threads / fours), perRound = Threads / shares;
        int share = thread / perRound;
        for (int first = 0; first < fours; first += perRound)
        {
            int item = first + (thread % perRound), head = item / (TValue.Value / 4), four = item % (TValue.Value / 4);
            Four all = default;
            if (item < fours && share < shares)
            {
                long from = (((place + share) * heads) + head) * (TValue.Value / 4) + four;
                int pitch = shares * heads * (TValue.Value / 4);
                ArrayView<float> values = LocalMemory.Allocate<float>(4 * SplitsAtOnce);
                for (int s = share; s < splits; s += SplitsAtOnce * shares)
                {
                    int most = (splits - 1 - s) / shares;
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
