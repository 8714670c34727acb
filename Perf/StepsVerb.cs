using System.CommandLine;
using System.Diagnostics;
using Managed.Cache;
using Managed.Kernels;

namespace Managed.Perf;

/// <summary>`steps`: where the time of prefill and of decoding goes, operation by operation.</summary>
internal static class StepsVerb
{
    private const int Rounds = 8;

    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "Checkpoint directory or GGUF file." };
        var threads = new Option<int>("--threads") { DefaultValueFactory = _ => Environment.ProcessorCount };
        var promptTokens = new Option<int>("--prompt-tokens") { DefaultValueFactory = _ => 128 };
        var tokens = new Option<int>("--tokens") { DefaultValueFactory = _ => 32 };
        var rows = new Option<int>("--rows") { Description = "sequences that are decoded together", DefaultValueFactory = _ => 1 };
        var forks = new Option<bool>("--forks") { Description = "they begin with the same prompt, which is in the cache once" };
        var adapter = new Option<string?>("--adapter") { Description = "a LoRA folder that all sequences use" };
        var precision = new Option<Precision>("--precision") { DefaultValueFactory = _ => Precision.Fast };
        var command = new Command("steps", "Where the time of prefill and decoding goes.") { model, threads, promptTokens, tokens, rows, forks, adapter, precision };
        command.SetAction(parsed =>
        {
            var device = new TimedDevice(new CpuDevice(parsed.GetValue(threads)));
            using LanguageModel loaded = LanguageModel.Load(parsed.GetRequiredValue(model), device, new LoadOptions());
            using Adapter? worn = parsed.GetValue(adapter) is { } folder ? loaded.LoadAdapter(folder) : null;
            Transformer transformer = loaded.Transformer;
            transformer.Precision = parsed.GetValue(precision);
            int[] prompt = [.. Enumerable.Range(0, parsed.GetValue(promptTokens)).Select(i => (i * 37) % loaded.VocabularySize)];
            Best prefill = new(), decode = new();
            for (int round = 0; round < Rounds; round++)
            {
                var sequences = new Sequence[parsed.GetValue(rows)];
                for (int row = 0; row < sequences.Length; row++)
                {
                    sequences[row] = row > 0 && parsed.GetValue(forks) ? sequences[0].Fork() : transformer.Cache.Create();
                    sequences[row].Adapter = worn;
                    if (sequences[row].Length == 0)
                        prefill.Measure(device, () => transformer.Forward([new StepInput(sequences[row], prompt)], LogitsWanted.Last));
                }
                decode.Measure(device, () =>
                {
                    for (int i = 0; i < parsed.GetValue(tokens); i++)
                        transformer.Forward([.. sequences.Select(sequence => new StepInput(sequence, prompt.AsMemory(i % prompt.Length, 1)))], LogitsWanted.Last);
                });
                Array.ForEach(sequences, sequence => sequence.Dispose());
            }
            prefill.Print($"prefill of {prompt.Length} tokens", prompt.Length);
            decode.Print($"decoding {parsed.GetValue(tokens)} tokens of {parsed.GetValue(rows)} sequences", parsed.GetValue(tokens));
        });
        return command;
    }

    /// <summary>The fastest of several rounds.</summary>
    private sealed class Best
    {
        private double seconds = double.PositiveInfinity;
        private (string Operation, double Seconds, long Calls)[] times = [];

        public void Measure(TimedDevice device, Action run)
        {
            device.Reset();
            long start = Stopwatch.GetTimestamp();
            run();
            double taken = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (taken < seconds)
                (seconds, times) = (taken, [.. device.Times]);
        }

        public void Print(string what, int tokens)
        {
            Console.WriteLine($"{what}: {seconds * 1000:F1} ms, {tokens / seconds:F1} tokens/s, the fastest of {Rounds} rounds");
            foreach ((string operation, double own, long calls) in times)
                Console.WriteLine($"  {operation,-24} {own * 1e6 / tokens,9:F1} us/token {own / seconds,6:P1} {calls,7} calls {own * 1e6 / calls,9:F1} us each");
            double rest = seconds - times.Sum(time => time.Seconds);
            Console.WriteLine($"  {"between operations",-24} {rest * 1e6 / tokens,9:F1} us/token {rest / seconds,6:P1}");
        }
    }
}
