using System.Diagnostics;
using Managed.Guards;
using Managed.Kernels;
using Managed.Sampling;

namespace Managed.Cli.Bench;

/// <summary>Measures how fast one sequence is read and continued, and what it takes.</summary>
/// <param name="promptTokens">Length of the prompt: arbitrary ids, always the same ones.</param>
/// <param name="tokens">New tokens in each run, at least 2; end tokens do not end it.</param>
/// <param name="repeat">Runs that count. At least one more comes first and does not, and as many as take the time that the runtime's compiler works beside them.</param>
internal sealed class Benchmark(int promptTokens, int tokens, int repeat)
{
    // In which methods that are called often are compiled again, on a thread of its own that takes a core from the model's.
    private static readonly TimeSpan CompilingTime = TimeSpan.FromSeconds(1.5);

    private readonly List<double> firstToken = [];
    private readonly List<double> prefillRates = [];
    private readonly List<double> decodeRates = [];
    private readonly List<double> tokenSeconds = [];
    private readonly List<double> allocated = [];
    private readonly List<double> guardedTokenSeconds = [];
    private readonly List<double> guardedRates = [];

    /// <summary>Loads the model and measures it.</summary>
    /// <param name="path">Path or hub id.</param>
    /// <param name="options">How the model is loaded; threads hold for the machine's limits too.</param>
    /// <param name="told">Takes a sentence after each run.</param>
    /// <param name="cancellation">Ends it with an <see cref="OperationCanceledException"/>.</param>
    /// <param name="guard">A guard's file, to be measured in turn with runs without it; null: none.</param>
    public BenchReport Run(string path, LoadOptions options, Action<string> told, CancellationToken cancellation, string? guard = null)
    {
        long start = Stopwatch.GetTimestamp();
        using LanguageModel model = LanguageModel.Load(path, options);
        double load = Stopwatch.GetElapsedTime(start).TotalSeconds;
        int[] prompt = Prompt(model.VocabularySize);
        using CompiledGuard? compiled = guard is null ? null : Guard.Load(guard).Compile(model);
        GenerationResult warmUp = WarmUp(model, prompt, cancellation);
        for (int run = 0; run < repeat; run++)
        {
            Measure(model, prompt, cancellation);
            if (compiled is not null)
                MeasureGuarded(model, prompt, compiled, cancellation);
            told(string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $"run {run + 1} of {repeat}: prompt {prefillRates[^1]:0.0} tokens/s, new {decodeRates[^1]:0.0} tokens/s"));
        }
        ResidentMemory memory = ResidentMemory.Now();
        BenchReport report = Report(model, warmUp, load, memory, ReadBandwidth.Measure(options.Threads), MultiplyAddRate.Measure(options.Threads));
        return compiled is null ? report : report with
        {
            Guard = compiled.Name,
            GuardedTokensPerSecond = Spread.Of(guardedRates),
            GuardCost = Spread.Of(guardedTokenSeconds).Median / report.TokenSeconds.Median,
        };
    }

    // The first result; the later ones are faster than what a user sees in the first second, and as fast as all that follows it.
    private GenerationResult WarmUp(LanguageModel model, int[] prompt, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        GenerationResult first = Generate(model, prompt, cancellation);
        while (Stopwatch.GetElapsedTime(start) < CompilingTime)
            Generate(model, prompt, cancellation);
        return first;
    }

    private BenchReport Report(LanguageModel model, GenerationResult warmUp, double load, ResidentMemory memory, double bandwidth, double multiplyAdds)
    {
        TokenWork decode = TokenWork.At(model, promptTokens + (tokens / 2));
        double prefill = Enumerable.Range(0, promptTokens).Sum(position => (double)TokenWork.At(model, position, logits: position == promptTokens - 1).MultiplyAdds);
        Spread prefillRate = Spread.Of(prefillRates), decodeRate = Spread.Of(decodeRates);
        double bytesPerSecond = decode.Bytes * decodeRate.Median, multiplied = prefill / promptTokens * prefillRate.Median;
        return new BenchReport
        {
            Model = model.Path,
            Family = model.Family,
            Parameters = model.Checkpoint.Tensors.Values.Sum(tensor => tensor.ElementCount),
            Device = model.Device.Name,
            Precision = warmUp.Precision.ToString(),
            PromptTokens = promptTokens,
            Tokens = tokens,
            LoadSeconds = load,
            FirstTokenColdSeconds = warmUp.PrefillSeconds,
            FirstTokenSeconds = Spread.Of(firstToken),
            PrefillTokensPerSecond = prefillRate,
            DecodeTokensPerSecond = decodeRate,
            TokenSeconds = Spread.Of(tokenSeconds),
            WeightBytesPerToken = decode.WeightBytes,
            CacheBytesPerToken = decode.CacheBytes,
            DecodeBytesPerSecond = bytesPerSecond,
            ReadBandwidthBytesPerSecond = bandwidth,
            BandwidthShare = bytesPerSecond / bandwidth,
            PrefillMultiplyAddsPerSecond = multiplied,
            MultiplyAddsPerSecond = multiplyAdds,
            MultiplyAddShare = multiplied / multiplyAdds,
            AllocatedBytesPerToken = Spread.Of(allocated).Median,
            ResidentBytes = memory.Bytes,
            PeakResidentBytes = memory.PeakBytes,
            ResidentFileBytes = memory.FileBytes,
        };
    }

    private void Measure(LanguageModel model, int[] prompt, CancellationToken cancellation)
    {
        int count = 0, half = tokens / 2;
        long last = 0, before = 0;
        GenerationResult result = Generate(model, prompt, cancellation, _ =>
        {
            long now = Stopwatch.GetTimestamp();
            if (count > 0)
                tokenSeconds.Add(Stopwatch.GetElapsedTime(last, now).TotalSeconds);
            if (++count == half)
                before = GC.GetTotalAllocatedBytes(precise: true);
            else if (count == tokens)
                allocated.Add((double)(GC.GetTotalAllocatedBytes(precise: true) - before) / (tokens - half));
            last = Stopwatch.GetTimestamp();
        });
        firstToken.Add(result.PrefillSeconds);
        prefillRates.Add(promptTokens / result.PrefillSeconds);
        decodeRates.Add((tokens - 1) / result.DecodeSeconds);
    }

    private void MeasureGuarded(LanguageModel model, int[] prompt, CompiledGuard guard, CancellationToken cancellation)
    {
        long last = 0;
        GenerationResult result = Generate(model, prompt, cancellation, _ =>
        {
            long now = Stopwatch.GetTimestamp();
            if (last != 0)
                guardedTokenSeconds.Add(Stopwatch.GetElapsedTime(last, now).TotalSeconds);
            last = Stopwatch.GetTimestamp();
        }, guard);
        if (result.Ids.Length < 2)
            throw new GuardException($"{guard.Name}: found an answer of {result.Ids.Length} tokens; expected {tokens}, to be measured. The receipt: {result.Receipt}");
        guardedRates.Add((result.Ids.Length - 1) / result.DecodeSeconds);
    }

    private GenerationResult Generate(
        LanguageModel model, int[] prompt, CancellationToken cancellation, Action<GeneratedToken>? onToken = null, CompiledGuard? guard = null)
    {
        cancellation.ThrowIfCancellationRequested();
        var options = new GenerationOptions { MaxTokens = tokens, IgnoreEndTokens = true, Sampling = SamplingOptions.Greedy, Guard = guard };
        GenerationResult result = model.Generate(prompt, options, onToken, cancellation);
        cancellation.ThrowIfCancellationRequested();
        return result;
    }

    private int[] Prompt(int vocabulary)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, promptTokens).Select(_ => random.Next(vocabulary))];
    }
}
