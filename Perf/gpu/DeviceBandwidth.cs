using System.Diagnostics;
using ILGPU;
using ILGPU.Runtime;
using Managed.Cli.Bench;
using Managed.Kernels;
using Managed.Kernels.Gpu;

namespace Managed.GpuPerf;

/// <summary>What a device's memory gives: the limit that decoding is measured against.</summary>
/// <param name="Read">Bytes that a kernel reads in a second.</param>
/// <param name="Copy">Bytes that a copy within the device reads and writes in a second; 0: not measured.</param>
internal sealed record DeviceBandwidth(double Read, double Copy)
{
    private const int GroupSize = 256, Rounds = 9, Launches = 10;

    /// <summary>Sixteen bytes, which a thread reads at once.</summary>
    public struct Quad
    {
        public uint A;
        public uint B;
        public uint C;
        public uint D;
    }

    /// <summary>Measures a device by its name.</summary>
    /// <param name="name">As `--device` takes it.</param>
    /// <param name="megabytes">Size of what is read; many times the device's caches.</param>
    public static DeviceBandwidth Measure(string name, int megabytes)
    {
        if (name == "cpu")
            return new DeviceBandwidth(ReadBandwidth.Measure(0, megabytes), 0);
        using (DeviceCatalog.Open(name, 0))
        {
            // a device that is not there is refused in the usual words
        }
        string[] parts = name.Split(':');
        AcceleratorType type = parts[0] switch { "cuda" => AcceleratorType.Cuda, "opencl" => AcceleratorType.OpenCL, _ => AcceleratorType.CPU };
        using Context context = Context.Create(builder => builder.Default().EnableAlgorithms());
        Device device = context.Devices.Where(known => known.AcceleratorType == type).ElementAt(parts.Length > 1 ? int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture) : 0);
        using Accelerator accelerator = device.CreateAccelerator(context);
        return Measure(accelerator, ((long)megabytes << 20) / 16);
    }

    private static DeviceBandwidth Measure(Accelerator accelerator, long count)
    {
        using MemoryBuffer1D<Quad, Stride1D.Dense> data = accelerator.Allocate1D<Quad>(count), copy = accelerator.Allocate1D<Quad>(count);
        int groups = accelerator.AcceleratorType == AcceleratorType.CPU ? 2 : accelerator.NumMultiprocessors * 8;
        using MemoryBuffer1D<uint, Stride1D.Dense> sums = accelerator.Allocate1D<uint>(groups * GroupSize);
        var kernel = accelerator.LoadStreamKernel<ArrayView<Quad>, ArrayView<uint>>(Sum);
        data.MemSet(accelerator.DefaultStream, 0x5A);
        double read = Median(accelerator, () => kernel(new KernelConfig(groups, GroupSize), data.View.AsContiguous(), sums.View.AsContiguous()));
        uint expected = unchecked((uint)(count * 4) * 0x5A5A5A5Au), total = 0;
        foreach (uint sum in sums.GetAsArray1D())
            total = unchecked(total + sum);
        if (total != expected)
            throw new DeviceException($"the bandwidth test read {total:X8}; expected {expected:X8}");
        double copied = Median(accelerator, () => data.View.CopyTo(accelerator.DefaultStream, copy.View));
        return new DeviceBandwidth(count * 16 / read, count * 32 / copied);
    }

    // Seconds of one launch, of several behind each other.
    private static double Median(Accelerator accelerator, Action launch)
    {
        var seconds = new List<double>();
        int launches = accelerator.AcceleratorType == AcceleratorType.CPU ? 1 : Launches;
        for (int round = -1; round < (launches == 1 ? 1 : Rounds); round++)
        {
            accelerator.Synchronize();
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < launches; i++)
                launch();
            accelerator.Synchronize();
            if (round >= 0)
                seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds / launches);
        }
        return Spread.Of(seconds).Median;
    }

    // Each thread adds every so many-th word.
    private static void Sum(ArrayView<Quad> data, ArrayView<uint> sums)
    {
        int thread = Grid.GlobalIndex.X, stride = Grid.DimX * Group.DimX, count = (int)data.Length, at = thread;
        uint sum = 0;
        for (; at + (3 * stride) < count; at += 4 * stride)
        {
            Quad a = data[at], b = data[at + stride], c = data[at + (2 * stride)], d = data[at + (3 * stride)];
            sum += a.A + a.B + a.C + a.D + b.A + b.B + b.C + b.D + c.A + c.B + c.C + c.D + d.A + d.B + d.C + d.D;
        }
        for (; at < count; at += stride)
        {
            Quad a = data[at];
            sum += a.A + a.B + a.C + a.D;
        }
        sums[thread] = sum;
    }
}
