using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Managed.Kernels.Linear;

namespace Managed.Kernels;

/// <summary>
/// Attention of all queries and heads of a step as one piece of parallel work. Keys are met in the order of their
/// positions and belong to lane position mod 8, so that a query's bits do not depend on what else is in the step.
/// </summary>
internal sealed unsafe class AttentionWork(int workers) : IParallelWork, IDisposable
{
    private const int TilesAtOnce = 4; // that meet a page of keys while it is in the first-level cache
    private const int QueriesAtOnce = TilesAtOnce * AttentionTile.Queries;

    private readonly CpuBuffer?[] scratch = new CpuBuffer?[workers];
    private Rows output;
    private Rows queries;
    private StepPlan plan = null!;
    private CacheLayout layout;
    private AttentionSettings settings = null!;
    private int stride; // scores of a head

    public void Run(WorkerPool pool, Rows output, Rows queries, StepPlan plan, in CacheLayout layout, AttentionSettings settings)
    {
        this.output = output;
        this.queries = queries;
        this.plan = plan;
        this.layout = layout;
        this.settings = settings;
        int longest = 0;
        for (int s = 0; s < plan.SequenceCount; s++)
            longest = Math.Max(longest, plan.Positions[plan.SequenceStart[s + 1] - 1] + 1);
        stride = (longest + 15) & ~7;
        long needed = (long)stride * (settings.Heads / settings.KeyHeads); // scores of a token's heads
        for (int s = 0; s < plan.SequenceCount; s++)
            if (IsTiled(s)) // scores of several tiles, their queries, and outputs that nobody wants
                needed = Math.Max(needed, ((long)QueriesAtOnce * (stride + settings.KeyDimension)) + settings.ValueDimension);
        for (int i = 0; i < scratch.Length; i++)
            if (scratch[i] is not { } room || room.Length < needed)
            {
                scratch[i]?.Dispose();
                scratch[i] = new CpuBuffer(Math.Max(2 * needed, 4096));
            }
        // A product of float32 with its loads takes as long as eight of bytes.
        const int ByteProducts = 8;
        if ((long)plan.Count * settings.Heads * longest * settings.KeyDimension * 2 * ByteProducts > WorkerPool.WorthSharing)
            pool.Run(this);
        else
            Run(0, 1);
    }

    // Whether a sequence's queries fill tiles; one token alone is for reading keys and values, which heads in a row do best.
    private bool IsTiled(int sequence)
    {
        int tokens = plan.SequenceStart[sequence + 1] - plan.SequenceStart[sequence];
        return plan.Count > 1 && AttentionTile.Suits(settings) && tokens * (settings.Heads / settings.KeyHeads) >= AttentionTile.Queries;
    }

    public void Run(int index, int count)
    {
        if (plan.Count == 1)
        {
            // One token's heads in runs, since neighbours share keys.
            int run = (settings.Heads + count - 1) / count;
            Heads(scratch[index]!.Data, 0, Math.Min(index * run, settings.Heads), Math.Min((index + 1) * run, settings.Heads), null);
            return;
        }
        if (plan.Count == plan.SequenceCount && plan.Count * settings.KeyHeads >= count)
        {
            OneTokenEach(index, count);
            return;
        }
        int group = settings.Heads / settings.KeyHeads, unit = 0;
        for (int s = 0; s < plan.SequenceCount; s++)
        {
            int first = plan.SequenceStart[s], tokens = plan.SequenceStart[s + 1] - first;
            bool tiled = IsTiled(s);
            int parts = tiled ? ((tokens * group) + QueriesAtOnce - 1) / QueriesAtOnce : tokens;
            // Units in turn, because later tokens see more keys and take longer.
            for (int keyHead = 0; keyHead < settings.KeyHeads; keyHead++)
                for (int part = 0; part < parts; part++)
                    if (unit++ % count == index)
                    {
                        if (tiled)
                            Tiles(scratch[index]!.Data, s, keyHead, part * QueriesAtOnce, Math.Min((part + 1) * QueriesAtOnce, tokens * group));
                        else
                            Heads(scratch[index]!.Data, first + part, keyHead * group, (keyHead + 1) * group, null);
                    }
        }
    }

    // Each worker takes rows that follow each other, as many as make its share of all keys, and of these one head of keys after the other: rows
    // that began together have their first pages in common. The row at a border is shared by heads of keys.
    private void OneTokenEach(int index, int count)
    {
        int group = settings.Heads / settings.KeyHeads;
        long all = 0;
        for (int token = 0; token < plan.Count; token++)
            all += Length(token);
        all *= settings.KeyHeads;
        long from = all * index / count, to = all * (index + 1) / count;
        int nextToken = -1, nextHead = 0;
        for (int keyHead = 0; keyHead < settings.KeyHeads; keyHead++)
        {
            long before = 0;
            for (int token = 0; token < plan.Count; token++)
            {
                long middle = before + (Length(token) * ((2L * keyHead) + 1) / 2);
                before += Length(token) * (long)settings.KeyHeads;
                if (middle < from || middle >= to)
                    continue;
                if (nextToken >= 0)
                    Heads(scratch[index]!.Data, nextToken, nextHead * group, (nextHead + 1) * group, FirstKeys(token, keyHead));
                (nextToken, nextHead) = (token, keyHead);
            }
        }
        if (nextToken >= 0)
            Heads(scratch[index]!.Data, nextToken, nextHead * group, (nextHead + 1) * group, null);
    }

    // Keys that a token meets.
    private int Length(int token) => plan.Positions[token] + 1 - First(token);

    private int First(int token) => settings.Window > 0 ? Math.Max(0, plan.Positions[token] - settings.Window + 1) : 0;

    private float* FirstKeys(int token, int keyHead) => Keys(plan.Pages[plan.SequenceOf[token]], keyHead, First(token));

    // Queries [first, end) of a sequence that share keys, counted token by token and in each token head by head.
    private void Tiles(float* room, int sequence, int keyHead, int first, int end)
    {
        int group = settings.Heads / settings.KeyHeads, start = plan.SequenceStart[sequence], tiles = (end - first + AttentionTile.Queries - 1) / AttentionTile.Queries;
        DeviceBuffer[] pages = plan.Pages[sequence];
        AttentionTile* tile = stackalloc AttentionTile[TilesAtOnce];
        float** vectors = stackalloc float*[AttentionTile.Queries], mixed = stackalloc float*[TilesAtOnce * AttentionTile.Queries];
        float* panels = room + ((long)QueriesAtOnce * stride), spare = panels + ((long)QueriesAtOnce * settings.KeyDimension);
        int from = int.MaxValue, to = 0;
        for (int i = 0; i < tiles; i++)
        {
            tile[i] = new AttentionTile(room + ((long)i * AttentionTile.Queries * stride), panels + ((long)i * AttentionTile.Queries * settings.KeyDimension));
            for (int q = 0; q < AttentionTile.Queries; q++)
            {
                // The last query stands for those beyond.
                int query = first + (i * AttentionTile.Queries) + q, known = Math.Min(query, end - 1), token = start + (known / group), head = (keyHead * group) + (known % group);
                int position = plan.Positions[token];
                tile[i].Add(q, head, settings.Window > 0 ? Math.Max(0, position - settings.Window + 1) : 0, position);
                vectors[q] = queries.Row(token) + (head * settings.KeyDimension);
                mixed[(i * AttentionTile.Queries) + q] = query == known ? output.Row(token) + (head * settings.ValueDimension) : spare;
                new Span<float>(mixed[(i * AttentionTile.Queries) + q], settings.ValueDimension).Clear();
            }
            tile[i].Pack(vectors, settings.KeyDimension);
            from = Math.Min(from, tile[i].Start);
            to = Math.Max(to, tile[i].End);
        }
        for (int k = from; k < to; k = PageEnd(k))
            for (int i = 0; i < tiles; i++)
                tile[i].Products(k, Math.Min(PageEnd(k), to), Keys(pages, keyHead, k), settings.KeyDimension);
        for (int i = 0; i < tiles; i++)
            tile[i].Softmax(settings);
        for (int k = from; k < to; k = PageEnd(k))
            for (int i = 0; i < tiles; i++)
                tile[i].Mix(mixed + (i * AttentionTile.Queries), k, Math.Min(PageEnd(k), to), Values(pages, keyHead, k), settings.ValueDimension);
    }

    // Heads [first, end) of one token. Those that share keys meet each page of them together, while it is at hand; at the end what comes next is asked for.
    private void Heads(float* scores, int token, int head, int end, float* next)
    {
        int group = settings.Heads / settings.KeyHeads, position = plan.Positions[token];
        int first = First(token), aligned = first & ~7, before = first - aligned;
        DeviceBuffer[] pages = plan.Pages[plan.SequenceOf[token]];
        for (int stop; head < end; head = stop)
        {
            stop = Math.Min(end, ((head / group) + 1) * group);
            for (int k = first, keyHead = head / group; k <= position; k = PageEnd(k))
            {
                float* ahead = PageEnd(k) <= position ? Keys(pages, keyHead, PageEnd(k)) : Values(pages, keyHead, first);
                for (int h = head; h < stop; h++, ahead = null)
                    AttentionKernel.Products(scores + ((h - head) * stride) + (k - aligned), queries.Row(token) + (h * settings.KeyDimension),
                        Keys(pages, keyHead, k), settings.KeyDimension, Math.Min(PageEnd(k), position + 1) - k, ahead);
            }
            for (int h = head; h < stop; h++)
            {
                float* row = scores + ((h - head) * stride);
                new Span<float>(row, before).Fill(float.NegativeInfinity);
                AttentionKernel.Shape(row + before, settings, h, first, position + 1, position);
                AttentionKernel.Softmax(row, row, position + 1 - aligned, settings.Sinks is { } sinks ? sinks[h] : float.NegativeInfinity);
                new Span<float>(output.Row(token) + (h * settings.ValueDimension), settings.ValueDimension).Clear();
            }
            for (int k = first, keyHead = head / group; k <= position; k = PageEnd(k))
            {
                float* ahead = PageEnd(k) <= position ? Values(pages, keyHead, PageEnd(k)) : stop < end ? Keys(pages, keyHead + 1, first) : next;
                for (int h = head; h < stop; h++, ahead = null)
                    AttentionKernel.Mix(output.Row(token) + (h * settings.ValueDimension), scores + ((h - head) * stride) + (k - aligned),
                        Values(pages, keyHead, k), settings.ValueDimension, Math.Min(PageEnd(k), position + 1) - k, ahead);
            }
        }
    }

    private float* Keys(DeviceBuffer[] pages, int head, int position) => AttentionKernel.Keys(pages, layout, head, position);

    private float* Values(DeviceBuffer[] pages, int head, int position) => AttentionKernel.Values(pages, layout, head, position);

    private int PageEnd(int position) => layout.PageEnd(position);

    public void Dispose()
    {
        foreach (CpuBuffer? buffer in scratch)
            buffer?.Dispose();
    }
}

/// <summary>The three parts of attention for one query and one head.</summary>
internal static unsafe class AttentionKernel
{
    /// <summary>A head's keys from a position on, as far as its page goes.</summary>
    public static float* Keys(DeviceBuffer[] pages, in CacheLayout layout, int keyHead, int position) =>
        pages[position / layout.PagePositions].Pointer() + layout.Key(keyHead, position % layout.PagePositions);

    /// <summary>A head's values from a position on, as far as its page goes.</summary>
    public static float* Values(DeviceBuffer[] pages, in CacheLayout layout, int keyHead, int position) =>
        pages[position / layout.PagePositions].Pointer() + layout.Value(keyHead, position % layout.PagePositions);

    /// <summary>
    /// scores[k] = query · keys[k] for keys that follow each other. What lies `ahead` (null: nothing) is asked for on the way:
    /// as much of it as there are keys.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Products(float* scores, float* query, float* keys, int width, int count, float* ahead)
    {
        int k = 0;
        for (; k + 4 <= count; k += 4, keys += 4L * width)
        {
            if (ahead != null)
                Lanes.Prefetch(ahead + ((long)k * width), 4 * width);
            FourDots(query, keys, width).Store(scores + k);
        }
        for (; k < count; k++, keys += width)
            scores[k] = Lanes.Dot(query, keys, width);
    }

    // query · key of four keys, each with the bits of Lanes.Dot.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> FourDots(float* query, float* key, int width)
    {
        float* key1 = key + width, key2 = key1 + width, key3 = key2 + width;
        Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default;
        int i = 0;
        for (; i + 8 <= width; i += 8)
        {
            Vector256<float> q = Vector256.Load(query + i);
            s0 = Lanes.MultiplyAdd(q, Vector256.Load(key + i), s0);
            s1 = Lanes.MultiplyAdd(q, Vector256.Load(key1 + i), s1);
            s2 = Lanes.MultiplyAdd(q, Vector256.Load(key2 + i), s2);
            s3 = Lanes.MultiplyAdd(q, Vector256.Load(key3 + i), s3);
        }
        if (i < width)
        {
            int rest = width - i;
            Vector256<float> q = Lanes.LoadFirst(query + i, rest);
            s0 = Lanes.MultiplyAdd(q, Lanes.LoadFirst(key + i, rest), s0);
            s1 = Lanes.MultiplyAdd(q, Lanes.LoadFirst(key1 + i, rest), s1);
            s2 = Lanes.MultiplyAdd(q, Lanes.LoadFirst(key2 + i, rest), s2);
            s3 = Lanes.MultiplyAdd(q, Lanes.LoadFirst(key3 + i, rest), s3);
        }
        return Lanes.Sums(s0, s1, s2, s3);
    }

    /// <summary>Products become scores: scale, cap, position bias.</summary>
    public static void Shape(float* scores, AttentionSettings settings, int head, int first, int end, int position)
    {
        var values = new Span<float>(scores, end - first);
        TensorPrimitives.Multiply(values, settings.Scale, values);
        if (settings.SoftCap != 0)
            foreach (ref float score in values)
                score = settings.SoftCap * Elementary.Tanh(Vector256.Create(score / settings.SoftCap)).ToScalar();
        if (settings.AlibiSlopes is { } slopes)
            for (int i = 0; i < values.Length; i++)
                values[i] += slopes[head] * (first + i - position);
    }

    /// <summary>pattern = softmax(scores), with a sink in the sum; all zeros where everything is masked. May be in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Softmax(float* pattern, float* scores, int count, float sink)
    {
        Vector256<float> most = Vector256.Create(sink);
        int i = 0;
        for (; i + 8 <= count; i += 8)
            most = Vector256.Max(most, Vector256.Load(scores + i));
        float highest = float.NegativeInfinity;
        for (int lane = 0; lane < 8; lane++)
            highest = MathF.Max(highest, most.GetElement(lane));
        for (; i < count; i++)
            highest = MathF.Max(highest, scores[i]);
        if (float.IsNegativeInfinity(highest))
        {
            new Span<float>(pattern, count).Clear();
            return;
        }

        Vector256<float> top = Vector256.Create(highest), sum = default;
        for (i = 0; i + 8 <= count; i += 8)
        {
            Vector256<float> e = Vector256.Exp(Vector256.Load(scores + i) - top);
            e.Store(pattern + i);
            sum += e;
        }
        if (i < count)
        {
            Vector256<float> e = Vector256.Exp(LoadMasked(scores + i, count - i) - top);
            Lanes.StoreFirst(e, pattern + i, count - i);
            sum += e;
        }
        float total = Lanes.Sum(sum);
        if (!float.IsNegativeInfinity(sink))
            total += MathF.Exp(sink - highest);
        Vector256<float> inverse = Vector256.Create(1f / total);
        for (i = 0; i + 8 <= count; i += 8)
            (Vector256.Load(pattern + i) * inverse).Store(pattern + i);
        for (; i < count; i++)
            pattern[i] *= inverse.GetElement(0);
    }

    // A partial vector of scores; what is not there is masked.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> LoadMasked(float* scores, int count) =>
        Vector256.ConditionalSelect(Lanes.FirstLanes(count), Lanes.LoadFirst(scores, count), Vector256.Create(float.NegativeInfinity));

    /// <summary>output += Σ pattern[k] · values[k] over values that follow each other; what lies `ahead` is asked for as in <see cref="Products"/>.</summary>
    public static void Mix(float* output, float* pattern, float* values, int width, int count, float* ahead)
    {
        int d = 0;
        for (; d + 64 <= width; d += 64)
            MixEight(output + d, pattern, values + d, width, count, ahead == null ? null : ahead + d);
        for (; d < width; d += 8)
            MixOne(output + d, pattern, values + d, width, Math.Min(8, width - d), count);
    }

    // Eight vectors of sums: enough to hide the latency of their additions.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MixEight(float* output, float* pattern, float* values, int width, int count, float* ahead)
    {
        Vector256<float> s0 = Vector256.Load(output), s1 = Vector256.Load(output + 8), s2 = Vector256.Load(output + 16), s3 = Vector256.Load(output + 24);
        Vector256<float> s4 = Vector256.Load(output + 32), s5 = Vector256.Load(output + 40), s6 = Vector256.Load(output + 48), s7 = Vector256.Load(output + 56);
        for (int k = 0; k < count; k++, values += width)
        {
            if (ahead != null)
                Lanes.Prefetch(ahead + ((long)k * width), 64);
            Vector256<float> p = Vector256.Create(pattern[k]);
            s0 = Lanes.MultiplyAdd(p, Vector256.Load(values), s0);
            s1 = Lanes.MultiplyAdd(p, Vector256.Load(values + 8), s1);
            s2 = Lanes.MultiplyAdd(p, Vector256.Load(values + 16), s2);
            s3 = Lanes.MultiplyAdd(p, Vector256.Load(values + 24), s3);
            s4 = Lanes.MultiplyAdd(p, Vector256.Load(values + 32), s4);
            s5 = Lanes.MultiplyAdd(p, Vector256.Load(values + 40), s5);
            s6 = Lanes.MultiplyAdd(p, Vector256.Load(values + 48), s6);
            s7 = Lanes.MultiplyAdd(p, Vector256.Load(values + 56), s7);
        }
        s0.Store(output);
        s1.Store(output + 8);
        s2.Store(output + 16);
        s3.Store(output + 24);
        s4.Store(output + 32);
        s5.Store(output + 40);
        s6.Store(output + 48);
        s7.Store(output + 56);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MixOne(float* output, float* pattern, float* values, int width, int lanes, int count)
    {
        Vector256<float> sum = lanes == 8 ? Vector256.Load(output) : Lanes.LoadFirst(output, lanes);
        for (int k = 0; k < count; k++, values += width)
        {
            Vector256<float> v = lanes == 8 ? Vector256.Load(values) : Lanes.LoadFirst(values, lanes);
            sum = Lanes.MultiplyAdd(Vector256.Create(pattern[k]), v, sum);
        }
        if (lanes == 8)
            sum.Store(output);
        else
            Lanes.StoreFirst(sum, output, lanes);
    }
}
