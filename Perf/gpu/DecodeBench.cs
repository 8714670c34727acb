using Managed.Cli.Bench;
using Managed.Kernels.Gpu;

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

    /// <summary>What it costs to launch each operation by itself, one row and two, in turn.</summary>
    public static void Apart(BenchRun run)
    {
        if (run.Model.Device is not GpuDevice device)
            return;
        foreach (int rows in (int[])[1, 2])
        {
            (double ratio, double apart, double joined) = run.Cost(rows, run.Sizes.Context, joins => device.Joins = joins);
            run.Figures.Add($"a launch for each operation, {rows} row{(rows == 1 ? "" : "s")}, against joined ones", $"{(ratio - 1) * 100:+0.0;-0.0} %",
                $"ratio {ratio:0.000} ({apart * 1e3:0.000} ms against {joined * 1e3:0.000} ms a step)");
        }
    }

    private static void Measure(BenchRun run, int rows)
    {
        double step = run.Step(rows, run.Sizes.Context);
        long bytes = TokenWork.At(run.Model, run.Sizes.Context).WeightBytes;
        run.Figures.Add($"decode, {rows} row{(rows == 1 ? "" : "s")}", $"{rows / step:0.0} tokens/s",
            $"{bytes / step / run.Bandwidth.Read * 100:0.0} % of the read bandwidth ({bytes / 1e9:0.000} GB of weights, {step * 1e3:0.000} ms a step)");
    }
}
