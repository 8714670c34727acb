using System.Diagnostics;
using Managed.Cli.Bench;
using Managed.Kernels;

namespace Managed.Peers;

/// <summary>Both engines in turn on the same files, each in a process that stays.</summary>
/// <param name="pairs">Turns of each on every case.</param>
/// <param name="tokens">Steps of decoding.</param>
/// <param name="processorClock">Count a run's time on a processor instead of the wall's, which a busy machine needs. One thread only: of several, those that wait are on a processor too.</param>
/// <param name="told">Takes a sentence now and then.</param>
internal sealed class Race(int pairs, int tokens, bool processorClock, Action<string> told)
{
    private const int WarmUps = 2;
    private const double WarmUpSeconds = 0.6; // until the runtime has compiled what is hot

    /// <summary>Races on one file.</summary>
    public IReadOnlyList<RaceResult> Run(string file, IReadOnlyList<string> cases, int threads)
    {
        if (processorClock && threads > 1)
            throw new ArgumentException("--clock processor: found several threads; expected --threads 1.");
        using EngineProcess ours = new("managed"), theirs = new("llama.cpp");
        foreach (EngineProcess engine in new[] { ours, theirs })
        {
            HostReply opened = engine.Ask(new HostRequest("open", file, threads));
            told($"{engine.Name}: {opened.Description}; {Path.GetFileName(file)} in {opened.Seconds:0.00} s");
        }
        var results = new List<RaceResult>();
        foreach (string name in cases)
            results.Add(Measure(file, RaceCase.Parse(name, tokens), threads, ours, theirs));
        return results;
    }

    private RaceResult Measure(string file, RaceCase work, int threads, EngineProcess ours, EngineProcess theirs)
    {
        var request = new HostRequest("run", Case: work.Name, Tokens: tokens);
        foreach (EngineProcess engine in new[] { ours, theirs })
        {
            long start = Stopwatch.GetTimestamp();
            for (int run = 0; run < WarmUps || Stopwatch.GetElapsedTime(start).TotalSeconds < WarmUpSeconds; run++)
                if (engine.Ask(request).Seconds > WarmUpSeconds * 4)
                    break;
            engine.WaitUntilIdle();
        }
        bool measuresBandwidth = !work.IsPrompt && !processorClock;
        double bandwidth = !measuresBandwidth ? 0 : ReadBandwidth.Measure(threads, passes: 3);
        var times = new Dictionary<bool, double[]> { [true] = new double[pairs], [false] = new double[pairs] };
        foreach (var (pair, isOurs) in RacePlan.Turns(pairs))
        {
            EngineProcess engine = isOurs ? ours : theirs;
            HostReply reply = engine.Ask(request);
            times[isOurs][pair] = processorClock ? reply.ProcessorSeconds : reply.Seconds;
            engine.WaitUntilIdle();
        }
        RaceResult result = RaceResult.Of(file, work, threads, times[true], times[false]);
        if (measuresBandwidth)
            result = WithBandwidth(result, file, work, Math.Max(bandwidth, ReadBandwidth.Measure(threads, passes: 3)));
        told(RaceReport.Line(result));
        return result;
    }

    // A step reads the weights once, and each row its own keys and values.
    private static RaceResult WithBandwidth(RaceResult result, string file, RaceCase work, double bandwidth)
    {
        using var model = LanguageModel.Load(file, new LoadOptions { Threads = 1 });
        TokenWork token = TokenWork.At(model, work.Context + (work.Tokens / 2));
        double Share(Spread rate, double cacheBytes) => rate.Median / work.Rows * (token.WeightBytes + (work.Rows * cacheBytes)) / bandwidth;
        return result with { OurBandwidth = Share(result.Ours, token.CacheBytes), TheirBandwidth = Share(result.Theirs, token.CacheBytes / 2.0) };
    }
}
