using System.Diagnostics;
using System.Runtime.Intrinsics;

namespace Managed.Kernels;

/// <summary>How fast this machine's memory can be read, by the threads that decoding uses: the limit that decoding is measured against.</summary>
internal sealed unsafe class ReadBandwidth : IParallelWork
{
    private readonly CpuBuffer buffer;
    private readonly float[] sums;

    private ReadBandwidth(CpuBuffer buffer, int workers)
    {
        this.buffer = buffer;
        sums = new float[workers * 16];
    }

    /// <summary>Bytes per second, the best of several passes over a buffer that exceeds every cache.</summary>
    public static double Measure(int threads, int megabytes = 512, int passes = 7)
    {
        using var pool = new WorkerPool(threads);
        using var buffer = new CpuBuffer((long)megabytes << 18);
        new Span<float>(buffer.Data, (int)buffer.Length).Fill(1f);
        var work = new ReadBandwidth(buffer, pool.Count);
        double best = 0;
        for (int pass = 0; pass < passes; pass++)
        {
            long start = Stopwatch.GetTimestamp();
            pool.Run(work);
            best = Math.Max(best, buffer.Length * sizeof(float) / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        if (work.sums.Sum() < 1)
            throw new DeviceException("The bandwidth test read nothing.");
        return best;
    }

    public void Run(int index, int count)
    {
        long first = buffer.Length / 32 * index / count * 32, end = buffer.Length / 32 * (index + 1) / count * 32;
        Vector256<float> a = default, b = default, c = default, d = default;
        for (float* at = buffer.Data + first, stop = buffer.Data + end; at < stop; at += 32)
        {
            a += Vector256.Load(at);
            b += Vector256.Load(at + 8);
            c += Vector256.Load(at + 16);
            d += Vector256.Load(at + 24);
        }
        sums[index * 16] = Vector256.Sum(a + b + c + d);
    }
}
