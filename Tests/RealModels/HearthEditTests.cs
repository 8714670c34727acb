using System.Text.Json;
using Managed.Loader;
using Managed.Tests.Models;
using Managed.Weights;

namespace Managed.Tests.RealModels;

/// <summary>Edits by managed hooks at every kind of point, on prompt and generated tokens, against goldens in float64.</summary>
public sealed class HearthEditTests
{
    private const double Tolerance = 2e-5;

    private static readonly string[] s_tasks = InterpGoldens.Tasks;

    // Activation patching: a run on the corrupted ids in which one slice of one tensor comes from the clean run.
    [TestCaseSource(nameof(s_tasks))]
    public void A_slice_of_the_clean_run_moves_the_corrupted_run_s_logits_as_the_goldens_say(string task)
    {
        using var goldens = new InterpGoldens("2-patching/sweeps-" + task);
        using var lens = new InterpGoldens("1-lens/" + task);
        using LanguageModel model = InterpGoldens.Load(task);
        int[] clean = goldens.Integers("clean_ids"), corrupted = goldens.Integers("corrupted_ids");
        (int answer, int other) = (int.Parse(lens.Metadata("answer")), int.Parse(lens.Metadata("other")));
        float Metric(int[] ids)
        {
            ReadOnlySpan<float> logits = model.Run(ids).Output[^1];
            return logits[answer] - logits[other];
        }
        goldens.Check("metric_clean", [Metric(clean)], Tolerance);
        goldens.Check("metric_corrupted", [Metric(corrupted)], Tolerance);

        void Sweep(string name, string hook, int parts, Action<Span2D, Activation, int> replace)
        {
            ActivationCache source = model.RunWithCache(clean, hook).Cache;
            var metrics = new float[model.LayerCount * parts];
            for (int layer = 0; layer < model.LayerCount; layer++)
                for (int part = 0; part < parts; part++)
                {
                    Activation values = source[hook, layer];
                    using (model.Hook($"{hook}.{layer}", (stream, _) => replace(stream, values, part)))
                        metrics[(layer * parts) + part] = Metric(corrupted);
                }
            goldens.Check(name, metrics, Tolerance);
        }

        // Head `part` of rows that hold all heads side by side.
        void Head(string name, string hook)
        {
            int heads = goldens.Shape(name)[1];
            Sweep(name, hook, heads, (stream, source, part) =>
            {
                int width = stream.Columns / heads;
                for (int row = 0; row < stream.Rows; row++)
                    source[row].Slice(part * width, width).CopyTo(stream.Row(row).Slice(part * width, width));
            });
        }

        foreach (string point in new[] { "resid_pre", "attn_out", "mlp_out" })
            Sweep(point, point, clean.Length, (stream, source, part) => source[part].CopyTo(stream.Row(part)));
        Head("head_z", "z");
        Head("head_q", "q");
        Head("head_k", "k");
        Head("head_v", "v");
        Sweep("head_pattern", "pattern", goldens.Shape("head_pattern")[1], (stream, source, part) =>
        {
            for (int query = 0; query < clean.Length; query++)
                source[part].Slice(query * stream.Columns, stream.Columns).CopyTo(stream.Row((part * clean.Length) + query));
        });
    }

    // Vectors added to hook_resid_post of some blocks, everywhere or from the last prompt token on, while text is generated.
    [Test]
    public void Steered_texts_are_the_goldens_token_for_token()
    {
        using var vectors = new InterpGoldens("6-steering/vectors");
        LanguageModel model = TestModels.Hearth;
        float[] firstLogits = vectors.Singles("first_logits"); // [runs, vocabulary]
        Dictionary<string, Func<int, float[]>> directions = Directions(vectors, model.Width);
        int run = 0;
        foreach (string line in File.ReadLines(SharedFolder.Require("fixtures/interp/6-steering/greedy.jsonl")))
        {
            JsonElement golden = JsonDocument.Parse(line).RootElement;
            int[] prompt = Ids(golden, "prompt_ids");
            float strength = golden.GetProperty("strength").GetSingle();
            int from = golden.GetProperty("scope").GetString() == "all" ? 0 : prompt.Length - 1;
            string vector = golden.GetProperty("vector").GetString()!, what = $"run {run}: {strength} × {vector}";
            var hooks = new List<IDisposable>();
            foreach (int layer in Ids(golden, "layers"))
            {
                float[] direction = directions[vector](layer);
                hooks.Add(model.Hook($"blocks.{layer}.hook_resid_post", (stream, at) =>
                {
                    for (int row = 0; row < stream.Rows; row++)
                        if (at.Positions[row] >= from)
                            stream.Row(row).AddScaled(strength, direction);
                }));
            }
            InterpGoldens.Check(what, model.Run(prompt).Output[^1], firstLogits.AsSpan(run * model.VocabularySize, model.VocabularySize), Tolerance);
            int[] ids = model.Generate(prompt, new GenerationOptions { MaxTokens = 24, StopIds = [5], Precision = Kernels.Precision.Exact }).Ids;
            hooks.ForEach(hook => hook.Dispose());
            Assert.That(ids, Is.EqualTo(Ids(golden, "ids")), what);
            run++;
        }
        Assert.That(run * model.VocabularySize, Is.EqualTo(firstLogits.Length));
    }

    private static int[] Ids(JsonElement golden, string name) => [.. golden.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];

    private static Dictionary<string, Func<int, float[]>> Directions(InterpGoldens vectors, int width)
    {
        float[] mean = vectors.Singles("mean_difference"), principal = vectors.Singles("repeng_pca_diff"); // [layers, width]
        using GgufFile file = GgufFile.Open(SharedFolder.Require("fixtures/interp/6-steering/repeng.gguf"));
        Dictionary<int, float[]> stored = Enumerable.Range(1, 5).ToDictionary(layer => layer, layer => StoredValues.ToSingle(file.Tensors[$"direction.{layer}"]));
        return new Dictionary<string, Func<int, float[]>>
        {
            ["mean_difference_20"] = layer =>
            {
                float[] row = mean[(layer * width)..((layer + 1) * width)];
                float norm = (float)Math.Sqrt(row.Sum(value => (double)value * value));
                return [.. row.Select(value => 20 * value / norm)];
            },
            ["repeng_pca_diff_5"] = layer => [.. principal[(layer * width)..((layer + 1) * width)].Select(value => 5 * value)],
            ["repeng.gguf"] = layer => stored[layer],
        };
    }
}
