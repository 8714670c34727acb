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
    private readonly CpuBuffer?[] scratch = new CpuBuffer?[workers];
    private Rows output;
    private Rows queries;
    private StepPlan plan = null!;
    private CacheLayout layout;
    private AttentionSettings settings = null!;

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
        for (int i = 0; i < scratch.Length; i++)
            if (scratch[i] is not { } room || room.Length < longest + 8)
            {
                scratch[i]?.Dispose();
                scratch[i] = new CpuBuffer(Math.Max(2L * longest, 512) + 8);
            }
        if ((long)plan.Count * settings.Heads * longest * settings.KeyDimension * 2 > WorkerPool.WorthSharing)
            pool.Run(this);
        else
            Run(0, 1);
    }

    public void Run(int index, int count)
    {
        float* scores = scratch[index]!.Data;
        // Units in turn, because later tokens see more keys and take longer; a single token's heads in runs, since neighbours share keys.
        int units = plan.Count * settings.Heads, run = plan.Count > 1 ? 0 : (units + count - 1) / count;
        int start = run == 0 ? index : index * run, step = run == 0 ? count : 1, end = run == 0 ? units : Math.Min(units, start + run);
        for (int unit = start; unit < end; unit += step)
        {
            int token = unit / settings.Heads, head = unit % settings.Heads, position = plan.Positions[token];
            int first = settings.Window > 0 ? Math.Max(0, position - settings.Window + 1) : 0;
            DeviceBuffer[] pages = plan.Pages[plan.SequenceOf[token]];
            int aligned = first & ~7, keys = position + 1 - aligned;
            for (int k = aligned; k < first; k++)
                scores[k - aligned] = float.NegativeInfinity;
            AttentionKernel.Scores(scores + (first - aligned), queries.Row(token) + (head * settings.KeyDimension),
                pages, layout, settings, head, first, position + 1, position);
            AttentionKernel.Softmax(scores, scores, keys, settings.Sinks is { } sinks ? sinks[head] : float.NegativeInfinity);
            AttentionKernel.Mix(output.Row(token) + (head * settings.ValueDimension), scores + (first - aligned),
                pages, layout, settings, head, first, position + 1);
        }
    }

    public void Dispose()
    {
        foreach (CpuBuffer? buffer in scratch)
            buffer?.Dispose();
    }
}

/// <summary>The three parts of attention for one query and one head.</summary>
internal static unsafe class AttentionKernel
{
    /// <summary>scores[k − first] for keys [first, end), seen from a query at `position`.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scores(
        float* scores, float* query, DeviceBuffer[] pages, in CacheLayout layout, AttentionSettings settings, int head, int first, int end, int position)
    {
        int width = settings.KeyDimension, keyHead = head / (settings.Heads / settings.KeyHeads);
        for (int k = first; k < end;)
        {
            int inPage = k % layout.PagePositions, stop = Math.Min(end, k - inPage + layout.PagePositions);
            float* key = pages[k / layout.PagePositions].Pointer() + layout.Key(keyHead, inPage);
            for (; k + 4 <= stop; k += 4, key += 4L * width)
                FourDots(query, key, width).Store(scores + (k - first));
            for (; k < stop; k++, key += width)
                scores[k - first] = Lanes.Dot(query, key, width);
        }
        Shape(scores, settings, head, first, end, position);
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

    // Products become scores: scale, cap, position bias.
    private static void Shape(float* scores, AttentionSettings settings, int head, int first, int end, int position)
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

    /// <summary>output = Σ pattern[k − first] · value[k] over keys [first, end).</summary>
    public static void Mix(
        float* output, float* pattern, DeviceBuffer[] pages, in CacheLayout layout, AttentionSettings settings, int head, int first, int end)
    {
        int width = settings.ValueDimension, keyHead = head / (settings.Heads / settings.KeyHeads), d = 0;
        for (; d + 64 <= width; d += 64)
            MixEight(output + d, pattern, pages, layout, keyHead, d, first, end);
        for (; d < width; d += 8)
            MixOne(output + d, pattern, pages, layout, keyHead, d, Math.Min(8, width - d), first, end);
    }

    // Eight vectors of sums: enough to hide the latency of their additions.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MixEight(float* output, float* pattern, DeviceBuffer[] pages, in CacheLayout layout, int keyHead, int from, int first, int end)
    {
        Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        for (int k = first; k < end;)
        {
            int inPage = k % layout.PagePositions, stop = Math.Min(end, k - inPage + layout.PagePositions);
            float* value = pages[k / layout.PagePositions].Pointer() + layout.Value(keyHead, inPage) + from;
            for (; k < stop; k++, value += layout.ValueDimension)
            {
                Vector256<float> p = Vector256.Create(pattern[k - first]);
                s0 = Lanes.MultiplyAdd(p, Vector256.Load(value), s0);
                s1 = Lanes.MultiplyAdd(p, Vector256.Load(value + 8), s1);
                s2 = Lanes.MultiplyAdd(p, Vector256.Load(value + 16), s2);
                s3 = Lanes.MultiplyAdd(p, Vector256.Load(value + 24), s3);
                s4 = Lanes.MultiplyAdd(p, Vector256.Load(value + 32), s4);
                s5 = Lanes.MultiplyAdd(p, Vector256.Load(value + 40), s5);
                s6 = Lanes.MultiplyAdd(p, Vector256.Load(value + 48), s6);
                s7 = Lanes.MultiplyAdd(p, Vector256.Load(value + 56), s7);
            }
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
    private static void MixOne(float* output, float* pattern, DeviceBuffer[] pages, in CacheLayout layout, int keyHead, int from, int count, int first, int end)
    {
        Vector256<float> sum = default;
        for (int k = first; k < end; k++)
        {
            float* value = pages[k / layout.PagePositions].Pointer() + layout.Value(keyHead, k % layout.PagePositions) + from;
            Vector256<float> v = count == 8 ? Vector256.Load(value) : Lanes.LoadFirst(value, count);
            sum = Lanes.MultiplyAdd(Vector256.Create(pattern[k - first]), v, sum);
        }
        if (count == 8)
            sum.Store(output);
        else
            Lanes.StoreFirst(sum, output, count);
    }
}
