using System.Text.Json;
using Managed.Sampling;

namespace Managed.Tests.Sampling;

/// <summary>Every step, alone and in chains, against transformers' own processors.</summary>
public class ProcessorTests
{
    [Test]
    public void Every_chain_keeps_the_tokens_and_probabilities_that_transformers_gives() =>
        Check(SharedFolder.Require("fixtures/sampling/processors.json"), SharedFolder.Require("fixtures/sampling/processors.safetensors"), 1018);

    [Test]
    public void The_chains_that_travel_with_the_repository_agree_with_transformers() =>
        Check(GoldenCases.Fixture("processors.json"), GoldenCases.Fixture("processors.safetensors"), 700);

    private static void Check(string json, string safetensors, int atLeast)
    {
        JsonElement golden = GoldenCases.Json(json);
        var tensors = new GoldenTensors(safetensors);
        int[] endTokens = golden.GetProperty("eos_token_ids").Ints();
        var candidates = new Dictionary<int, Candidates>();
        int cases = 0;
        double worst = 0;
        var failures = new List<string>();
        foreach (JsonElement golden1 in golden.GetProperty("cases").EnumerateArray())
        {
            cases++;
            float[] logits = tensors.Singles("logits." + golden1.GetProperty("logits").GetString());
            if (!candidates.TryGetValue(logits.Length, out Candidates? scratch))
                candidates[logits.Length] = scratch = new Candidates(logits.Length);
            scratch.Load(logits);
            int[] prompt = golden1.GetProperty("prompt").Ints(), generated = golden1.GetProperty("generated").Ints();
            foreach (JsonElement step in golden1.GetProperty("steps").EnumerateArray())
            {
                float[] other = step.TryGetProperty("unconditional", out JsonElement name) ? tensors.Singles("logits." + name.GetString()) : [];
                Step(step, endTokens).Apply(scratch, new SamplingContext([.. prompt, .. generated], prompt.Length) { Unconditional = other });
            }

            int id = golden1.Count("id");
            int[] kept = scratch.Ids.ToArray();
            Array.Sort(kept);
            int[] expected = Kept(golden1.GetProperty("kept"), id, logits.Length, tensors);
            double[] probabilities = tensors.Doubles($"probs.{id}");
            if (!kept.SequenceEqual(expected))
                failures.Add($"case {id} {golden1.GetProperty("steps")}: kept {kept.Length}, expected {expected.Length}");
            else
                worst = Math.Max(worst, kept.Zip(probabilities, (token, p) => Math.Abs(scratch.Probability(token) - p)).Max());
        }
        Assert.That(failures, Is.Empty);
        Assert.That(worst, Is.LessThanOrEqualTo(1e-12));
        Assert.That(cases, Is.GreaterThanOrEqualTo(atLeast));
        TestContext.Out.WriteLine($"{cases} cases, worst probability error {worst:e2}");
    }

    private static int[] Kept(JsonElement kept, int id, int vocabulary, GoldenTensors tensors) => kept.ValueKind switch
    {
        JsonValueKind.String => [.. Enumerable.Range(0, vocabulary)],
        JsonValueKind.Object => Array.ConvertAll(tensors.Integers($"kept.{id}"), value => (int)value),
        _ => kept.Ints(),
    };

    private static readonly Dictionary<string, Func<JsonElement, int[], ILogitStep>> Steps = new()
    {
        ["guidance"] = (step, _) => new Guidance(step.Number("scale")),
        ["logit_bias"] = (step, _) => new LogitBias([.. step.GetProperty("bias").EnumerateArray().Select(pair => new SequenceBias(pair[0].Ints(), pair[1].GetDouble()))]),
        ["repetition_penalty"] = (step, _) => new RepetitionPenalty(step.Number("penalty")),
        ["presence_frequency"] = (step, _) => new PresenceFrequency(step.Number("presence"), step.Number("frequency")),
        ["no_repeat_ngram"] = (step, _) => new NoRepeatNgram(step.Count("size")),
        ["bad_words"] = (step, end) => BadWords.Without(step.GetProperty("words").EnumerateArray().Select(word => word.Ints()), end),
        ["min_new_tokens"] = (step, end) => new MinNewTokens(step.Count("count"), end),
        ["suppress_tokens"] = (step, _) => new SuppressTokens(step.GetProperty("ids").Ints()),
        ["temperature"] = (step, _) => new Temperature(step.Number("temperature")),
        ["top_h"] = (step, _) => new TopH(step.Number("h")),
        ["top_k"] = (step, _) => new TopK(step.Count("k")),
        ["top_p"] = (step, _) => new TopP(step.Number("p")),
        ["min_p"] = (step, _) => new MinP(step.Number("p")),
        ["typical_p"] = (step, _) => new TypicalP(step.Number("mass")),
        ["epsilon_cutoff"] = (step, _) => new EpsilonCutoff(step.Number("epsilon")),
        ["eta_cutoff"] = (step, _) => new EtaCutoff(step.Number("epsilon")),
    };

    private static ILogitStep Step(JsonElement step, int[] endTokens) => Steps[step.GetProperty("name").GetString()!](step, endTokens);
}
