using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Managed.Kernels;
using Managed.Kernels.Gpu;

namespace Managed.GpuPerf;

/// <summary>`bench`: figures of speed on models of real sizes, all in one process so that their ratios are fair.</summary>
internal static class BenchVerb
{
    /// <summary>What `--only` takes.</summary>
    public static readonly IReadOnlyDictionary<string, Action<BenchRun>> Benches = new Dictionary<string, Action<BenchRun>>
    {
        ["decode"] = DecodeBench.Alone,
        ["apart"] = DecodeBench.Apart,
        ["batch"] = DecodeBench.Together,
        ["prefill"] = PrefillBench.Run,
        ["steering"] = GuardBench.Steering,
        ["programs"] = GuardBench.Programs,
        ["lanes"] = GuardBench.Lanes,
        ["capture"] = CaptureBench.Run,
        ["exact"] = ExactnessBench.Run,
    };

    public static Command Create(TextWriter output)
    {
        Option<string> device = Verbs.DeviceOption();
        Option<Precision> precision = Verbs.PrecisionOption();
        var shapes = new Option<string>("--shapes") { Description = $"Of {string.Join(", ", ModelShape.All.Select(shape => shape.Name))}, separated by commas.", DefaultValueFactory = _ => "1.1b,8b" };
        var types = new Option<string>("--types") { Description = "Types of weights, of bf16, q8_0 and q4_0.", DefaultValueFactory = _ => "bf16,q8_0,q4_0" };
        var only = new Option<string>("--only") { Description = $"Of {string.Join(", ", Benches.Keys)}.", DefaultValueFactory = _ => string.Join(',', Benches.Keys) };
        var seconds = new Option<double>("--seconds") { Description = "About so long for each figure.", DefaultValueFactory = _ => 2 };
        var batches = new Option<string>("--batches") { Description = "Rows that are decoded together.", DefaultValueFactory = _ => "16,64" };
        var prompts = new Option<string>("--prompts") { Description = "Lengths of prompts.", DefaultValueFactory = _ => "512,2048" };
        var context = new Option<int>("--context") { Description = "Tokens before those that are decoded.", DefaultValueFactory = _ => 64 };
        var rows = new Option<int>("--programs") { Description = "Rows with a program each.", DefaultValueFactory = _ => 256 };
        var captured = new Option<int>("--capture-tokens") { Description = "Length of the prompt whose stream is captured.", DefaultValueFactory = _ => 512 };
        var deterministic = new Option<bool>("--deterministic") { Description = "The same bits for a row in any batch." };
        var megabytes = new Option<int>("--megabytes") { Description = "Memory that is read to measure the bandwidth.", DefaultValueFactory = _ => 4096 };
        var command = new Command("bench", "Bandwidth, decoding, prompts, guards, capture; exit code 1 if a figure fails.")
        {
            device, precision, shapes, types, only, seconds, batches, prompts, context, rows, captured, megabytes, deterministic,
        };
        command.SetAction(parsed =>
        {
            var sizes = new BenchSizes(parsed.GetValue(seconds), Numbers(parsed.GetValue(batches)!), Numbers(parsed.GetValue(prompts)!), parsed.GetValue(context), parsed.GetValue(rows), parsed.GetValue(captured), parsed.GetValue(precision));
            string name = parsed.GetValue(device)!;
            ModelShape[] wanted = [.. Names(parsed.GetValue(shapes)!).Select(ModelShape.Of)];
            WeightType[] stored = [.. Names(parsed.GetValue(types)!).Select(type => Enum.Parse<WeightType>(type, ignoreCase: true))];
            string[] chosen = [.. Names(parsed.GetValue(only)!)];
            if (chosen.FirstOrDefault(bench => !Benches.ContainsKey(bench)) is { } unknown)
                throw new ArgumentException($"--only: found '{unknown}'; expected {string.Join(", ", Benches.Keys)}.");
            var figures = new Figures(output);
            DeviceBandwidth bandwidth = DeviceBandwidth.Measure(name, parsed.GetValue(megabytes));
            figures.Title($"device {name}");
            figures.Add("memory, read by a kernel", $"{bandwidth.Read / 1e9:0.0} GB/s");
            if (bandwidth.Copy > 0)
                figures.Add("memory, copied (read and written)", $"{bandwidth.Copy / 1e9:0.0} GB/s");
            foreach (ModelShape shape in wanted)
                foreach (WeightType type in stored)
                    figures.Try($"{shape.Name} {type}", () => Measure(name, shape, type, parsed.GetValue(deterministic), chosen, figures, sizes, bandwidth));
            return figures.Failures == 0 ? 0 : 1;
        });
        return command;
    }

    private static void Measure(string name, ModelShape shape, WeightType type, bool deterministic, string[] chosen, Figures figures, BenchSizes sizes, DeviceBandwidth bandwidth)
    {
        long start = Stopwatch.GetTimestamp();
        using LanguageModel model = SyntheticModel.Load(shape, type, DeviceCatalog.Open(name, 0), sizes.Precision);
        double load = Stopwatch.GetElapsedTime(start).TotalSeconds;
        figures.Title(string.Create(CultureInfo.InvariantCulture, $"{model.Path} on {model.Device.Name}, {model.Device.Effective(sizes.Precision)} precision, {(deterministic ? "deterministic, " : "")}made in {load:0.0} s"));
        model.Device.KeepsBits = deterministic;
        var run = new BenchRun(model, figures, sizes, bandwidth);
        run.CheckFinite();
        foreach (string bench in chosen)
            figures.Try($"{model.Path} {bench}", () => Benches[bench](run));
    }

    private static IEnumerable<string> Names(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static int[] Numbers(string list) => [.. Names(list).Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
}
