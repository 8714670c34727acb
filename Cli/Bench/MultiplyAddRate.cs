using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Managed.Kernels;

namespace Managed.Cli.Bench;

/// <summary>How many float32 multiplications with addition this machine makes in a second when nothing has to be loaded: the limit of a prefill.</summary>
internal sealed class MultiplyAddRate : IParallelWork
{
    private const int Rounds = 4_000_000;
    private const int Chains = 8; // enough to hide a latency of four cycles on two units

    private readonly float[] sums;

    private MultiplyAddRate(int workers) => sums = new float[workers * 16];

    private static int Lanes => Vector512.IsHardwareAccelerated ? Vector512<float>.Count : Vector256<float>.Count;

    /// <summary>Multiply-adds per second, the best of several passes.</summary>
    public static double Measure(int threads, int passes = 5)
    {
        using var pool = new WorkerPool(threads);
        var work = new MultiplyAddRate(pool.Count);
        double best = 0;
        for (int pass = 0; pass < passes; pass++)
        {
            long start = Stopwatch.GetTimestamp();
            pool.Run(work);
            best = Math.Max(best, (double)Rounds * Chains * Lanes * pool.Count / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return float.IsFinite(work.sums.Sum()) ? best : throw new DeviceException("The multiplication test overflowed.");
    }

    public void Run(int index, int count) => sums[index * 16] = Vector512.IsHardwareAccelerated ? Wide() : Narrow();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Wide()
    {
        Vector512<float> x = Vector512.Create(0.5f), y = Vector512.Create(0.25f);
        Vector512<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x;
        for (int i = 0; i < Rounds; i++)
        {
            a = Vector512.FusedMultiplyAdd(a, x, y);
            b = Vector512.FusedMultiplyAdd(b, x, y);
            c = Vector512.FusedMultiplyAdd(c, x, y);
            d = Vector512.FusedMultiplyAdd(d, x, y);
            e = Vector512.FusedMultiplyAdd(e, x, y);
            f = Vector512.FusedMultiplyAdd(f, x, y);
            g = Vector512.FusedMultiplyAdd(g, x, y);
            h = Vector512.FusedMultiplyAdd(h, x, y);
        }
        return Vector512.Sum(a + b + c + d + e + f + g + h);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Narrow()
    {
        Vector256<float> x = Vector256.Create(0.5f), y = Vector256.Create(0.25f);
        Vector256<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x;
        for (int i = 0; i < Rounds; i++)
        {
            a = Vector256.FusedMultiplyAdd(a, x, y);
            b = Vector256.FusedMultiplyAdd(b, x, y);
            c = Vector256.FusedMultiplyAdd(c, x, y);
            d = Vector256.FusedMultiplyAdd(d, x, y);
            e = Vector256.FusedMultiplyAdd(e, x, y);
            f = Vector256.FusedMultiplyAdd(f, x, y);
            g = Vector256.FusedMultiplyAdd(g, x, y);
            h = Vector256.FusedMultiplyAdd(h, x, y);
        }
        return Vector256.Sum(a + b + c + d + e + f + g + h);
    }
}
