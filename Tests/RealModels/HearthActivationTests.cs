using System.Text.Json;
using Managed.Tests.Models;

namespace Managed.Tests.RealModels;

/// <summary>What hearth's hook points hold, against goldens in float64 made for interpretability tools.</summary>
public sealed class HearthActivationTests
{
    private const double Tolerance = 1e-5;

    private static readonly string[] s_tasks = InterpGoldens.Tasks;
    private static readonly string[] s_hearthTasks = InterpGoldens.HearthTasks;

    [TestCaseSource(nameof(s_tasks))]
    public void Logits_the_final_norm_s_divisor_and_the_embedding_are_the_goldens(string task)
    {
        using var lens = new InterpGoldens("1-lens/" + task);
        using var inputs = new InterpGoldens("3-gradients/inputs-" + task);
        using LanguageModel model = InterpGoldens.Load(task);
        (Activation logits, ActivationCache cache) = model.RunWithCache(lens.Integers("input_ids"), "ln_final.hook_scale", "hook_embed");
        lens.Check("logits", logits.Values, Tolerance);
        lens.Check("ln_final_scale", cache["ln_final.hook_scale"].Values, Tolerance);
        inputs.Check("embed", cache["hook_embed"].Values, Tolerance);
    }

    [TestCaseSource(nameof(s_hearthTasks))]
    public void Heads_and_MLPs_add_to_the_stream_what_the_goldens_say(string task)
    {
        using var goldens = new InterpGoldens("1-lens/" + task);
        using LanguageModel model = InterpGoldens.Load(task);
        ActivationCache cache = model.RunWithCache(goldens.Integers("input_ids"), "hook_embed", "result", "mlp_out", "resid_post").Cache;
        int width = model.Width;
        float[] golden = goldens.Singles("component_resid_last"); // [components, width]
        string[] components = JsonSerializer.Deserialize<string[]>(goldens.Metadata("components"))!;
        var sum = new float[width];
        for (int i = 0; i < components.Length; i++)
        {
            ReadOnlySpan<float> values = Component(cache, components[i], width);
            InterpGoldens.Check(components[i], values, golden.AsSpan(i * width, width), Tolerance);
            for (int j = 0; j < width; j++)
                sum[j] += values[j];
        }
        InterpGoldens.Check("the sum of all", sum, cache["resid_post", -1][^1], Tolerance);
    }

    // "embed", "L2H3" or "L2.mlp", at the last position.
    private static ReadOnlySpan<float> Component(ActivationCache cache, string name, int width)
    {
        if (name == "embed")
            return cache["hook_embed"][^1];
        if (name.EndsWith(".mlp", StringComparison.Ordinal))
            return cache["mlp_out", int.Parse(name[1..^4])][^1];
        string[] parts = name[1..].Split('H');
        return cache["result", int.Parse(parts[0])][^1].Slice(int.Parse(parts[1]) * width, width);
    }

    // Final norm and unembedding of the stream at each place: a run that starts behind the last block.
    [TestCaseSource(nameof(s_tasks))]
    public void A_run_that_starts_behind_the_last_block_is_the_logit_lens(string task)
    {
        using var goldens = new InterpGoldens("1-lens/" + task);
        using LanguageModel model = InterpGoldens.Load(task);
        int[] ids = goldens.Integers("input_ids");
        ActivationCache cache = model.RunWithCache(ids, "resid_pre", "resid_mid", "resid_post").Cache;
        float[] golden = goldens.Singles("lens_last_logits"); // [3 · layers, vocabulary]
        string[] places = ["resid_pre", "resid_mid", "resid_post"];
        for (int i = 0; i < 3 * model.LayerCount; i++)
        {
            float[] stream = cache[places[i % 3], i / 3].Values.ToArray();
            Activation lens = model.Run(ids, new RunOptions { StartAtLayer = model.LayerCount, StartStream = stream }).Output;
            InterpGoldens.Check($"{places[i % 3]} of block {i / 3}", lens[^1], golden.AsSpan(i * model.VocabularySize, model.VocabularySize), Tolerance);
        }
    }

    [Test]
    public void The_stream_after_every_block_and_the_final_norm_are_the_goldens_on_128_texts()
    {
        using var goldens = new InterpGoldens("6-steering/vectors");
        LanguageModel model = TestModels.Hearth;
        JsonElement[] pairs = [.. File.ReadLines(SharedFolder.Require("fixtures/interp/6-steering/pairs.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)];
        foreach (string side in new[] { "positive", "negative" })
        {
            var states = new List<float>(); // [pairs, layers, width]
            var normed = new List<float>(); // [pairs, width]
            foreach (JsonElement pair in pairs)
            {
                int[] ids = model.Encode(pair.GetProperty(side).GetString()!, addSpecialTokens: false);
                ActivationCache cache = model.RunWithCache(ids, "resid_post", "final_norm").Cache;
                for (int layer = 0; layer < model.LayerCount; layer++)
                    states.AddRange(cache["resid_post", layer][^1]);
                normed.AddRange(cache["final_norm"][^1]);
            }
            goldens.Check($"states_{side}", states.ToArray(), Tolerance);
            goldens.Check($"states_{side}_final_norm", normed.ToArray(), Tolerance);
        }
    }

    // Means of attention patterns over four rows of 49 tokens: 24 random ones, and the same again.
    [Test]
    public void Attention_patterns_give_the_goldens_head_statistics()
    {
        using var goldens = new InterpGoldens("8-heads/hearth");
        LanguageModel model = TestModels.Hearth;
        int tokens = goldens.Shape("input_ids")[1], period = (tokens - 1) / 2, heads = goldens.Shape("previous_token")[1];
        float[][] patterns = [.. goldens.Integers("input_ids").Chunk(tokens).SelectMany(ids =>
        {
            ActivationCache cache = model.RunWithCache(ids, "pattern").Cache;
            return Enumerable.Range(0, model.LayerCount).Select(layer => cache["pattern", layer].Values.ToArray());
        })]; // [rows · layers][heads, queries, keys]

        void Check(string name, int first, Func<float[], int, int, double> ofQuery)
        {
            var means = new float[model.LayerCount * heads];
            for (int layer = 0; layer < model.LayerCount; layer++)
                for (int head = 0; head < heads; head++)
                {
                    double sum = 0;
                    int count = 0;
                    for (int row = layer; row < patterns.Length; row += model.LayerCount)
                        for (int query = first; query < tokens; query++, count++)
                            sum += ofQuery(patterns[row], ((head * tokens) + query) * tokens, query);
                    means[(layer * heads) + head] = (float)(sum / count);
                }
            goldens.Check(name, means, Tolerance);
        }

        Check("previous_token", 1, (pattern, row, query) => pattern[row + query - 1]);
        Check("duplicate_token", period + 1, (pattern, row, query) => pattern[row + query - period]);
        Check("induction", period + 1, (pattern, row, query) => pattern[row + query - period + 1]);
        Check("attends_first", 1, (pattern, row, _) => pattern[row]);
        Check("attends_self", 0, (pattern, row, query) => pattern[row + query]);
        Check("entropy", 0, (pattern, row, query) => pattern.AsSpan(row, query + 1).ToArray().Sum(p => p > 0 ? -p * Math.Log(p) : 0));
    }
}
