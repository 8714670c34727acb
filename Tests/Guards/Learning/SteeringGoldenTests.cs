using System.Text.Json;
using Managed.Guards;
using Managed.Guards.Learning;
using Managed.Guards.Published;
using Managed.Tests.Models;

namespace Managed.Tests.Guards.Learning;

/// <summary>Directions are those of repeng, steering-vectors and llama.cpp, row by row, and steer to the same tokens.</summary>
public class SteeringGoldenTests
{
    private States[] positive = [], negative = []; // [layers + 1]: block outputs, then the final norm's

    [OneTimeSetUp]
    public void Collect()
    {
        (int[][] plus, int[][] minus) = SteeringGoldens.Pairs(TestModels.Hearth);
        positive = [.. ActivationCollector.Collect(TestModels.Hearth, plus, ["resid_post", "final_norm"])];
        negative = [.. ActivationCollector.Collect(TestModels.Hearth, minus, ["resid_post", "final_norm"])];
    }

    private static float[] Row(float[] packed, int row) => packed[(row * SteeringGoldens.Width)..((row + 1) * SteeringGoldens.Width)];

    [TestCase("states_positive")]
    [TestCase("states_negative")]
    public void States_at_the_last_token_are_the_goldens(string name)
    {
        States[] states = name == "states_positive" ? positive : negative;
        float[] golden = SteeringGoldens.Read(name), final = SteeringGoldens.Read(name + "_final_norm");
        for (int layer = 0; layer < SteeringGoldens.Layers; layer++)
        {
            var rows = new List<float>();
            for (int pair = 0; pair < 64; pair++)
                rows.AddRange(Row(golden, (pair * SteeringGoldens.Layers) + layer));
            Assert.That(SteeringGoldens.Difference(states[layer].ToArray(), rows.ToArray()), Is.LessThan(1e-5), $"block {layer}");
        }
        Assert.That(SteeringGoldens.Difference(states[^1].ToArray(), final), Is.LessThan(1e-5), "final norm");
    }

    [Test]
    public void The_mean_difference_is_that_of_steering_vectors()
    {
        float[] golden = SteeringGoldens.Read("mean_difference");
        for (int layer = 0; layer < SteeringGoldens.Layers; layer++)
            Assert.That(SteeringGoldens.Difference(Directions.Extract(DirectionMethod.Mean, positive[layer], negative[layer]), Row(golden, layer)), Is.LessThan(1e-5), $"block {layer}");
    }

    // repeng measures its last row after the final norm.
    [TestCase("steering_vectors_pca", DirectionMethod.PcaUncentred, 5)]
    [TestCase("logistic", DirectionMethod.Logistic, 5)]
    [TestCase("repeng_pca_diff", DirectionMethod.Pca, 6)]
    [TestCase("repeng_pca_center", DirectionMethod.PcaPairwise, 6)]
    public void Unit_directions_are_those_of_the_tool(string name, DirectionMethod method, int lastRow)
    {
        float[] golden = SteeringGoldens.Read(name);
        for (int layer = 0; layer < SteeringGoldens.Layers; layer++)
        {
            int from = layer == SteeringGoldens.Layers - 1 ? lastRow : layer;
            float[] direction = Directions.Extract(method, positive[from], negative[from]);
            Assert.That(SteeringGoldens.Angle(direction, Row(golden, layer)), Is.LessThan(1e-6), $"block {layer}");
            Assert.That(Math.Sqrt(direction.Sum(x => (double)x * x)), Is.EqualTo(1).Within(1e-6), $"length at block {layer}");
        }
    }

    [Test]
    public void Differences_at_every_token_give_the_directions_of_llama_cpp()
    {
        (int[][] plus, int[][] minus) = SteeringGoldens.Pairs(TestModels.Hearth);
        int space = TestModels.Hearth.Encode(" ", addSpecialTokens: false).Single();
        IReadOnlyList<States> differences = Directions.TokenDifferences(TestModels.Hearth, plus, minus, space, ["resid_post"]);
        Assert.That(differences.Select(rows => rows.Count), Is.All.EqualTo(411));
        float[] pca = SteeringGoldens.Read("llama_cpp_pca"), mean = SteeringGoldens.Read("llama_cpp_mean");
        for (int layer = 0; layer < SteeringGoldens.Layers; layer++)
        {
            Assert.That(SteeringGoldens.Angle(Directions.UncentredPca(differences[layer]), Row(pca, layer)), Is.LessThan(1e-6), $"PCA, block {layer}");
            Assert.That(SteeringGoldens.Angle(Directions.Unit(Vectors.ToSingle(Vectors.Mean(differences[layer].Rows))), Row(mean, layer)), Is.LessThan(1e-6), $"mean, block {layer}");
        }
    }

    [Test]
    public void Vectors_added_through_hooks_give_the_golden_tokens()
    {
        LanguageModel model = TestModels.Load(TestModels.HearthPath);
        using var owned = model;
        float[] goldenLogits = SteeringGoldens.Read("first_logits");
        int run = 0;
        foreach (string line in File.ReadLines(Path.Combine(SteeringGoldens.Folder, "greedy.jsonl")))
        {
            using var golden = JsonDocument.Parse(line);
            JsonElement row = golden.RootElement;
            int[] prompt = Integers(row, "prompt_ids"), layers = Integers(row, "layers"), expected = Integers(row, "ids");
            string vector = row.GetProperty("vector").GetString()!;
            float strength = row.GetProperty("strength").GetSingle();
            int from = row.GetProperty("scope").GetString() == "all" ? 0 : prompt.Length - 1;
            IDisposable[] hooks = [.. layers.Select(layer => model.Hook($"blocks.{layer}.hook_resid_post", Adder(Vector(vector, layer), strength, from)))];
            var (logits, _) = model.RunWithCache(prompt);
            int[] ids = model.Generate(prompt, new GenerationOptions { MaxTokens = 24 }).Ids;
            Array.ForEach(hooks, hook => hook.Dispose());
            Assert.That(ids, Is.EqualTo(expected), line[..120]);
            Assert.That(SteeringGoldens.Difference(logits[^1], goldenLogits.AsSpan(run++ * 1024, 1024)), Is.LessThan(2e-5), $"first logits of run {run}");
        }
        Assert.That(run, Is.EqualTo(57));
    }

    // The same texts by conditional steering under a condition that always holds.
    [Test]
    public void Vectors_added_under_a_condition_give_the_golden_tokens()
    {
        LanguageModel model = TestModels.Hearth;
        int runs = 0;
        foreach (string line in File.ReadLines(Path.Combine(SteeringGoldens.Folder, "greedy.jsonl")))
        {
            using var golden = JsonDocument.Parse(line);
            JsonElement row = golden.RootElement;
            var vectors = new SteeringVectors(SteeringGoldens.Width);
            foreach (int layer in Integers(row, "layers"))
                vectors[layer] = Vector(row.GetProperty("vector").GetString()!, layer);
            var rule = new SteeringRule("abs(any) >= 0", vectors, row.GetProperty("strength").GetSingle())
            {
                Positions = row.GetProperty("scope").GetString() == "all" ? GuardPositions.All : GuardPositions.FromLastPromptToken,
            };
            using CompiledGuard guard = new ConditionalSteering { Readings = [ConditionReading.Projection("any", 0, SteeringGoldens.Read("mean_difference")[..SteeringGoldens.Width])], Rules = [rule] }.Build().Compile(model);
            Assert.That(model.Generate(Integers(row, "prompt_ids"), new GenerationOptions { MaxTokens = 24, Guard = guard }).Ids, Is.EqualTo(Integers(row, "ids")), line[..120]);
            runs++;
        }
        Assert.That(runs, Is.EqualTo(57));
    }

    private static int[] Integers(JsonElement row, string name) => [.. row.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];

    private static HookAction Adder(float[] vector, float strength, int from) => (stream, at) =>
    {
        for (int row = 0; row < stream.Rows; row++)
            if (at.Positions[row] >= from)
                stream.Row(row).AddScaled(strength, vector);
    };

    private float[] Vector(string name, int layer)
    {
        DirectionMethod method = name == "mean_difference_20" ? DirectionMethod.Mean : DirectionMethod.Pca;
        int from = method == DirectionMethod.Pca && layer == SteeringGoldens.Layers - 1 ? layer + 1 : layer;
        float[] direction = Directions.Unit(Directions.Extract(method, positive[from], negative[from]));
        float length = name switch { "mean_difference_20" => 20, "repeng_pca_diff_5" => 5, _ => 1 };
        return Array.ConvertAll(direction, x => length * x);
    }
}
