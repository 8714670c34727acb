using Managed.Cli.Bench;

namespace Managed.GpuPerf;

/// <summary>New tokens in a second, of one row and of several together.</summary>
internal static class DecodeBench
{
    public static void Alone(BenchRun run) => Measure(run, 1);

    public static void Together(BenchRun run)
    {
        foreach (int rows in run.Sizes.Batches)
            run.Figures.Try($"decode, {rows} rows", () => Measure(run, rows));
    }

    private static void Measure(BenchRun run, int rows)
    {
        double step = run.Step(rows, run.Sizes.Context);
        long bytes = TokenWork.At(run.Model, run.Sizes.Context).WeightBytes;
        run.Figures.Add($"decode, {rows} row{(rows == 1 ? "" : "s")}", $"{rows / step:0.0} tokens/s",
            $"{bytes / step / run.Bandwidth.Read * 100:0.0} % of the read bandwidth ({bytes / 1e9:0.000} GB of weights, {step * 1e3:0.000} ms a step)");
    }
}
