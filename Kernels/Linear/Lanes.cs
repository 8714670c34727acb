using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Managed.Kernels.Linear;

/// <summary>
/// The order of additions that every kernel keeps: element k of a row belongs to lane k mod 8; each lane adds its
/// products in order; at the end the lanes are added in pairs. It depends on the row alone, never on what is computed beside it.
/// </summary>
internal static unsafe class Lanes
{
    /// <summary>sum + a·b in each lane, rounded once where the machine can.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> MultiplyAdd(Vector256<float> a, Vector256<float> b, Vector256<float> sum) =>
        Fma.IsSupported ? Fma.MultiplyAdd(a, b, sum) : Vector256.MultiplyAddEstimate(a, b, sum);

    /// <summary>((0+4)+(2+6)) + ((1+5)+(3+7)).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector256<float> lanes)
    {
        return Last(lanes.GetLower() + lanes.GetUpper());
    }

    /// <summary><see cref="Sum"/> of four vectors, the same bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Sums(Vector256<float> a, Vector256<float> b, Vector256<float> c, Vector256<float> d)
    {
        Vector128<float> a4 = a.GetLower() + a.GetUpper(), b4 = b.GetLower() + b.GetUpper(); // 0+4, 1+5, 2+6, 3+7
        Vector128<float> c4 = c.GetLower() + c.GetUpper(), d4 = d.GetLower() + d.GetUpper();
        if (!Sse.IsSupported)
            return Vector128.Create(Last(a4), Last(b4), Last(c4), Last(d4));
        Vector128<float> ab = Sse.UnpackLow(a4, b4) + Sse.UnpackHigh(a4, b4); // even of a, even of b, odd of a, odd of b
        Vector128<float> cd = Sse.UnpackLow(c4, d4) + Sse.UnpackHigh(c4, d4);
        return Sse.MoveLowToHigh(ab, cd) + Sse.MoveHighToLow(cd, ab);
    }

    /// <summary><see cref="Sum"/> of 16 rows, a register for each lane of all of them, the same bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> SumOfLanes(
        Vector512<float> s0, Vector512<float> s1, Vector512<float> s2, Vector512<float> s3, Vector512<float> s4, Vector512<float> s5, Vector512<float> s6, Vector512<float> s7) =>
        ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7));

    /// <summary>The same of sums in memory: [8 lanes, 16 rows].</summary>
    public static Vector512<float> SumOfLanes(float* sums) => SumOfLanes(
        Vector512.Load(sums), Vector512.Load(sums + 16), Vector512.Load(sums + 32), Vector512.Load(sums + 48),
        Vector512.Load(sums + 64), Vector512.Load(sums + 80), Vector512.Load(sums + 96), Vector512.Load(sums + 112));

    /// <summary>
    /// <see cref="Sum"/> of 16 rows of lanes, two in each register, the same bits: the eight of a0…a3, then the eight of b0…b3.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sums(
        Vector512<float> a0, Vector512<float> a1, Vector512<float> a2, Vector512<float> a3,
        Vector512<float> b0, Vector512<float> b1, Vector512<float> b2, Vector512<float> b3)
    {
        Vector512<double> a = Pairs(Halves(a0, a1), Halves(a2, a3)).AsDouble(), b = Pairs(Halves(b0, b1), Halves(b2, b3)).AsDouble();
        Vector512<float> sums = Avx512F.UnpackLow(a, b).AsSingle() + Avx512F.UnpackHigh(a, b).AsSingle(); // of r, r + 4 of both, in quarter r
        return Avx512F.PermuteVar16x32(sums, Vector512.Create(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    }

    // 0+4, 1+5, 2+6, 3+7 of four rows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Halves(Vector512<float> a, Vector512<float> b) =>
        Avx512F.Shuffle4x128(a, b, 0b10_00_10_00) + Avx512F.Shuffle4x128(a, b, 0b11_01_11_01);

    // Even lanes of two, then odd lanes of two.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Pairs(Vector512<float> a, Vector512<float> b) => Avx512F.UnpackLow(a, b) + Avx512F.UnpackHigh(a, b);

    private static float Last(Vector128<float> four) => (four.GetElement(0) + four.GetElement(2)) + (four.GetElement(1) + four.GetElement(3));

    /// <summary>The first `count` (below 8) elements, zeros after them.</summary>
    /// <remarks>A call would push its caller's sums out of their registers.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadFirst(float* from, int count) =>
        Avx.IsSupported ? Avx.MaskLoad(from, FirstLanes(count)) : LoadOneByOne(from, count);

    private static Vector256<float> LoadOneByOne(float* from, int count)
    {
        float* padded = stackalloc float[8];
        for (int i = 0; i < 8; i++)
            padded[i] = i < count ? from[i] : 0;
        return Vector256.Load(padded);
    }

    /// <summary>Writes the first `count` (below 8) elements.</summary>
    public static void StoreFirst(Vector256<float> values, float* to, int count)
    {
        for (int i = 0; i < count; i++)
            to[i] = values.GetElement(i);
    }

    /// <summary>Asks for `count` floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(float* from, int count)
    {
        if (Sse.IsSupported)
            for (int i = 0; i < count; i += 16)
                Sse.Prefetch0(from + i);
    }

    /// <summary>Bytes of a page, whose address is looked up at once; the processor's own prefetching stays in it.</summary>
    public const int Page = 4096;

    /// <summary>Asks for a line of each page that holds some of `count` floats, so that the pages' addresses are known when the floats are wanted.</summary>
    public static void PrefetchPages(float* from, int count)
    {
        if (!Sse.IsSupported)
            return;
        byte* end = (byte*)(from + count);
        for (byte* at = (byte*)from; at < end; at = (byte*)(((nint)at & ~(Page - 1)) + Page))
            Sse.Prefetch0(at);
    }

    /// <summary>All bits set in the first `count` lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> FirstLanes(int count) =>
        Vector256.LessThan(Vector256.Create(0, 1, 2, 3, 4, 5, 6, 7), Vector256.Create(count)).AsSingle();

    /// <summary>Σ a·b.</summary>
    public static float Dot(float* a, float* b, int count)
    {
        Vector256<float> sum = Vector256<float>.Zero;
        int i = 0;
        for (; i + 8 <= count; i += 8)
            sum = MultiplyAdd(Vector256.Load(a + i), Vector256.Load(b + i), sum);
        if (i < count)
            sum = MultiplyAdd(LoadFirst(a + i, count - i), LoadFirst(b + i, count - i), sum);
        return Sum(sum);
    }

    /// <summary>Elements of a cache line.</summary>
    public const int Line = 16;

    /// <summary>Lines that hold so many elements.</summary>
    public static int LineCount(int count) => (count + Line - 1) / Line;

    /// <summary>
    /// Σ a², in another order than <see cref="Dot"/>: of each line by itself, as whoever has that line at hand computes it, then of all lines' sums,
    /// where line l belongs to lane l mod 4.
    /// </summary>
    public static float SumOfSquares(float* a, int count)
    {
        Vector128<float> sum = default;
        int i = 0;
        for (; i + (4 * Line) <= count; i += 4 * Line)
            sum += Sums(SquaresOfLine(a + i), SquaresOfLine(a + i + Line), SquaresOfLine(a + i + (2 * Line)), SquaresOfLine(a + i + (3 * Line)));
        for (int lane = 0; i < count; i += Line, lane++)
            sum = sum.WithElement(lane, sum.GetElement(lane) + (i + Line <= count ? Sum(SquaresOfLine(a + i)) : Dot(a + i, a + i, count - i)));
        return Last(sum);
    }

    /// <summary>Two sums over lines, each as <see cref="SumOfSquares"/> gives it.</summary>
    /// <param name="first">Of the first numbers.</param>
    /// <param name="second">Of the second ones.</param>
    /// <param name="pairs">Two numbers for each line.</param>
    /// <param name="lines">How many lines.</param>
    public static void SumsOfLines(out float first, out float second, float* pairs, int lines)
    {
        Vector256<float> sum = default;
        int line = 0;
        for (; line + 4 <= lines; line += 4)
            sum += Vector256.Load(pairs + (2 * line));
        sum += LoadFirst(pairs + (2 * line), 2 * (lines - line));
        (Vector128<float> low, Vector128<float> high) = (sum.GetLower(), sum.GetUpper()); // lanes 0 and 1, 2 and 3 of both
        Vector128<float> halves = low + high;
        first = halves.GetElement(0) + halves.GetElement(2);
        second = halves.GetElement(1) + halves.GetElement(3);
    }

    /// <summary>The squares of a line's elements, in eight sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> SquaresOfLine(float* a)
    {
        Vector256<float> first = Vector256.Load(a), second = Vector256.Load(a + 8);
        return MultiplyAdd(second, second, first * first);
    }
}
