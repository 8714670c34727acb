using System.Text.Json;
using Managed.Sampling;

namespace Managed.Tests.Sampling;

/// <summary>The steps that come from llama.cpp, against its C library (which works in f32: hence 1e-6).</summary>
public class LlamaCppTests
{
    private const double Tolerance = 1e-6;

    private static readonly JsonElement Golden = GoldenCases.Json(GoldenCases.Path("llamacpp.json"));

    private static readonly Dictionary<string, Func<JsonElement, ILogitStep>> Steps = new()
    {
        ["xtc"] = step => new ExcludeTopChoices(step.Number("probability"), step.Number("threshold")),
        ["top_n_sigma"] = step => new TopNSigma(step.Number("n")),
        ["dynamic_temperature"] = step => new DynamicTemperature(step.Number("temperature"), step.Number("range"), step.Number("exponent")),
        ["typical"] = step => new RankedTypicalP(step.Number("p")),
        ["top_p"] = step => new TopP(step.Number("p")),
        ["min_p"] = step => new MinP(step.Number("p")),
    };

    [Test]
    public void Truncations_keep_the_same_tokens_and_probabilities()
    {
        JsonElement[] cases = [.. Golden.GetProperty("truncation").EnumerateArray()];
        Assert.That(cases, Has.Length.GreaterThanOrEqualTo(36));
        foreach (JsonElement one in cases)
        {
            Candidates candidates = Load(one);
            Steps[one.GetProperty("sampler").GetString()!](one).Apply(candidates, new SamplingContext([], 0));
            Compare(candidates, one);
        }
    }

    [Test]
    public void Mirostat_follows_the_library_step_by_step()
    {
        JsonElement[] runs = [.. Golden.GetProperty("mirostat_v2").EnumerateArray()];
        Assert.That(runs, Has.Length.GreaterThanOrEqualTo(6));
        foreach (JsonElement run in runs)
        {
            var mirostat = new MirostatV2(run.Number("tau"), run.Number("eta"));
            foreach (JsonElement step in run.GetProperty("steps").EnumerateArray())
            {
                Assert.That(mirostat.Mu, Is.EqualTo(step.Number("mu_before")).Within(1e-5));
                Candidates candidates = Load(step);
                mirostat.Apply(candidates, new SamplingContext([], 0));
                Compare(candidates, step);
                double probability = candidates.Probability(step.Count("token"));
                Assert.That(-Math.Log2(probability), Is.EqualTo(step.Number("surprise")).Within(1e-5));
                mirostat.Drawn(probability);
                Assert.That(mirostat.Mu, Is.EqualTo(step.Number("mu_after")).Within(1e-5));
            }
        }
    }

    [Test]
    public void Dry_penalises_the_same_tokens_by_the_same_amount()
    {
        JsonElement[] cases = [.. Golden.GetProperty("dry").EnumerateArray()];
        Assert.That(cases, Has.Length.GreaterThanOrEqualTo(24));
        int penalised = 0;
        foreach (JsonElement one in cases)
        {
            var candidates = new Candidates(512);
            candidates.Load(new float[512]);
            int[] tokens = one.GetProperty("tokens").Ints();
            var dry = new DontRepeatYourself(
                one.Number("multiplier"), one.Number("base"), one.Count("allowed_length"), one.Count("last_n"), one.GetProperty("breakers").Ints());
            dry.Apply(candidates, new SamplingContext(tokens, 0));
            for (int id = 0; id < candidates.Vocabulary; id++)
            {
                double expected = one.GetProperty("penalties").TryGetProperty($"{id}", out JsonElement value) ? value.GetDouble() : 0;
                Assert.That(-candidates.Score(id), Is.EqualTo(expected).Within(1e-6 * Math.Max(1, expected)), one.ToString());
                penalised += expected > 0 ? 1 : 0;
            }
            Assert.That(candidates.Tallies.ContainsAnyExcept(0), Is.False);
        }
        Assert.That(penalised, Is.GreaterThan(0));
    }

    [Test]
    public void Window_penalties_give_the_same_scores()
    {
        JsonElement[] cases = [.. Golden.GetProperty("penalties").EnumerateArray()];
        Assert.That(cases, Has.Length.GreaterThanOrEqualTo(12));
        foreach (JsonElement one in cases)
        {
            Candidates candidates = Load(one);
            new WindowPenalties(one.Count("last_n"), one.Number("repeat"), one.Number("frequency"), one.Number("presence"))
                .Apply(candidates, new SamplingContext(one.GetProperty("tokens").Ints(), 0));
            double[] expected = one.GetProperty("result").Doubles();
            double[] found = [.. Enumerable.Range(0, expected.Length).Select(candidates.Score)];
            Assert.That(found, Is.EqualTo(expected).Within(Tolerance));
        }
    }

    private static Candidates Load(JsonElement one)
    {
        float[] logits = one.GetProperty("logits").Singles();
        var candidates = new Candidates(logits.Length);
        candidates.Load(logits);
        return candidates;
    }

    private static void Compare(Candidates candidates, JsonElement expected)
    {
        int[] kept = candidates.Ids.ToArray();
        Array.Sort(kept);
        Assert.That(kept, Is.EqualTo(expected.GetProperty("kept").Ints()), expected.ToString());
        Assert.That(kept.Select(candidates.Probability), Is.EqualTo(expected.GetProperty("probs").Doubles()).Within(Tolerance));
    }
}
