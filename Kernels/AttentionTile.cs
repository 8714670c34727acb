using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Managed.Kernels.Blocks;
using Managed.Kernels.Linear;

namespace Managed.Kernels;

/// <summary>
/// Attention of eight queries that share keys, where registers have 512 bits. Scores lie [position, 8 queries], so that a softmax goes
/// down the columns and no lanes are added up; each query's bits are those of <see cref="AttentionKernel"/>.
/// </summary>
internal unsafe struct AttentionTile
{
    /// <summary>Queries of a tile.</summary>
    public const int Queries = FloatTile.Rows;

    private const int Columns = 16; // of values: a register

    private readonly float* scores; // from position `aligned` on
    private readonly float* panel;
    private int aligned;
    private int last; // the position up to which all queries see
    private int begin; // the position from which all queries see
    private fixed int first[Queries];
    private fixed int positions[Queries];
    private fixed int heads[Queries];

    /// <param name="scores">Room for scores of as many positions as the queries see, rounded to eights at both ends.</param>
    /// <param name="panel">Room for the queries.</param>
    public AttentionTile(float* scores, float* panel)
    {
        this.scores = scores;
        this.panel = panel;
        Start = last = int.MaxValue;
    }

    /// <summary>The first position that some query sees.</summary>
    public int Start { get; private set; }

    /// <summary>Behind the last one.</summary>
    public int End { get; private set; }

    /// <summary>Whether the machine and the widths are ones that tiles compute.</summary>
    public static bool Suits(AttentionSettings settings) =>
        FloatTile.IsSupported && settings.KeyDimension % 8 == 0 && settings.ValueDimension % Columns == 0;

    /// <summary>Query q of the tile is one of `head` that sees positions `from` to `position`.</summary>
    public void Add(int q, int head, int from, int position)
    {
        (heads[q], first[q], positions[q]) = (head, from, position);
        Start = Math.Min(Start, from);
        End = Math.Max(End, position + 1);
        begin = Math.Max(begin, from);
        last = Math.Min(last, position);
        aligned = Start & ~7;
    }

    /// <summary>Takes the eight queries.</summary>
    public readonly void Pack(float** queries, int width)
    {
        for (int q = 0; q < Queries; q++)
            for (int i = 0; i < width; i += 8)
                Vector256.Load(queries[q] + i).Store(panel + (i * Queries) + (q * 8));
    }

    /// <summary>Products with keys of positions [from, to).</summary>
    public readonly void Products(int from, int to, float* keys, int width)
    {
        int k = Math.Max(from, Start), count = Math.Min(to, End) - k;
        if (count > 0)
            FloatTile.Run(Row(k), Queries, panel, keys + ((long)(k - from) * width), width, width, count, null, true, true);
    }

    /// <summary>Products of one query with keys of its own, from a position on.</summary>
    public readonly void SetScores(int q, int position, float* products, int count)
    {
        float* score = Row(position) + q;
        for (int k = 0; k < count; k++, score += Queries)
            *score = products[k];
    }

    /// <summary>One query's pattern from a position on.</summary>
    public readonly void GetPattern(int q, int position, float* pattern, int count)
    {
        float* weight = Row(position) + q;
        for (int k = 0; k < count; k++, weight += Queries)
            pattern[k] = *weight;
    }

    /// <summary>Products become the pattern.</summary>
    public readonly void Softmax(AttentionSettings settings)
    {
        Vector512<float> top = Shape(settings), zero = Vector512<float>.Zero;
        Vector256<float> sinks = Vector256.Create(float.NegativeInfinity);
        if (settings.Sinks is { } own)
        {
            sinks = OfHeads(own);
            top = Avx512F.Max(top, Packed.Join(sinks, sinks));
        }
        // Where all is masked nothing is left of the scores but zeros.
        top = Vector512.ConditionalSelect(Vector512.Equals(top, Vector512.Create(float.NegativeInfinity)), zero, top);
        Vector256<float> total = Exponentials(top);
        if (settings.Sinks is not null)
            for (int q = 0; q < Queries; q++)
                total = total.WithElement(q, total.GetElement(q) + MathF.Exp(sinks.GetElement(q) - top.GetElement(q)));
        Vector256<float> inverse = Vector256.ConditionalSelect(Vector256.Equals(total, Vector256<float>.Zero), Vector256<float>.Zero, Vector256<float>.One / total);
        Vector512<float> both = Packed.Join(inverse, inverse);
        for (float* row = scores, end = Row(Padded); row < end; row += 2 * Queries)
            (Vector512.Load(row) * both).Store(row);
    }

    // Scale, cap, position bias, mask; returns the largest score of each query, twice.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly Vector512<float> Shape(AttentionSettings settings)
    {
        Vector512<float> scale = Vector512.Create(settings.Scale), masked = Vector512.Create(float.NegativeInfinity), most = masked;
        Vector256<float> slopes = settings.AlibiSlopes is { } own ? OfHeads(own) : default;
        Vector512<int> from, to, k = Vector512.Create(aligned) + Vector512.Create(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
        fixed (int* starts = first, ends = positions)
            (from, to) = (Packed.Join(Vector256.Load(starts), Vector256.Load(starts)), Packed.Join(Vector256.Load(ends), Vector256.Load(ends)));
        int position = aligned;
        for (float* row = scores, end = Row(Padded); row < end; row += 2 * Queries, position += 2, k += Vector512.Create(2))
        {
            Vector512<float> score = Vector512.Load(row) * scale;
            if (settings.SoftCap != 0)
                score = Packed.Join(Cap(score.GetLower(), settings.SoftCap), Cap(score.GetUpper(), settings.SoftCap));
            if (settings.AlibiSlopes is not null)
                score += Packed.Join(slopes, slopes) * Vector512.ConvertToSingle(k - to);
            if (position < begin || position >= last)
                score = Vector512.ConditionalSelect((Vector512.GreaterThanOrEqual(k, from) & Vector512.LessThanOrEqual(k, to)).AsSingle(), score, masked);
            score.Store(row);
            most = Avx512F.Max(most, score);
        }
        Vector256<float> highest = Avx.Max(most.GetLower(), most.GetUpper());
        return Packed.Join(highest, highest);
    }

    private static Vector256<float> Cap(Vector256<float> score, float cap) => Vector256.Create(cap) * Elementary.Tanh(score / Vector256.Create(cap));

    // Scores become exponentials; returns their sums, in the order of Lanes: a position's lane is position mod 8.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly Vector256<float> Exponentials(Vector512<float> top)
    {
        Vector512<float> sum0 = default, sum2 = default, sum4 = default, sum6 = default; // lanes 0 and 1, 2 and 3, 4 and 5, 6 and 7
        for (float* row = scores, end = Row(Padded); row < end; row += 8 * Queries)
        {
            sum0 += Exponential(row, top);
            sum2 += Exponential(row + (2 * Queries), top);
            sum4 += Exponential(row + (4 * Queries), top);
            sum6 += Exponential(row + (6 * Queries), top);
        }
        Vector512<float> halves = (sum0 + sum4) + (sum2 + sum6);
        return halves.GetLower() + halves.GetUpper();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Exponential(float* scores, Vector512<float> top)
    {
        Vector512<float> e = Elementary.Exp(Vector512.Load(scores) - top);
        e.Store(scores);
        return e;
    }

    /// <summary>outputs[q] += Σ pattern · values over positions [from, to), in their order.</summary>
    public readonly void Mix(float** outputs, int from, int to, float* values, int width)
    {
        int start = Math.Max(from, begin), end = Math.Min(to, last + 1);
        if (start >= end)
            start = end = to; // no position that all see
        for (int q = 0; q < Queries; q++)
            MixOne(outputs[q], q, Math.Max(from, first[q]), Math.Min(start, positions[q] + 1), from, values, width);
        int column = 0;
        for (; start < end && column + (2 * Columns) <= width; column += 2 * Columns)
            MixAll<Two>(outputs, column, Row(start), values + ((long)(start - from) * width) + column, width, end - start);
        if (start < end && column < width)
            MixAll<One>(outputs, column, Row(start), values + ((long)(start - from) * width) + column, width, end - start);
        for (int q = 0; q < Queries; q++)
            MixOne(outputs[q], q, end, Math.Min(to, positions[q] + 1), from, values, width);
    }

    // Positions that not all queries see: a zero of the pattern would not do for values that are no numbers.
    private readonly void MixOne(float* output, int q, int start, int end, int from, float* values, int width)
    {
        for (int k = start; k < end; k++)
        {
            Vector512<float> p = Vector512.Create(Row(k)[q]);
            float* value = values + ((long)(k - from) * width);
            for (int i = 0; i < width; i += Columns)
                Avx512F.FusedMultiplyAdd(p, Vector512.Load(value + i), Vector512.Load(output + i)).Store(output + i);
        }
    }

    // One or two registers of columns of all queries.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MixAll<TCount>(float** outputs, int column, float* pattern, float* values, int width, int count)
        where TCount : struct, IConstant
    {
        float* o0 = outputs[0] + column, o1 = outputs[1] + column, o2 = outputs[2] + column, o3 = outputs[3] + column;
        float* o4 = outputs[4] + column, o5 = outputs[5] + column, o6 = outputs[6] + column, o7 = outputs[7] + column;
        Vector512<float> a0 = Vector512.Load(o0), a1 = Vector512.Load(o1), a2 = Vector512.Load(o2), a3 = Vector512.Load(o3);
        Vector512<float> a4 = Vector512.Load(o4), a5 = Vector512.Load(o5), a6 = Vector512.Load(o6), a7 = Vector512.Load(o7);
        Vector512<float> b0 = default, b1 = default, b2 = default, b3 = default, b4 = default, b5 = default, b6 = default, b7 = default;
        if (TCount.Value > 1)
        {
            b0 = Vector512.Load(o0 + Columns);
            b1 = Vector512.Load(o1 + Columns);
            b2 = Vector512.Load(o2 + Columns);
            b3 = Vector512.Load(o3 + Columns);
            b4 = Vector512.Load(o4 + Columns);
            b5 = Vector512.Load(o5 + Columns);
            b6 = Vector512.Load(o6 + Columns);
            b7 = Vector512.Load(o7 + Columns);
        }
        for (float* end = pattern + (count * Queries); pattern < end; pattern += Queries, values += width)
        {
            Vector512<float> v = Vector512.Load(values), w = TCount.Value > 1 ? Vector512.Load(values + Columns) : default;
            Add<TCount>(ref a0, ref b0, pattern[0], v, w);
            Add<TCount>(ref a1, ref b1, pattern[1], v, w);
            Add<TCount>(ref a2, ref b2, pattern[2], v, w);
            Add<TCount>(ref a3, ref b3, pattern[3], v, w);
            Add<TCount>(ref a4, ref b4, pattern[4], v, w);
            Add<TCount>(ref a5, ref b5, pattern[5], v, w);
            Add<TCount>(ref a6, ref b6, pattern[6], v, w);
            Add<TCount>(ref a7, ref b7, pattern[7], v, w);
        }
        Store<TCount>(o0, a0, b0);
        Store<TCount>(o1, a1, b1);
        Store<TCount>(o2, a2, b2);
        Store<TCount>(o3, a3, b3);
        Store<TCount>(o4, a4, b4);
        Store<TCount>(o5, a5, b5);
        Store<TCount>(o6, a6, b6);
        Store<TCount>(o7, a7, b7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TCount>(ref Vector512<float> a, ref Vector512<float> b, float pattern, Vector512<float> v, Vector512<float> w)
        where TCount : struct, IConstant
    {
        Vector512<float> p = Vector512.Create(pattern);
        a = Avx512F.FusedMultiplyAdd(p, v, a);
        if (TCount.Value > 1)
            b = Avx512F.FusedMultiplyAdd(p, w, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TCount>(float* output, Vector512<float> a, Vector512<float> b)
        where TCount : struct, IConstant
    {
        a.Store(output);
        if (TCount.Value > 1)
            b.Store(output + Columns);
    }

    private readonly int Padded => (End + 7) & ~7; // `aligned` is a multiple of 8, so whole eights are stored

    private readonly float* Row(int position) => scores + ((long)(position - aligned) * Queries);

    // Numbers of heads as numbers of queries.
    private readonly Vector256<float> OfHeads(float[] values)
    {
        Vector256<float> all = default;
        for (int q = 0; q < Queries; q++)
            all = all.WithElement(q, values[heads[q]]);
        return all;
    }
}
