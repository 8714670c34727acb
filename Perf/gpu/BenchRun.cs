using System.Diagnostics;
using Managed.Cli.Bench;
using Managed.Kernels;

namespace Managed.GpuPerf;

/// <summary>How much each bench does.</summary>
/// <param name="Seconds">About so long for each figure.</param>
/// <param name="Batches">Rows that are decoded together.</param>
/// <param name="Prompts">Lengths of prompts.</param>
/// <param name="Context">Tokens before those that are decoded.</param>
/// <param name="Programs">Rows with a program each.</param>
/// <param name="CaptureTokens">Length of the prompt whose stream is captured.</param>
/// <param name="Precision">How weights meet activations.</param>
internal sealed record BenchSizes(double Seconds, int[] Batches, int[] Prompts, int Context, int Programs, int CaptureTokens, Precision Precision);

/// <summary>A model to be measured, and where figures go.</summary>
internal sealed class BenchRun(LanguageModel model, Figures figures, BenchSizes sizes, DeviceBandwidth bandwidth)
{
    private const int FewestSteps = 8, MostSteps = 128;

    public LanguageModel Model { get; } = model;

    public Figures Figures { get; } = figures;

    public BenchSizes Sizes { get; } = sizes;

    public DeviceBandwidth Bandwidth { get; } = bandwidth;

    /// <summary>Arbitrary tokens, always the same ones.</summary>
    public int[] Prompt(int length, int row = 0) => [.. Enumerable.Range(0, length).Select(i => 3 + (((i * 37) + (row * 11)) % (Model.VocabularySize - 3)))];

    /// <summary>Refuses a model whose logits are not numbers: no figure of it would mean anything.</summary>
    public void CheckFinite()
    {
        ReadOnlySpan<float> logits = Model.Run(Prompt(5)).Output.Values;
        foreach (float logit in logits)
            if (!float.IsFinite(logit))
                throw new InvalidOperationException($"{Model.Path}: found the logit {logit}; expected numbers.");
    }

    /// <summary>Median seconds of a step in which every row gains a token.</summary>
    /// <param name="rows">Rows that are generated together.</param>
    /// <param name="context">Tokens of each row's prompt.</param>
    /// <param name="guard">The guard of a row; null: none.</param>
    public double Step(int rows, int context, Func<int, CompiledGuard?>? guard = null)
    {
        List<double> trial = Steps(rows, context, 4, guard);
        return Spread.Of(Steps(rows, context, StepsIn(Spread.Of(trial).Median), guard)).Median;
    }

    /// <summary>How much longer a step takes with guards: the ratio of medians of runs in turn, and the medians.</summary>
    public (double Ratio, double With, double Without) Cost(int rows, int context, Func<int, CompiledGuard?> guard) =>
        Cost(steps => Steps(rows, context, steps, guard), steps => Steps(rows, context, steps, null));

    private (double Ratio, double With, double Without) Cost(Func<int, List<double>> changed, Func<int, List<double>> plain)
    {
        double trial = Spread.Of(changed(4)).Median;
        plain(4);
        int steps = Math.Max(FewestSteps, StepsIn(trial) / 4);
        var (with, without) = (new List<double>(), new List<double>());
        for (int pair = 0; pair < 4; pair++)
        {
            without.AddRange(plain(steps));
            with.AddRange(changed(steps));
        }
        double a = Spread.Of(with).Median, b = Spread.Of(without).Median;
        return (a / b, a, b);
    }

    /// <summary>The same, of two precisions: the second's cost against the first.</summary>
    public (double Ratio, double With, double Without) Cost(int rows, int context, Precision with, Precision without) =>
        Cost(steps => Steps(rows, context, steps, null, with), steps => Steps(rows, context, steps, null, without));

    /// <summary>The same, of a switch: what it costs to have it off.</summary>
    public (double Ratio, double With, double Without) Cost(int rows, int context, Action<bool> turn)
    {
        try
        {
            return Cost(steps => Turned(false, steps), steps => Turned(true, steps));
        }
        finally
        {
            turn(true);
        }

        List<double> Turned(bool isOn, int steps)
        {
            turn(isOn);
            return Steps(rows, context, steps, null);
        }
    }

    private int StepsIn(double step) => (int)Math.Clamp(Sizes.Seconds / step, FewestSteps, MostSteps);

    // Seconds of each step in which all rows took part with one token.
    private List<double> Steps(int rows, int context, int steps, Func<int, CompiledGuard?>? guard, Precision? precision = null)
    {
        var seconds = new List<double>();
        int[] taken = new int[rows];
        int started = 0, most = 0;
        long last = 0;
        // Prompts go through the model one after the other: the first rows have tokens while the last wait for theirs.
        int lag = (rows * context / GenerationBatch.PromptChunk) + 1, tokens = steps + lag + 1;
        IReadOnlyList<GenerationResult> results = Model.GenerateBatch([.. Enumerable.Range(0, rows).Select(row => new GenerationRequest(Prompt(context, row), new GenerationOptions
        {
            MaxTokens = tokens,
            IgnoreEndTokens = true,
            Guard = guard?.Invoke(row),
            Precision = precision,
        }))], (row, _) =>
        {
            most = Math.Max(most, ++taken[row]);
            if (taken[row] == 1)
                started++;
            if (row != rows - 1)
                return;
            long now = Stopwatch.GetTimestamp();
            if (last != 0 && started == rows && most < tokens)
                seconds.Add(Stopwatch.GetElapsedTime(last, now).TotalSeconds);
            last = started == rows ? now : 0;
        });
        if (results.FirstOrDefault(result => result.Failure is not null)?.Failure is { } failure)
            throw failure;
        return seconds;
    }
}
