using System.CommandLine;
using Managed.Kernels;

namespace Managed.Perf;

/// <summary>`bandwidth`: how fast memory can be read, which bounds decoding.</summary>
internal static class BandwidthVerb
{
    public static Command Create()
    {
        var megabytes = new Option<int>("--megabytes") { Description = "size of what is read", DefaultValueFactory = _ => 512 };
        var command = new Command("bandwidth", "Reads a buffer that exceeds every cache, on 1, 2, 4 … threads.") { megabytes };
        command.SetAction(parsed =>
        {
            for (int threads = 1; threads <= Environment.ProcessorCount; threads *= 2)
                Console.WriteLine($"{threads} threads: {ReadBandwidth.Measure(threads, parsed.GetValue(megabytes)) / 1e9:F1} GB/s");
        });
        return command;
    }
}
