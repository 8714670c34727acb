using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Managed.Kernels;

/// <summary>
/// ln Σ e^x of float32 logits, summed in float64 in an order that their number alone fixes: pieces of a fixed size, which several threads
/// may sum, joined in their order.
/// </summary>
internal static unsafe class LogSumExp
{
    /// <summary>Logits of a piece.</summary>
    public const int Piece = 4096;

    /// <summary>The greatest logit of a piece, and Σ e^(x − greatest).</summary>
    public readonly record struct Part(double Highest, double Sum)
    {
        /// <summary>Before the first piece.</summary>
        public static Part Empty => new(double.NegativeInfinity, 0);

        /// <summary>This and the piece that follows.</summary>
        public Part With(Part next)
        {
            if (double.IsNegativeInfinity(next.Highest) || double.IsNaN(Highest) || double.IsPositiveInfinity(Highest))
                return this;
            if (double.IsNegativeInfinity(Highest) || !double.IsFinite(next.Highest))
                return next;
            return next.Highest > Highest
                ? new Part(next.Highest, (Sum * Math.Exp(Highest - next.Highest)) + next.Sum)
                : new Part(Highest, Sum + (next.Sum * Math.Exp(next.Highest - Highest)));
        }

        /// <summary>ln Σ e^x.</summary>
        public double Total => double.IsFinite(Highest) ? Highest + Math.Log(Sum) : Highest;
    }

    /// <summary>Over all of them.</summary>
    /// <returns>NaN where one is NaN; ±∞ where the greatest is.</returns>
    public static double Of(ReadOnlySpan<float> logits) => Of(logits, logits);

    /// <summary>Over the tokens that can come: those whose score is not −∞.</summary>
    public static double Of(ReadOnlySpan<float> logits, ReadOnlySpan<float> scores) => Join(logits, scores, &OfPiece);

    /// <summary>The same to float32: each e^x is rounded to it, which changes their logarithm by less than 1e-7.</summary>
    public static float Rounded(ReadOnlySpan<float> logits, ReadOnlySpan<float> scores) => (float)Join(logits, scores, &RoundedPiece);

    private static double Join(ReadOnlySpan<float> logits, ReadOnlySpan<float> scores, delegate*<ReadOnlySpan<float>, ReadOnlySpan<float>, Part> sum)
    {
        Part all = Part.Empty;
        for (int id = 0; id < logits.Length; id += Piece)
        {
            int count = Math.Min(Piece, logits.Length - id);
            all = all.With(sum(logits.Slice(id, count), scores.Slice(id, count)));
        }
        return all.Total;
    }

    /// <summary>A piece of <see cref="Rounded"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Part RoundedPiece(ReadOnlySpan<float> logits, ReadOnlySpan<float> scores)
    {
        float highest = Highest(logits, scores);
        if (!float.IsFinite(highest))
            return new Part(highest, 0);
        Vector512<double> sums = default, more = default;
        Vector512<float> by = Vector512.Create(highest);
        int id = 0;
        fixed (float* x = logits, s = scores)
            for (; id + 16 <= logits.Length; id += 16)
            {
                Vector512<float> e = Elementary.Exp(Possible(x + id, s + id) - by);
                sums += Widen(e.GetLower());
                more += Widen(e.GetUpper());
            }
        sums += more;
        return new Part(highest, Vector256.Sum(sums.GetLower() + sums.GetUpper()) + Rest(logits, scores, id, highest));
    }

    /// <summary>Of one piece, at most <see cref="Piece"/> logits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Part OfPiece(ReadOnlySpan<float> logits, ReadOnlySpan<float> scores)
    {
        float highest = Highest(logits, scores);
        if (!float.IsFinite(highest))
            return new Part(highest, 0);
        Vector512<double> sums = default, by = Vector512.Create((double)highest);
        int id = 0;
        for (; id + 8 <= logits.Length; id += 8)
            sums += Elementary.ExpOfNegative(Widen(Possible(logits, scores, id)) - by);
        return new Part(highest, Vector256.Sum(sums.GetLower() + sums.GetUpper()) + Rest(logits, scores, id, highest));
    }

    // Of those that fill no register.
    private static double Rest(ReadOnlySpan<float> logits, ReadOnlySpan<float> scores, int id, float highest)
    {
        double sum = 0;
        for (; id < logits.Length; id++)
            if (!float.IsNegativeInfinity(scores[id]))
                sum += Math.Exp((double)logits[id] - highest);
        return sum;
    }

    // The greatest that can come; NaN where one is.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Highest(ReadOnlySpan<float> logits, ReadOnlySpan<float> scores)
    {
        Vector512<float> most = Vector512.Create(float.NegativeInfinity), more = most;
        float highest = float.NegativeInfinity;
        fixed (float* x = logits, s = scores)
        {
            int id = 0;
            for (; id + 32 <= logits.Length; id += 32)
            {
                most = Vector512.Max(most, Possible(x + id, s + id));
                more = Vector512.Max(more, Possible(x + id + 16, s + id + 16));
            }
            most = Vector512.Max(most, more);
            for (; id < logits.Length; id++)
                if (!float.IsNegativeInfinity(s[id]))
                    highest = MathF.Max(highest, x[id]);
        }
        for (int lane = 0; lane < 16; lane++)
            highest = MathF.Max(highest, most.GetElement(lane));
        return highest;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Widen(Vector256<float> values) =>
        Avx512F.IsSupported ? Avx512F.ConvertToVector512Double(values) : Vector512.Create(Vector256.WidenLower(values), Vector256.WidenUpper(values));

    // Eight from `id` on, −∞ in place of what cannot come.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Possible(ReadOnlySpan<float> logits, ReadOnlySpan<float> scores, int id)
    {
        Vector256<float> never = Vector256.Create(float.NegativeInfinity);
        return Vector256.ConditionalSelect(Vector256.Equals(Vector256.Create(scores[id..]), never), never, Vector256.Create(logits[id..]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Possible(float* logits, float* scores)
    {
        Vector512<float> never = Vector512.Create(float.NegativeInfinity);
        return Vector512.ConditionalSelect(Vector512.Equals(Vector512.Load(scores), never), never, Vector512.Load(logits));
    }
}
