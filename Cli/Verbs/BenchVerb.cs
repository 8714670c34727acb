using System.CommandLine;
using System.Globalization;
using Managed.Cli.Bench;

namespace Managed.Cli.Verbs;

/// <summary>`managed bench`: how fast a model runs here, and how near that is to what the machine can do.</summary>
internal static class BenchVerb
{
    // Below this, weights may stay in the processor's caches.
    private const long CacheSized = 64L << 20;

    public static Command Create()
    {
        var model = Shared.Model();
        var promptTokens = new Option<int>("--prompt-tokens") { Description = "Length of the prompt, which is arbitrary.", DefaultValueFactory = _ => 128 };
        var tokens = new Option<int>("--tokens") { Description = "New tokens in each run.", DefaultValueFactory = _ => 64 };
        var repeat = new Option<int>("--repeat") { Description = "Runs that count; more come first, for 1.5 seconds.", DefaultValueFactory = _ => 5 };
        var guard = new Option<string?>("--guard") { Description = "A guard, *.guard.json, to be measured in turn with runs without it." };
        promptTokens.AtLeast(1);
        tokens.AtLeast(2);
        repeat.AtLeast(1);
        var json = JsonOutput.Option();
        var load = new LoadArguments();
        var command = new Command("bench", "Measures prefill, decoding and memory, and what share of the machine's limits they reach.") { model, promptTokens, tokens, repeat, guard, json };
        load.AddTo(command);
        command.SetAction((result, cancellation) =>
        {
            var benchmark = new Benchmark(result.GetValue(promptTokens), result.GetValue(tokens), result.GetValue(repeat));
            InvocationConfiguration streams = result.InvocationConfiguration;
            BenchReport report = benchmark.Run(result.GetRequiredValue(model), load.Read(result), sentence =>
            {
                if (Terminal.HasError(streams))
                    Terminal.Remark(streams, sentence);
            }, cancellation, result.GetValue(guard));
            if (result.GetValue(json))
                JsonOutput.Write(result, report);
            else
                Print(streams.Output, report);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static void Print(TextWriter output, BenchReport report)
    {
        string Line(string what, string value, string more = "") => $"  {what,-22} {value,14}  {more}".TrimEnd();
        string Share(double share) => string.Create(CultureInfo.InvariantCulture, $"{share:0.00}");
        string Range(Spread spread, Func<double, string> show) => $"median of {spread.Count}; {show(spread.Least)} to {show(spread.Most)}, half of them {show(spread.LowerQuartile)} to {show(spread.UpperQuartile)}";

        output.WriteLine($"{report.Model}: {report.Family}, {(report.Parameters / 1e6).ToString("0.0", CultureInfo.InvariantCulture)} M parameters; {report.Device}; {report.Precision} precision");
        output.WriteLine($"  {report.PromptTokens} prompt tokens, {report.Tokens} new tokens");
        output.WriteLine(Line("load", Amounts.Seconds(report.LoadSeconds)));
        output.WriteLine(Line("first token", Amounts.Seconds(report.FirstTokenSeconds.Median), $"{Amounts.Seconds(report.FirstTokenColdSeconds)} the first time"));
        output.WriteLine(Line("prompt tokens/s", Amounts.Rate(report.PrefillTokensPerSecond.Median), Range(report.PrefillTokensPerSecond, Amounts.Rate)));
        output.WriteLine(Line("new tokens/s", Amounts.Rate(report.DecodeTokensPerSecond.Median), Range(report.DecodeTokensPerSecond, Amounts.Rate)));
        if (report is { GuardedTokensPerSecond: { } guarded, GuardCost: { } cost })
            output.WriteLine(Line("with the guard", Amounts.Rate(guarded.Median), string.Create(CultureInfo.InvariantCulture, $"{report.Guard}: a token takes {cost:0.000} times as long; {Range(guarded, Amounts.Rate)}")));
        output.WriteLine(Line("between new tokens", Amounts.Seconds(report.TokenSeconds.Median), Range(report.TokenSeconds, Amounts.Seconds)));
        output.WriteLine(Line("a new token reads", Amounts.Bytes(report.WeightBytesPerToken + report.CacheBytesPerToken),
            $"{Amounts.Bytes(report.WeightBytesPerToken)} of weights, {Amounts.Bytes(report.CacheBytesPerToken)} of keys and values"));
        output.WriteLine(Line("decoding reads", Amounts.Giga(report.DecodeBytesPerSecond) + "B/s",
            $"{Share(report.BandwidthShare)} of the {Amounts.Giga(report.ReadBandwidthBytesPerSecond)}B/s that memory gives here"
            + (report.WeightBytesPerToken < CacheSized ? "; weights this small stay in the processor's caches, so the share says little" : "")));
        output.WriteLine(Line("the prompt multiplies", Amounts.Giga(report.PrefillMultiplyAddsPerSecond) + "/s",
            $"{Share(report.MultiplyAddShare)} of the {Amounts.Giga(report.MultiplyAddsPerSecond)} float32 multiply-adds/s that the processor makes"));
        output.WriteLine(Line("allocated per token", $"{report.AllocatedBytesPerToken.ToString("0", CultureInfo.InvariantCulture)} B", "managed memory, once running"));
        output.WriteLine(Line("resident memory", Amounts.Bytes(report.ResidentBytes),
            $"at most {Amounts.Bytes(report.PeakResidentBytes)}" + (report.ResidentFileBytes is { } files ? $"; {Amounts.Bytes(files)} of it are mapped files" : "")));
    }
}
