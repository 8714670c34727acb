using Managed.Cli.Bench;
using Managed.Kernels;

namespace Managed.GpuPerf;

/// <summary>What exact precision costs against fast: activations stay float32.</summary>
internal static class ExactnessBench
{
    private const int Pairs = 3;

    public static void Run(BenchRun run)
    {
        foreach (int rows in run.Sizes.Batches.Prepend(1))
            Show(run, $"exact precision, {rows} row{(rows == 1 ? "" : "s")}, against fast", run.Cost(rows, run.Sizes.Context, Precision.Exact, Precision.Fast));
        if (run.Sizes.Prompts is not [int tokens, ..])
            return;
        var (exact, fast) = (new List<double>(), new List<double>());
        for (int pair = -1; pair < Pairs; pair++) // the first warms up
        {
            double a = PrefillBench.Seconds(run, tokens, Precision.Exact), b = PrefillBench.Seconds(run, tokens, Precision.Fast);
            if (pair < 0)
                continue;
            exact.Add(a);
            fast.Add(b);
        }
        double with = Spread.Of(exact).Median, without = Spread.Of(fast).Median;
        Show(run, $"exact precision, prompt of {tokens} tokens, against fast", (with / without, with, without));
    }

    private static void Show(BenchRun run, string what, (double Ratio, double With, double Without) cost) =>
        run.Figures.Add(what, $"× {cost.Ratio:0.00}", $"{cost.With * 1e3:0.000} ms against {cost.Without * 1e3:0.000} ms");
}
