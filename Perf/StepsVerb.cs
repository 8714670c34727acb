using System.CommandLine;
using System.Diagnostics;
using Managed.Cache;
using Managed.Kernels;

namespace Managed.Perf;

/// <summary>`steps`: where the time of prefill and of decoding goes, operation by operation.</summary>
internal static class StepsVerb
{
    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "Checkpoint directory or GGUF file." };
        var threads = new Option<int>("--threads") { DefaultValueFactory = _ => Environment.ProcessorCount };
        var promptTokens = new Option<int>("--prompt-tokens") { DefaultValueFactory = _ => 128 };
        var tokens = new Option<int>("--tokens") { DefaultValueFactory = _ => 64 };
        var precision = new Option<Precision>("--precision") { DefaultValueFactory = _ => Precision.Fast };
        var command = new Command("steps", "Where the time of prefill and decoding goes.") { model, threads, promptTokens, tokens, precision };
        command.SetAction(parsed =>
        {
            var device = new TimedDevice(new CpuDevice(parsed.GetValue(threads)));
            using LanguageModel loaded = LanguageModel.Load(parsed.GetRequiredValue(model), device, new LoadOptions());
            Transformer transformer = loaded.Transformer;
            transformer.Precision = parsed.GetValue(precision);
            int[] prompt = [.. Enumerable.Range(0, parsed.GetValue(promptTokens)).Select(i => (i * 37) % loaded.VocabularySize)];
            for (int round = 0; round < 3; round++)
            {
                using Sequence sequence = transformer.Cache.Create();
                double prefill = Measure(device, () => transformer.Forward([new StepInput(sequence, prompt)], LogitsWanted.Last));
                if (round == 2)
                    Print(device, $"prefill of {prompt.Length} tokens", prefill, prompt.Length);
                double decode = Measure(device, () =>
                {
                    for (int i = 0; i < parsed.GetValue(tokens); i++)
                        transformer.Forward([new StepInput(sequence, prompt.AsMemory(i % prompt.Length, 1))], LogitsWanted.Last);
                });
                if (round == 2)
                    Print(device, $"decoding {parsed.GetValue(tokens)} tokens", decode, parsed.GetValue(tokens));
            }
        });
        return command;
    }

    private static double Measure(TimedDevice device, Action run)
    {
        device.Reset();
        long start = Stopwatch.GetTimestamp();
        run();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static void Print(TimedDevice device, string what, double seconds, int tokens)
    {
        Console.WriteLine($"{what}: {seconds * 1000:F1} ms, {tokens / seconds:F1} tokens/s");
        foreach ((string operation, double own, long calls) in device.Times)
            Console.WriteLine($"  {operation,-24} {own * 1e6 / tokens,9:F1} us/token {own / seconds,6:P1} {calls,7} calls {own * 1e6 / calls,9:F1} us each");
        double rest = seconds - device.Times.Sum(time => time.Seconds);
        Console.WriteLine($"  {"between operations",-24} {rest * 1e6 / tokens,9:F1} us/token {rest / seconds,6:P1}");
    }
}
