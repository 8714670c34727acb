using System.Diagnostics;
using Managed.Cache;
using Managed.Cli.Bench;
using Managed.Hooks;
using Managed.Kernels;

namespace Managed.GpuPerf;

/// <summary>What it costs to read the residual stream after every block while a prompt goes through the model.</summary>
internal static class CaptureBench
{
    private const int MostPairs = 7;

    public static void Run(BenchRun run)
    {
        LanguageModel model = run.Model;
        int tokens = run.Sizes.CaptureTokens;
        model.Transformer.Precision = run.Sizes.Precision;
        Seconds(model, run.Prompt(tokens), capture: false);
        double first = Seconds(model, run.Prompt(tokens), capture: true); // gets the memory
        Check(model, run.Prompt(tokens));
        double trial = Seconds(model, run.Prompt(tokens), capture: true);
        int pairs = (int)Math.Clamp(run.Sizes.Seconds / trial / 2, 2, MostPairs);
        var (with, without) = (new List<double>(), new List<double>());
        for (int pair = 0; pair < pairs; pair++)
        {
            without.Add(Seconds(model, run.Prompt(tokens), capture: false));
            with.Add(Seconds(model, run.Prompt(tokens), capture: true));
        }
        double a = Spread.Of(with).Median, b = Spread.Of(without).Median;
        double bytes = (double)model.LayerCount * tokens * model.Width * sizeof(float);
        run.Figures.Add($"capture of {model.LayerCount} layers × {tokens} tokens", $"{(a - b) * 1e3:+0.00;-0.00} ms",
            $"{a * 1e3:0.00} ms against {b * 1e3:0.00} ms, {bytes / 1e6:0} MB of float32; the first {first * 1e3:0} ms");
        double copies = Enumerable.Range(0, pairs).Select(_ => Copies(model, tokens)).Min();
        run.Figures.Add("as much copied while nothing is computed", $"{copies * 1e3:0.00} ms", $"{bytes / copies / 1e9:0.0} GB/s");
    }

    // What is read on the way is what a hook sees that holds up the device at every block.
    private static void Check(LanguageModel model, int[] ids)
    {
        using var cache = new ActivationCache(model.HookNames);
        var (hooks, readers) = (new HookTable(model.LayerCount), new HookTable(model.LayerCount));
        var seen = new List<float[]>();
        foreach (HookAddress address in model.HookNames.Resolve("resid_post"))
            hooks.Add(address, (stream, _) => seen.Add(stream.ToArray()));
        new ActivationReader(cache, PositionFilter.All, ids.Length).Attach(readers, model.HookNames.Resolve("resid_post"));
        foreach (HookTable table in new[] { hooks, readers })
        {
            using Sequence sequence = model.Transformer.Cache.Create();
            model.Transformer.Forward([new StepInput(sequence, ids)], LogitsWanted.None, table);
        }
        for (int layer = 0; layer < model.LayerCount; layer++)
            if (!cache["resid_post", layer].Values.SequenceEqual(seen[layer]))
                throw new InvalidOperationException($"{model.Path}: what was captured after block {layer} is not what a hook saw there.");
    }

    // Seconds to bring as much to the host without a model around it.
    private static double Copies(LanguageModel model, int tokens)
    {
        using DeviceBuffer buffer = model.Device.Allocate((long)tokens * model.Width);
        var rows = new Rows(buffer, tokens, model.Width);
        Memory<float>[] kept = [.. Enumerable.Range(0, model.LayerCount).Select(_ => model.Device.RentHost(tokens * model.Width))];
        model.Device.Synchronize();
        long start = Stopwatch.GetTimestamp();
        foreach (Memory<float> target in kept)
            model.Device.Keep(target, rows);
        model.Device.Synchronize();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        foreach (Memory<float> target in kept)
            model.Device.ReturnHost(target);
        return seconds;
    }

    // The prompt's pass up to its last token's logits; what was read lies in host memory then.
    private static double Seconds(LanguageModel model, int[] ids, bool capture)
    {
        long start = Stopwatch.GetTimestamp();
        using Sequence sequence = model.Transformer.Cache.Create();
        HookTable? hooks = null;
        using var cache = new ActivationCache(model.HookNames);
        if (capture)
        {
            hooks = new HookTable(model.LayerCount);
            new ActivationReader(cache, PositionFilter.All, ids.Length).Attach(hooks, model.HookNames.Resolve("resid_post"));
        }
        Rows logits = model.Transformer.Forward([new StepInput(sequence, ids)], LogitsWanted.Last, hooks);
        float first = model.Transformer.View(logits)[0, 0];
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (!float.IsFinite(first) || (capture && !float.IsFinite(cache["resid_post", model.LayerCount - 1].Values[^1])))
            throw new InvalidOperationException($"{model.Path}: found values that are not numbers.");
        return seconds;
    }
}
