using System.CommandLine;
using System.Diagnostics;
using Managed.Cache;

namespace Managed.Perf;

/// <summary>`cache`: what it costs to fork, truncate and drop a text, by its length, and to write to a fork for the first time.</summary>
internal static class CacheVerb
{
    private const int Rounds = 400;

    public static Command Create()
    {
        var model = new Argument<string>("model");
        var lengths = new Option<int[]>("--lengths") { AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [64, 1024, 8192, 32768] };
        var command = new Command("cache", "Microseconds for fork, truncate and drop.") { model, lengths };
        command.SetAction(parsed =>
        {
            using LanguageModel loaded = LanguageModel.Load(parsed.GetRequiredValue(model));
            KeyValueCache cache = loaded.Transformer.Cache;
            Console.WriteLine($"{loaded.Path}: {cache.BytesPerPosition} bytes a position; medians (largest) of {Rounds} in microseconds");
            foreach (int length in parsed.GetRequiredValue(lengths))
                Measure(cache, length);
        });
        return command;
    }

    private static void Measure(KeyValueCache cache, int length)
    {
        using Sequence text = cache.Create();
        text.Append(new int[length]);
        var (forks, truncates, writes, drops) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (int round = 0; round < Rounds; round++)
        {
            Sequence fork = null!;
            Time(forks, () => fork = text.Fork());
            Time(truncates, () => fork.Truncate(length / 2));
            fork.Dispose();
            fork = text.Fork();
            Time(writes, () => fork.Append([1])); // copies the last page, unless the text ends with it
            Time(drops, fork.Dispose);
        }
        Console.WriteLine($"{length,7} tokens: fork {Show(forks)}, truncate to half {Show(truncates)}, first token of a fork {Show(writes)}, drop {Show(drops)}");
    }

    private static void Time(List<double> times, Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
    }

    private static string Show(List<double> times)
    {
        times.Sort();
        return $"{times[times.Count / 2]:F1} ({times[^1]:F1})";
    }
}
