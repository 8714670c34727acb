using System.Diagnostics;
using System.Globalization;
using Managed.Cache;
using Managed.Cli.Bench;
using Managed.Guards;
using Managed.Guards.Published;
using Managed.Hooks;
using Managed.Kernels;
using Managed.Sampling;

namespace Managed.Perf;

/// <summary>
/// What guards cost on one model. Two generations of the same prompt run beside each other, one with the guard, and take their steps in
/// turn: both are always at the same position, so that attention costs them the same.
/// </summary>
internal sealed class GuardCosts(LanguageModel model, int promptTokens, int tokens, double seconds, Adapter? adapter = null)
{
    /// <summary>What can be asked for.</summary>
    public static readonly string[] Names = ["everywhere", "gated", "probes", "capture", "prompt", "lanes", "batch", "search", "rows", "adapter"];

    private const int StepsBeforePacking = 12; // weights are brought into another order within the first steps of few tokens

    private readonly int[] prompt = [.. Enumerable.Range(0, promptTokens).Select(i => 100 + i)];

    /// <param name="only">Names of what is measured; none: all.</param>
    /// <param name="rows">Rows of the batch of different programs.</param>
    public void Run(string[] only, int rows)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{model.Path}, {model.Device.Name}: median ratio of the times of a pair (95 % by bootstrap), {seconds:0.#} s each, positions {promptTokens} to {promptTokens + tokens}"));
        Decode("nothing against nothing (the noise of the method)", double.NaN, null);
        foreach (string name in only.Length == 0 ? Names : only)
            Measure(name, rows);
    }

    private void Measure(string name, int rows)
    {
        float[] vector = Vector(1);
        switch (name)
        {
            case "noise":
                break;
            case "everywhere":
                Decode("a vector added after every block", 1.01, Compile(g => Everywhere(g, vector, 0.01f)));
                break;
            case "gated":
                Decode("a probe at every token, and a vector where it fires", 1.02, Compile(g => Gated(g, vector)));
                break;
            case "probes":
                Decode("a probe after every block", 1.02, Compile(Probes));
                break;
            case "capture":
                Capture();
                break;
            case "prompt":
                CapturePrompt();
                break;
            case "lanes":
                TwoRows();
                Decode("a second lane of the same weights, union filter", 1.15,
                    new GuardProgram { Lanes = [new GuardLaneSource("twin")], Logits = [new GuardLogits("union") { Lane = "twin", Strength = 0.5f }] }.Compile(model));
                break;
            case "batch":
                Batch(rows);
                break;
            case "search":
                Search();
                break;
            case "rows":
                RowCosts();
                break;
            case "adapter":
                Adapted(1);
                Adapted(16);
                break;
            default:
                throw new ArgumentException($"--only: found {name}; expected of noise, {string.Join(", ", Names)}.");
        }
    }

    private void Decode(string what, double bar, CompiledGuard? guard)
    {
        var times = new PairedTimes();
        for (int round = 0; times.Seconds < seconds; round++)
        {
            bool swapped = (round & 1) == 1;
            using GenerationBatch first = Begin(1, _ => swapped ? guard : null), second = Begin(1, _ => swapped ? null : guard);
            (GenerationBatch plain, GenerationBatch guarded) = swapped ? (second, first) : (first, second);
            for (int step = 0; step < tokens; step++)
                times.Pair(() => plain.Step(), () => guarded.Step());
        }
        Console.WriteLine(times.Line(what, bar));
        guard?.Dispose();
    }

    // The residual stream after every block of each new token, as a capture keeps it, of so many tokens each; and copied by a hook that is called.
    private void Capture()
    {
        ActivationCapture? capture = null;
        HookTable table = new(model.LayerCount);
        Capture("the residual stream after every block of every new token, captured", 1.03, step =>
        {
            if (step % tokens == 0)
            {
                capture?.Dispose();
                capture = new ActivationCapture(model.HookNames, table, ["resid_post"]);
            }
            return table;
        });
        var kept = new float[model.LayerCount * model.Width];
        int at = 0;
        var called = new HookTable(model.LayerCount);
        foreach (HookAddress address in Addresses())
            called.Add(address, (stream, _) =>
            {
                stream.Row(^1).CopyTo(kept.AsSpan(at));
                at = (at + model.Width) % kept.Length;
            });
        Capture("the same, copied by a hook that is called", double.NaN, _ => called);
    }

    // The same token at the same place of the same sequence.
    private void Capture(string what, double bar, Func<int, HookTable> hooks)
    {
        model.Transformer.Precision = Precision.Fast;
        using Sequence text = model.Transformer.Cache.Create();
        model.Transformer.Forward([new StepInput(text, prompt)], LogitsWanted.None);
        var times = new PairedTimes();
        for (int step = 0; times.Seconds < seconds; step++)
        {
            int token = step % model.VocabularySize;
            HookTable table = hooks(step);
            times.Pair(() => Forward(text, token, null), () => Forward(text, token, table));
        }
        Console.WriteLine(times.Line(what, bar));
    }

    private void Forward(Sequence text, int token, HookTable? hooks)
    {
        model.Transformer.Forward([new StepInput(text, new[] { token })], LogitsWanted.Last, hooks);
        text.Truncate(prompt.Length);
    }

    // The same of a whole prompt, as RunWithCache keeps it.
    private void CapturePrompt()
    {
        var times = new PairedTimes();
        model.Transformer.Precision = Precision.Fast;
        int[] text = [.. Enumerable.Range(0, 512).Select(i => (i * 37) % model.VocabularySize)];
        Prefill(text, null); // warm
        while (times.Seconds < seconds || times.Count < 4)
        {
            using ActivationCache cache = new(model.HookNames);
            var table = new HookTable(model.LayerCount);
            new ActivationReader(cache, PositionFilter.All, text.Length).Attach(table, Addresses());
            times.Pair(() => Prefill(text, null), () => Prefill(text, table));
        }
        Console.WriteLine(times.Line("the residual stream after every block of a prompt of 512, as RunWithCache keeps it", 1.03));
    }

    private IEnumerable<HookAddress> Addresses() => Enumerable.Range(0, model.LayerCount).Select(layer => new HookAddress(HookPoint.ResidualPost, layer));

    // What a second row costs before anything is chosen from both: the rest of a lane is its stage.
    private void TwoRows()
    {
        var times = new PairedTimes();
        model.Transformer.Precision = Precision.Fast;
        using Sequence one = model.Transformer.Cache.Create(), two = model.Transformer.Cache.Create();
        model.Transformer.Forward([new StepInput(one, prompt), new StepInput(two, prompt)], LogitsWanted.None);
        while (times.Seconds < seconds)
            times.Pair(() => Forward(one, 1, null), () =>
            {
                int[] token = [1];
                model.Transformer.Forward([new StepInput(one, token), new StepInput(two, token)], LogitsWanted.Last);
                one.Truncate(prompt.Length);
                two.Truncate(prompt.Length);
            });
        Console.WriteLine(times.Line("two rows of one batch against one, the forward pass alone"));
    }

    private void Prefill(int[] text, HookTable? hooks)
    {
        using Sequence sequence = model.Transformer.Cache.Create();
        model.Transformer.Forward([new StepInput(sequence, text)], LogitsWanted.Last, hooks);
    }

    private void RowCosts()
    {
        using Sequence text = model.Transformer.Cache.Create();
        text.Append(new int[512]);
        var (forks, truncates) = (new List<double>(), new List<double>());
        for (int round = 0; round < 201; round++)
        {
            long start = Stopwatch.GetTimestamp();
            Sequence fork = text.Fork();
            long forked = Stopwatch.GetTimestamp();
            fork.Truncate(256);
            truncates.Add(Stopwatch.GetElapsedTime(forked).TotalSeconds);
            forks.Add(Stopwatch.GetElapsedTime(start, forked).TotalSeconds);
            fork.Dispose();
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  a row of 512 tokens: fork {Spread.Of(forks).Median * 1e6:0.0} us, truncate to half {Spread.Of(truncates).Median * 1e6:0.0} us; bar 50"));
    }

    // As many programs as rows, each with a vector and a strength of its own.
    private void Batch(int rows)
    {
        CompiledGuard[] guards = [.. Enumerable.Range(0, rows).Select(row => Compile(g => Everywhere(g, Vector(row), 0.01f + (row * 1e-4f))))];
        var times = new PairedTimes();
        for (int round = 0; times.Seconds < seconds; round++)
        {
            using GenerationBatch plain = Begin(rows, _ => null), guarded = Begin(rows, row => guards[row]);
            for (int step = 0; step < Math.Min(16, tokens) && times.Seconds < seconds; step++)
                if (round == 0)
                {
                    plain.Step(); // not timed: the cache's memory is written to for the first time, which takes longer
                    guarded.Step();
                }
                else
                    times.Pair(() => plain.Step(), () => guarded.Step());
        }
        Console.WriteLine(times.Line($"{rows} rows of one batch, each with a program of its own", 1.03));
        Array.ForEach(guards, guard => guard.Dispose());
    }

    // Every row with the adapter that was given, each step against the bare model's; nothing where none was given.
    private void Adapted(int rows)
    {
        if (adapter is null)
            return;
        var times = new PairedTimes();
        while (times.Seconds < seconds)
        {
            using GenerationBatch plain = Begin(rows, _ => null), adapted = Begin(rows, _ => null, adapter);
            for (int step = 0; step < tokens; step++)
                times.Pair(() => plain.Step(), () => adapted.Step());
        }
        Console.WriteLine(times.Line($"{rows} row{(rows == 1 ? "" : "s")} with an adapter"));
    }

    // Sixteen samples a token against one.
    private void Search()
    {
        var times = new PairedTimes();
        for (int pair = 0; times.Seconds < seconds; pair++)
        {
            int seed = pair;
            times.Pair(() => Answer(1, seed), () => Answer(16, seed));
        }
        Console.WriteLine(times.Line("InferenceGuard, 16 samples a token against one (prompt included)", 4));
    }

    // The tokens behind each other that were drawn.
    private double Answer(int samples, int seed)
    {
        var options = new InferenceGuardOptions { Samples = samples, BlockTokens = 16, MaxTokens = 32, Sampling = new SamplingOptions { Seed = seed } };
        return Math.Max(1, new InferenceGuard(model, new BlockScorer(_ => default), options).Answer(prompt).SampledTokens) / (double)samples;
    }

    // Rows behind their prompt and the first steps; a single row has the common prompt, many have a token each.
    private GenerationBatch Begin(int rows, Func<int, CompiledGuard?> guard, Adapter? worn = null)
    {
        GenerationBatch batch = model.CreateBatch([.. Enumerable.Range(0, rows).Select(row => new GenerationRequest(rows == 1 ? prompt : [100 + row],
            new GenerationOptions { MaxTokens = StepsBeforePacking + tokens + 2, IgnoreEndTokens = true, Guard = guard(row), Adapter = worn }))], null);
        for (int step = 0; step < (rows == 1 ? StepsBeforePacking : 3); step++)
            batch.Step();
        return batch;
    }

    private void Everywhere(GuardBuilder guard, float[] vector, float strength)
    {
        for (int layer = 0; layer < model.LayerCount; layer++)
            guard.At(GuardPoints.ResidPost(layer)).From(GuardPoints.LastPromptToken).Add(vector, strength);
    }

    private void Gated(GuardBuilder guard, float[] vector)
    {
        int layer = model.LayerCount / 2;
        GuardValue harm = guard.At(GuardPoints.ResidPost(layer - 1)).From(GuardPoints.LastPromptToken).ReadProbe(new LinearProbe(vector));
        guard.At(GuardPoints.ResidPost(layer)).From(GuardPoints.LastPromptToken).When(harm > 0.5f).AllowIdle().Add(vector, 0.01f);
    }

    private void Probes(GuardBuilder guard)
    {
        for (int layer = 0; layer < model.LayerCount; layer++)
            guard.At(GuardPoints.ResidPost(layer)).From(GuardPoints.LastPromptToken).ReadProbe(new LinearProbe(Vector(layer)));
    }

    private CompiledGuard Compile(Action<GuardBuilder> write) => Guard.Define(write).Compile(model);

    private float[] Vector(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, model.Width).Select(_ => (float)(random.NextDouble() - 0.5) / MathF.Sqrt(model.Width))];
    }
}
