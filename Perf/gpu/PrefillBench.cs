using Managed.Cli.Bench;
using Managed.Kernels;

namespace Managed.GpuPerf;

/// <summary>Tokens of a prompt in a second, up to the first new token.</summary>
internal static class PrefillBench
{
    private const int Trial = 64, MostRuns = 9;

    public static void Run(BenchRun run)
    {
        foreach (int tokens in run.Sizes.Prompts)
            run.Figures.Try($"prompt of {tokens} tokens", () => Measure(run, tokens));
    }

    private static void Measure(BenchRun run, int tokens)
    {
        string what = $"prompt of {tokens} tokens";
        Seconds(run, Trial);
        double expected = Seconds(run, Trial) / Trial * tokens;
        if (expected > 6 * run.Sizes.Seconds)
        {
            run.Figures.Add(what, $"left out", $"it would take {expected:0} s a run, by {Trial} tokens");
            return;
        }
        var seconds = new List<double>();
        Seconds(run, tokens); // warms up what is chosen by size
        int runs = (int)Math.Clamp(run.Sizes.Seconds / Seconds(run, tokens), 1, MostRuns);
        for (int i = 0; i < runs; i++)
            seconds.Add(Seconds(run, tokens));
        double median = Spread.Of(seconds).Median;
        double multiplyAdds = Enumerable.Range(0, tokens).Sum(position => (double)TokenWork.At(run.Model, position, logits: position == tokens - 1).MultiplyAdds);
        run.Figures.Add(what, $"{tokens / median:0} tokens/s", $"{2 * multiplyAdds / median / 1e12:0.00} TFLOP/s ({median * 1e3:0.00} ms, {runs} run{(runs == 1 ? "" : "s")})");
    }

    /// <summary>Seconds from a prompt to its first new token.</summary>
    /// <param name="run">The model.</param>
    /// <param name="tokens">Length of the prompt.</param>
    /// <param name="precision">Null: the run's own.</param>
    public static double Seconds(BenchRun run, int tokens, Precision? precision = null) =>
        run.Model.Generate(run.Prompt(tokens), new GenerationOptions { MaxTokens = 1, IgnoreEndTokens = true, Precision = precision }).PrefillSeconds;
}
