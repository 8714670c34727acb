using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Managed.Cache;
using Managed.Cli.Bench;
using Managed.Guards;
using Managed.Guards.Published;
using Managed.Sampling;

namespace Managed.Perf;

/// <summary>`guards`: what guards cost, each as a ratio to the same work without it, in turn within one run.</summary>
internal static class GuardsVerb
{
    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "Checkpoint directory or GGUF file." };
        var tokens = new Option<int>("--tokens") { Description = "New tokens of a run.", DefaultValueFactory = _ => 48 };
        var pairs = new Option<int>("--pairs") { Description = "Runs with and without.", DefaultValueFactory = _ => 9 };
        var rows = new Option<int>("--rows") { Description = "Rows of the batch of different programs.", DefaultValueFactory = _ => 256 };
        var threads = new Option<int>("--threads") { DefaultValueFactory = _ => 0 };
        var only = new Option<string>("--only") { Description = "Of noise, everywhere, gated, probes, capture, lanes, batch, search, rows, those that are named here; by default all.", DefaultValueFactory = _ => "" };
        var command = new Command("guards", "What guards cost, as ratios within one run.") { model, tokens, pairs, rows, threads, only };
        command.SetAction(parsed =>
        {
            using LanguageModel loaded = LanguageModel.Load(parsed.GetRequiredValue(model), new LoadOptions { Threads = parsed.GetValue(threads) });
            new Costs(loaded, parsed.GetValue(tokens), parsed.GetValue(pairs), parsed.GetRequiredValue(only)).Run(parsed.GetValue(rows));
        });
        return command;
    }

    private sealed class Costs(LanguageModel model, int tokens, int pairs, string only)
    {
        private readonly int[] prompt = [.. Enumerable.Range(0, 64).Select(i => 100 + i)];

        public void Run(int rows)
        {
            Console.WriteLine($"{model.Path}, {model.Device.Name}: {pairs} pairs of {tokens} tokens; ratio of medians of the time of a token");
            float[] vector = Vector(1);
            using CompiledGuard everywhere = Compile(g => Everywhere(g, vector, 0.01f)), gated = Compile(g => Gated(g, vector));
            using CompiledGuard twin = new GuardProgram { Lanes = [new GuardLaneSource("twin")], Logits = [new GuardLogits("union") { Lane = "twin", Strength = 0.5f }] }.Compile(model);
            if (Wanted("noise"))
                Pair("nothing (the noise of the method)", null);
            if (Wanted("everywhere"))
                Pair("a vector added after every block", everywhere);
            if (Wanted("gated"))
                Pair("a probe at every token, and a vector where it fires", gated);
            if (Wanted("probes"))
                Probes();
            if (Wanted("capture"))
                Capture();
            if (Wanted("lanes"))
                Pair("a second lane of the same weights, union filter", twin);
            if (Wanted("batch"))
                Batch(rows);
            if (Wanted("search"))
                Search();
            if (Wanted("rows"))
                RowCosts();
        }

        private bool Wanted(string measurement) => only.Length == 0 || only.Split(',').Contains(measurement);

        private void Probes()
        {
            using CompiledGuard probes = Compile(g =>
            {
                for (int layer = 0; layer < model.LayerCount; layer++)
                    g.At(GuardPoints.ResidPost(layer)).From(GuardPoints.LastPromptToken).ReadProbe(new LinearProbe(Vector(layer)));
            });
            Pair("a probe after every block", probes);
        }

        // The residual stream after every block: of each new token, and of a whole prompt.
        private void Capture()
        {
            var (with, without) = (new List<double>(), new List<double>());
            var kept = new float[model.LayerCount * model.Width * 64];
            for (int pair = 0; pair < pairs; pair++)
            {
                Decode(null, without);
                int at = 0;
                using (model.Hook("blocks.*.hook_resid_post", (stream, _) =>
                {
                    stream.Row(^1).CopyTo(kept.AsSpan(at));
                    at = (at + model.Width) % (kept.Length - model.Width);
                }))
                    Decode(null, with);
            }
            Show("the residual stream after every block of every new token, kept by a hook", with, without);
            with.Clear();
            without.Clear();
            int[] text = [.. Enumerable.Range(0, 512).Select(i => (i * 37) % model.VocabularySize)];
            for (int pair = 0; pair < pairs; pair++)
            {
                Time(without, () => model.RunWithCache(text, "blocks.0.hook_resid_post").Cache.Dispose());
                Time(with, () => model.RunWithCache(text, "blocks.*.hook_resid_post").Cache.Dispose());
            }
            Show("RunWithCache of 512 tokens, resid_post of all layers against one", with, without);
        }

        private static void Time(List<double> seconds, Action action)
        {
            long start = Stopwatch.GetTimestamp();
            action();
            seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        private void RowCosts()
        {
            using Sequence text = model.Transformer.Cache.Create();
            text.Append(new int[512]);
            var (forks, truncates) = (new List<double>(), new List<double>());
            for (int round = 0; round < 201; round++)
            {
                Sequence fork = null!;
                Time(forks, () => fork = text.Fork());
                Time(truncates, () => fork.Truncate(256));
                fork.Dispose();
            }
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  a row of 512 tokens: fork {Spread.Of(forks).Median * 1e6:0.0} us, truncate to half {Spread.Of(truncates).Median * 1e6:0.0} us"));
        }

        private void Pair(string what, CompiledGuard? guard)
        {
            var (with, without) = (new List<double>(), new List<double>());
            Decode(guard, []);
            for (int pair = 0; pair < pairs; pair++)
            {
                Decode(null, without);
                Decode(guard, with);
            }
            Show(what, with, without);
        }

        private void Decode(CompiledGuard? guard, List<double> seconds)
        {
            long last = 0;
            model.Generate(prompt, new GenerationOptions { MaxTokens = tokens, IgnoreEndTokens = true, Guard = guard }, _ =>
            {
                long now = Stopwatch.GetTimestamp();
                if (last != 0)
                    seconds.Add(Stopwatch.GetElapsedTime(last, now).TotalSeconds);
                last = now;
            });
        }

        // As many programs as rows, each with vectors and strengths of its own.
        private void Batch(int rows)
        {
            CompiledGuard[] guards = [.. Enumerable.Range(0, rows).Select(row => Compile(g => Everywhere(g, Vector(row), 0.01f + (row * 1e-4f))))];
            var (with, without) = (new List<double>(), new List<double>());
            for (int pair = 0; pair < Math.Max(2, pairs / 2); pair++)
            {
                Steps(rows, _ => null, without);
                Steps(rows, row => guards[row], with);
            }
            Show($"{rows} rows of one batch, each with a program of its own", with, without);
            Array.ForEach(guards, guard => guard.Dispose());
        }

        private void Steps(int rows, Func<int, CompiledGuard?> guard, List<double> seconds)
        {
            const int Steps = 6;
            long last = 0;
            model.GenerateBatch([.. Enumerable.Range(0, rows).Select(row => new GenerationRequest([100 + row], new GenerationOptions
            {
                MaxTokens = Steps,
                IgnoreEndTokens = true,
                Guard = guard(row),
            }))], (row, _) =>
            {
                if (row != rows - 1)
                    return;
                long now = Stopwatch.GetTimestamp();
                if (last != 0)
                    seconds.Add(Stopwatch.GetElapsedTime(last, now).TotalSeconds);
                last = now;
            });
        }

        // Sixteen samples a token against one.
        private void Search()
        {
            var (many, one) = (new List<double>(), new List<double>());
            for (int pair = 0; pair < Math.Max(2, pairs / 2); pair++)
                foreach ((int samples, List<double> seconds) in new[] { (1, one), (16, many) })
                {
                    var guard = new InferenceGuard(model, new BlockScorer(_ => default), new InferenceGuardOptions { Samples = samples, BlockTokens = 16, MaxTokens = 32, Sampling = new SamplingOptions { Seed = pair } });
                    long start = Stopwatch.GetTimestamp();
                    InferenceGuardResult result = guard.Answer(prompt);
                    seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds * samples / Math.Max(1, result.SampledTokens));
                }
            Show("InferenceGuard, 16 samples a token against one (prompt included)", many, one);
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

        private CompiledGuard Compile(Action<GuardBuilder> write) => Guard.Define(write).Compile(model);

        private float[] Vector(int seed)
        {
            var random = new Random(seed);
            return [.. Enumerable.Range(0, model.Width).Select(_ => (float)(random.NextDouble() - 0.5) / MathF.Sqrt(model.Width))];
        }

        private static void Show(string what, List<double> with, List<double> without)
        {
            double a = Spread.Of(with).Median, b = Spread.Of(without).Median;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {what,-68} {a / b:0.000}  ({a * 1e3:0.000} ms against {b * 1e3:0.000} ms)"));
        }
    }
}
