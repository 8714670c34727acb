using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Managed.Kernels.Linear;

namespace Managed.Kernels;

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
    /// scores[k] = query · keys[k] for keys that follow each other. What lies `ahead` (null: nothing) is asked for on the way: `share` floats
    /// with each key.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Products(float* scores, float* query, float* keys, int width, int count, float* ahead, int share)
    {
        int k = 0;
        for (; k + 4 <= count; k += 4, keys += 4L * width)
        {
            if (ahead != null)
                Lanes.Prefetch(ahead + ((long)k * share), 4 * share);
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
        int scaled = 0;
        for (; scaled + 8 <= values.Length; scaled += 8)
            (Vector256.Load(scores + scaled) * settings.Scale).Store(scores + scaled);
        for (; scaled < values.Length; scaled++)
            scores[scaled] *= settings.Scale;
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
        if (i < count)
            most = Vector256.Max(most, LoadMasked(scores + i, count - i));
        float highest = Largest(most);
        if (float.IsNegativeInfinity(highest))
        {
            new Span<float>(pattern, count).Clear();
            return;
        }

        Vector256<float> top = Vector256.Create(highest), sum = default;
        i = 0;
        for (; Avx512F.IsSupported && i + 16 <= count; i += 16)
        {
            Vector512<float> e = Elementary.Exp(Vector512.Load(scores + i) - Vector512.Create(highest));
            e.Store(pattern + i);
            sum += e.GetLower();
            sum += e.GetUpper();
        }
        for (; i + 8 <= count; i += 8)
        {
            Vector256<float> e = Elementary.Exp(Vector256.Load(scores + i) - top);
            e.Store(pattern + i);
            sum += e;
        }
        if (i < count)
        {
            Vector256<float> e = Elementary.Exp(LoadMasked(scores + i, count - i) - top);
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

    private static float Largest(Vector256<float> values)
    {
        Vector128<float> four = Vector128.Max(values.GetLower(), values.GetUpper());
        four = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }

    // A partial vector of scores; what is not there is masked.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> LoadMasked(float* scores, int count) =>
        Vector256.ConditionalSelect(Lanes.FirstLanes(count), Lanes.LoadFirst(scores, count), Vector256.Create(float.NegativeInfinity));

    /// <summary>
    /// output += Σ pattern[k] · values[k] over values that follow each other, `stride` apart, of which `width` columns are summed. With every
    /// so many values (`turn`) one of those that lie `ahead` (null: nothing) is asked for: as many heads that share values ask for them by turns.
    /// </summary>
    public static void Mix(float* output, float* pattern, float* values, int stride, int width, int count, float* ahead, int turn)
    {
        int d = 0;
        if (Avx512F.IsSupported)
        {
            for (; d + 64 <= width; d += 64)
                MixFour(output + d, pattern, values + d, stride, count, ahead == null ? null : ahead + d, turn);
            for (; d + 32 <= width; d += 32)
                MixTwo(output + d, pattern, values + d, stride, count, ahead == null ? null : ahead + d, turn);
        }
        for (; d + 64 <= width; d += 64)
            MixEight(output + d, pattern, values + d, stride, count, ahead == null ? null : ahead + d, turn);
        for (; d < width; d += 8)
            MixOne(output + d, pattern, values + d, stride, Math.Min(8, width - d), count);
    }

    // As many vectors of sums as hide the latency of their additions, or nearly.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MixFour(float* output, float* pattern, float* values, int stride, int count, float* ahead, int turn)
    {
        Vector512<float> s0 = Vector512.Load(output), s1 = Vector512.Load(output + 16), s2 = Vector512.Load(output + 32), s3 = Vector512.Load(output + 48);
        for (int k = 0, asked = ahead == null ? count : 0; k < count; k++, values += stride)
        {
            if (k == asked)
            {
                Lanes.Prefetch(ahead, 64);
                ahead += (long)turn * stride;
                asked += turn;
            }
            Vector512<float> p = Vector512.Create(pattern[k]);
            s0 = Avx512F.FusedMultiplyAdd(p, Vector512.Load(values), s0);
            s1 = Avx512F.FusedMultiplyAdd(p, Vector512.Load(values + 16), s1);
            s2 = Avx512F.FusedMultiplyAdd(p, Vector512.Load(values + 32), s2);
            s3 = Avx512F.FusedMultiplyAdd(p, Vector512.Load(values + 48), s3);
        }
        s0.Store(output);
        s1.Store(output + 16);
        s2.Store(output + 32);
        s3.Store(output + 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MixTwo(float* output, float* pattern, float* values, int stride, int count, float* ahead, int turn)
    {
        Vector512<float> s0 = Vector512.Load(output), s1 = Vector512.Load(output + 16);
        for (int k = 0, asked = ahead == null ? count : 0; k < count; k++, values += stride)
        {
            if (k == asked)
            {
                Lanes.Prefetch(ahead, 32);
                ahead += (long)turn * stride;
                asked += turn;
            }
            Vector512<float> p = Vector512.Create(pattern[k]);
            s0 = Avx512F.FusedMultiplyAdd(p, Vector512.Load(values), s0);
            s1 = Avx512F.FusedMultiplyAdd(p, Vector512.Load(values + 16), s1);
        }
        s0.Store(output);
        s1.Store(output + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MixEight(float* output, float* pattern, float* values, int stride, int count, float* ahead, int turn)
    {
        Vector256<float> s0 = Vector256.Load(output), s1 = Vector256.Load(output + 8), s2 = Vector256.Load(output + 16), s3 = Vector256.Load(output + 24);
        Vector256<float> s4 = Vector256.Load(output + 32), s5 = Vector256.Load(output + 40), s6 = Vector256.Load(output + 48), s7 = Vector256.Load(output + 56);
        for (int k = 0, asked = ahead == null ? count : 0; k < count; k++, values += stride)
        {
            if (k == asked)
            {
                Lanes.Prefetch(ahead, 64);
                ahead += (long)turn * stride;
                asked += turn;
            }
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
