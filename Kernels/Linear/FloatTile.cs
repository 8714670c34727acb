using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Managed.Kernels.Linear;

/// <summary>
/// Products of eight rows, that lie as a panel, with vectors, six at a time, where registers have 512 bits: a register holds the eight
/// lanes of two rows, and 24 registers of sums stay where they are while columns pass by. Each sum keeps the order of <see cref="Lanes"/>.
/// </summary>
/// <remarks>A panel is [columns / 8, 8 rows, 8].</remarks>
internal static unsafe class FloatTile
{
    /// <summary>Rows of a panel.</summary>
    public const int Rows = 8;

    /// <summary>Vectors that are computed at once.</summary>
    public const int Vectors = 6;

    /// <summary>Floats that keep a vector's sums of eight rows while its columns come in several pieces.</summary>
    public const int CarryLength = Rows * Width;

    private const int Width = 8; // columns of a step: one for each lane

    /// <summary>Whether the machine has such registers.</summary>
    public static bool IsSupported => Avx512F.IsSupported;

    /// <summary>results[v, r] = Σ panel[r]·vectors[v] over `columns` columns, a multiple of 8.</summary>
    /// <param name="results">[count, 8 rows], rows of results `resultStride` apart.</param>
    /// <param name="panel">The eight rows.</param>
    /// <param name="vectors">[count, columns], `vectorStride` apart.</param>
    /// <param name="columns">Columns of this piece.</param>
    /// <param name="count">Vectors.</param>
    /// <param name="carry">Room for sums of pieces, <see cref="CarryLength"/> for each vector; null where one piece is all.</param>
    /// <param name="isFirst">Sums begin here.</param>
    /// <param name="isLast">Sums end here; else there are no results yet.</param>
    /// <param name="resultStride">Floats between results of two vectors.</param>
    /// <param name="vectorStride">Floats between two vectors.</param>
    /// <param name="apart">0: a vector's eight results follow each other; else those of the odd rows lie so many floats behind those of the even ones.</param>
    /// <param name="ahead">Vectors that come later, as far apart: one of them for each <see cref="Vectors"/> of these is asked for meanwhile. Null: none.</param>
    public static void Run(
        float* results, nint resultStride, float* panel, float* vectors, long vectorStride, int columns, int count, float* carry, bool isFirst, bool isLast, nint apart = 0, float* ahead = null)
    {
        while (count > 0)
        {
            // Seven to nine in two halves: one or two alone would leave the multipliers idle.
            int some = count is > Vectors and < 10 ? (count + 1) / 2 : Math.Min(count, Vectors);
            int groups = some < Vectors ? 1 : Math.Max(1, (count / Vectors) - (count % Vectors is 1 or 2 or 3 ? 1 : 0));
            switch (some)
            {
                case 6 when ahead is not null: Run<Six, Asking>(results, resultStride, panel, vectors, vectorStride, columns, groups, carry, isFirst, isLast, apart, ahead); break;
                case 6: Run<Six, Silent>(results, resultStride, panel, vectors, vectorStride, columns, groups, carry, isFirst, isLast, apart, ahead); break;
                case 5: Run<Five, Silent>(results, resultStride, panel, vectors, vectorStride, columns, groups, carry, isFirst, isLast, apart, ahead); break;
                case 4: Run<Four, Silent>(results, resultStride, panel, vectors, vectorStride, columns, groups, carry, isFirst, isLast, apart, ahead); break;
                case 3: Run<Three, Silent>(results, resultStride, panel, vectors, vectorStride, columns, groups, carry, isFirst, isLast, apart, ahead); break;
                case 2: Run<Two, Silent>(results, resultStride, panel, vectors, vectorStride, columns, groups, carry, isFirst, isLast, apart, ahead); break;
                default: Run<One, Silent>(results, resultStride, panel, vectors, vectorStride, columns, groups, carry, isFirst, isLast, apart, ahead); break;
            }
            some *= groups;
            count -= some;
            vectors += some * vectorStride;
            results += some * resultStride;
            carry += some * CarryLength;
            if (ahead is not null)
                ahead += groups * vectorStride;
        }
    }

    // So many groups of TCount vectors: a call for each of them would cost a twentieth of 576 columns.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TCount, TAsks>(
        float* results, nint resultStride, float* panel, float* vectors, long vectorStride, int columns, int groups, float* carry, bool isFirst, bool isLast, nint apart, float* ahead)
        where TCount : struct, IConstant
        where TAsks : struct, IAsks
    {
        for (; groups > 0;
            groups--, vectors += TCount.Value * vectorStride, results += TCount.Value * resultStride, carry += TCount.Value * CarryLength, ahead += vectorStride)
        {
            float* x0 = vectors, x1 = x0 + vectorStride, x2 = x1 + vectorStride, x3 = x2 + vectorStride, x4 = x3 + vectorStride, x5 = x4 + vectorStride;
            Vector512<float> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
            Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default, d0 = default, d1 = default, d2 = default, d3 = default;
            Vector512<float> e0 = default, e1 = default, e2 = default, e3 = default, f0 = default, f1 = default, f2 = default, f3 = default;
            if (!isFirst)
            {
                (a0, a1, a2, a3) = Load(carry);
                if (TCount.Value > 1)
                    (b0, b1, b2, b3) = Load(carry + CarryLength);
                if (TCount.Value > 2)
                    (c0, c1, c2, c3) = Load(carry + (2 * CarryLength));
                if (TCount.Value > 3)
                    (d0, d1, d2, d3) = Load(carry + (3 * CarryLength));
                if (TCount.Value > 4)
                    (e0, e1, e2, e3) = Load(carry + (4 * CarryLength));
                if (TCount.Value > 5)
                    (f0, f1, f2, f3) = Load(carry + (5 * CarryLength));
            }
            float* w = panel;
            for (nint k = 0; k < columns; k += Width, w += Rows * Width)
            {
                if (TAsks.Ahead && (k & Width) == 0) // a line is two steps
                    Sse.Prefetch0(ahead + k);
                Vector512<float> w0 = Vector512.Load(w), w1 = Vector512.Load(w + 16), w2 = Vector512.Load(w + 32), w3 = Vector512.Load(w + 48);
                Vector512<float> x = Twice(x0 + k);
                a0 = Avx512F.FusedMultiplyAdd(w0, x, a0);
                a1 = Avx512F.FusedMultiplyAdd(w1, x, a1);
                a2 = Avx512F.FusedMultiplyAdd(w2, x, a2);
                a3 = Avx512F.FusedMultiplyAdd(w3, x, a3);
                if (TCount.Value > 1)
                {
                    x = Twice(x1 + k);
                    b0 = Avx512F.FusedMultiplyAdd(w0, x, b0);
                    b1 = Avx512F.FusedMultiplyAdd(w1, x, b1);
                    b2 = Avx512F.FusedMultiplyAdd(w2, x, b2);
                    b3 = Avx512F.FusedMultiplyAdd(w3, x, b3);
                }
                if (TCount.Value > 2)
                {
                    x = Twice(x2 + k);
                    c0 = Avx512F.FusedMultiplyAdd(w0, x, c0);
                    c1 = Avx512F.FusedMultiplyAdd(w1, x, c1);
                    c2 = Avx512F.FusedMultiplyAdd(w2, x, c2);
                    c3 = Avx512F.FusedMultiplyAdd(w3, x, c3);
                }
                if (TCount.Value > 3)
                {
                    x = Twice(x3 + k);
                    d0 = Avx512F.FusedMultiplyAdd(w0, x, d0);
                    d1 = Avx512F.FusedMultiplyAdd(w1, x, d1);
                    d2 = Avx512F.FusedMultiplyAdd(w2, x, d2);
                    d3 = Avx512F.FusedMultiplyAdd(w3, x, d3);
                }
                if (TCount.Value > 4)
                {
                    x = Twice(x4 + k);
                    e0 = Avx512F.FusedMultiplyAdd(w0, x, e0);
                    e1 = Avx512F.FusedMultiplyAdd(w1, x, e1);
                    e2 = Avx512F.FusedMultiplyAdd(w2, x, e2);
                    e3 = Avx512F.FusedMultiplyAdd(w3, x, e3);
                }
                if (TCount.Value > 5)
                {
                    x = Twice(x5 + k);
                    f0 = Avx512F.FusedMultiplyAdd(w0, x, f0);
                    f1 = Avx512F.FusedMultiplyAdd(w1, x, f1);
                    f2 = Avx512F.FusedMultiplyAdd(w2, x, f2);
                    f3 = Avx512F.FusedMultiplyAdd(w3, x, f3);
                }
            }
            if (!isLast)
            {
                Store(carry, a0, a1, a2, a3);
                if (TCount.Value > 1)
                    Store(carry + CarryLength, b0, b1, b2, b3);
                if (TCount.Value > 2)
                    Store(carry + (2 * CarryLength), c0, c1, c2, c3);
                if (TCount.Value > 3)
                    Store(carry + (3 * CarryLength), d0, d1, d2, d3);
                if (TCount.Value > 4)
                    Store(carry + (4 * CarryLength), e0, e1, e2, e3);
                if (TCount.Value > 5)
                    Store(carry + (5 * CarryLength), f0, f1, f2, f3);
                continue;
            }
            Vector512<float> two = Lanes.Sums(a0, a1, a2, a3, b0, b1, b2, b3);
            Store(results, two.GetLower(), apart);
            if (TCount.Value > 1)
                Store(results + resultStride, two.GetUpper(), apart);
            if (TCount.Value > 2)
            {
                two = Lanes.Sums(c0, c1, c2, c3, d0, d1, d2, d3);
                Store(results + (2 * resultStride), two.GetLower(), apart);
            }
            if (TCount.Value > 3)
                Store(results + (3 * resultStride), two.GetUpper(), apart);
            if (TCount.Value > 4)
            {
                two = Lanes.Sums(e0, e1, e2, e3, f0, f1, f2, f3);
                Store(results + (4 * resultStride), two.GetLower(), apart);
            }
            if (TCount.Value > 5)
                Store(results + (5 * resultStride), two.GetUpper(), apart);
        }
    }

    private interface IAsks
    {
        static abstract bool Ahead { get; }
    }

    private readonly struct Asking : IAsks
    {
        public static bool Ahead => true;
    }

    private readonly struct Silent : IAsks
    {
        public static bool Ahead => false;
    }

    // A vector's eight results.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* results, Vector256<float> eight, nint apart)
    {
        if (apart == 0)
        {
            eight.Store(results);
            return;
        }
        eight = Vector256.Shuffle(eight, Vector256.Create(0, 2, 4, 6, 1, 3, 5, 7));
        eight.GetLower().Store(results);
        eight.GetUpper().Store(results + apart);
    }

    /// <summary>The results of 16 rows whose sums are carried.</summary>
    public static Vector512<float> Sums(float* carry)
    {
        (Vector512<float> a0, Vector512<float> a1, Vector512<float> a2, Vector512<float> a3) = Load(carry);
        (Vector512<float> b0, Vector512<float> b1, Vector512<float> b2, Vector512<float> b3) = Load(carry + CarryLength);
        return Lanes.Sums(a0, a1, a2, a3, b0, b1, b2, b3);
    }

    // Eight numbers in both halves. Only for addresses without a constant offset, which the compiler scales wrongly in this instruction.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Twice(float* from) => Avx512F.BroadcastVector256ToVector512((double*)from).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<float>, Vector512<float>, Vector512<float>, Vector512<float>) Load(float* carry) =>
        (Vector512.Load(carry), Vector512.Load(carry + 16), Vector512.Load(carry + 32), Vector512.Load(carry + 48));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* carry, Vector512<float> s0, Vector512<float> s1, Vector512<float> s2, Vector512<float> s3)
    {
        s0.Store(carry);
        s1.Store(carry + 16);
        s2.Store(carry + 32);
        s3.Store(carry + 48);
    }
}
