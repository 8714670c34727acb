using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Managed.Kernels;
using Managed.Kernels.Blocks;
using Managed.Kernels.Linear;

namespace Managed.Perf;

/// <summary>`linear`: rates of linear layers, for each type of weights: bytes read as a share of what memory gives, and multiplications.</summary>
internal static unsafe class LinearVerb
{
    public static Command Create()
    {
        var threads = new Option<int>("--threads") { DefaultValueFactory = _ => Environment.ProcessorCount };
        var columns = new Option<int>("--columns") { Description = "inputs, a multiple of 256", DefaultValueFactory = _ => 1536 };
        var tokens = new Option<int>("--tokens") { DefaultValueFactory = _ => 1 };
        var kilobytes = new Option<int>("--kilobytes") { Description = "size of each matrix", DefaultValueFactory = _ => 131072 };
        var types = new Option<WeightType[]>("--types") { AllowMultipleArgumentsPerToken = true, Description = "only these types" };
        var command = new Command("linear", "Rates of linear layers by type of weights.") { threads, columns, tokens, kilobytes, types };
        command.SetAction(parsed =>
        {
            using var device = new CpuDevice(parsed.GetValue(threads));
            double bandwidth = ReadBandwidth.Measure(parsed.GetValue(threads));
            Console.WriteLine($"{device.Name}, memory reads at {bandwidth / 1e9:F1} GB/s, {parsed.GetValue(tokens)} tokens");
            WeightType[] asked = parsed.GetValue(types) is { Length: > 0 } some ? some : [.. BlockFormats.Known.Where(BlockFormats.IsDirect)];
            foreach (WeightType type in asked)
                foreach (Precision precision in new[] { Precision.Exact, Precision.Fast })
                    if (precision == Precision.Exact || LinearKernels.HasFast(type))
                        Measure(device, type, precision, parsed.GetValue(columns), parsed.GetValue(tokens), parsed.GetValue(kilobytes), bandwidth);
        });
        return command;
    }

    private static void Measure(CpuDevice device, WeightType type, Precision precision, int columns, int tokens, int kilobytes, double bandwidth)
    {
        long rowBytes = BlockFormats.RowBytes(type, columns);
        int rows = (int)(((long)kilobytes << 10) / rowBytes) & ~(LinearArguments.TileRows - 1);
        byte* data = (byte*)NativeMemory.Alloc((nuint)(rows * rowBytes));
        NativeMemory.Fill(data, (nuint)(rows * rowBytes), 0x2C); // as a half: 0.065
        using Weight weight = device.CreateWeight(new WeightSource { Data = data, Type = type, Rows = rows, Columns = columns });
        using DeviceBuffer input = device.Allocate((long)tokens * columns), output = device.Allocate((long)tokens * rows);
        device.Span(input, 0, tokens * columns).Fill(0.5f);
        Projection[] layer = [new Projection(new Rows(output, tokens, rows), weight)];
        for (int step = 0; step <= CpuWeight.StepsBeforePacking; step++)
            device.Linear([new Projection(new Rows(output, 1, rows), weight)], new Rows(input, 1, columns), precision); // after which the rows are packed, as a model's are
        var times = new List<double>();
        var all = Stopwatch.StartNew();
        while (times.Count < 5 || all.ElapsedMilliseconds < 1000) // long enough for methods to be compiled again
        {
            long start = Stopwatch.GetTimestamp();
            device.Linear(layer, new Rows(input, tokens, columns), precision);
            times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        times.Sort();
        double best = times[0], median = times[times.Count / 2], bytes = rows * (double)rowBytes;
        Console.WriteLine($"{type,-7} {precision,-6} {bytes / best / 1e9,6:F1} GB/s ({bytes / best / bandwidth,4:P0} of memory), "
            + $"{(double)rows * columns * tokens / best / 1e9,7:F1} G multiplications/s; median {median / best:F2} of the best time");
        NativeMemory.Free(data);
    }
}
