using Managed.Guards;

namespace Managed.GpuPerf;

/// <summary>What guards cost, as ratios to the same steps without them, in turn.</summary>
internal static class GuardBench
{
    /// <summary>A vector added after every block, one row.</summary>
    public static void Steering(BenchRun run)
    {
        using CompiledGuard guard = Everywhere(run, 0);
        Show(run, $"steering at all {run.Model.LayerCount} layers, 1 row, against none", run.Cost(1, run.Sizes.Context, _ => guard));
    }

    /// <summary>As many programs as rows, each with vectors of its own after every block.</summary>
    public static void Programs(BenchRun run)
    {
        int rows = run.Sizes.Programs;
        CompiledGuard[] guards = [.. Enumerable.Range(0, rows).Select(row => Everywhere(run, row))];
        try
        {
            Show(run, $"{rows} rows with {rows} programs, against none", run.Cost(rows, 1, row => guards[row]));
        }
        finally
        {
            Array.ForEach(guards, guard => guard.Dispose());
        }
    }

    /// <summary>Guided decoding: a second lane of the same weights, one row.</summary>
    public static void Lanes(BenchRun run)
    {
        using CompiledGuard twin = new GuardProgram
        {
            Lanes = [new GuardLaneSource("twin")],
            Logits = [new GuardLogits("union") { Lane = "twin", Strength = 0.5f }],
        }.Compile(run.Model);
        Show(run, "two lanes, 1 row, against one lane", run.Cost(1, run.Sizes.Context, _ => twin));
    }

    private static void Show(BenchRun run, string what, (double Ratio, double With, double Without) cost) =>
        run.Figures.Add(what, $"{(cost.Ratio - 1) * 100:+0.0;-0.0} %", $"ratio {cost.Ratio:0.000} ({cost.With * 1e3:0.000} ms against {cost.Without * 1e3:0.000} ms a step)");

    private static CompiledGuard Everywhere(BenchRun run, int row) => Guard.Define(guard =>
    {
        float[] vector = Vector(run.Model.Width, row);
        for (int layer = 0; layer < run.Model.LayerCount; layer++)
            guard.At(GuardPoints.ResidPost(layer)).From(GuardPoints.LastPromptToken).Add(vector, 0.01f + (row * 1e-4f));
    }).Compile(run.Model);

    private static float[] Vector(int width, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, width).Select(_ => (float)(random.NextDouble() - 0.5) / MathF.Sqrt(width))];
    }
}
