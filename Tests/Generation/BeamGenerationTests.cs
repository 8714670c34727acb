using System.Text.Json;
using Managed.Constraints;
using Managed.Sampling;
using Managed.Tests.Models;
using Managed.Tests.Sampling;

namespace Managed.Tests.Generation;

public class BeamGenerationTests
{
    private static LanguageModel Model => TestModels.Hearth;

    private static IEnumerable<TestCaseData> Golden()
    {
        foreach (JsonElement prompt in GoldenCases.Json(GoldenCases.Path("beams.json")).GetProperty("cases").EnumerateArray())
            yield return new TestCaseData(prompt).SetArgDisplayNames(prompt.GetProperty("prompt").GetString()!);
    }

    [TestCaseSource(nameof(Golden))]
    public void Golden_runs_give_the_same_beams(JsonElement prompt)
    {
        int[] ids = prompt.GetProperty("input_ids").Ints();
        Assert.That(Model.EncodeChat([new ChatMessage("user", prompt.GetProperty("prompt").GetString()!)]), Is.EqualTo(ids));
        JsonElement[] runs = [.. prompt.GetProperty("runs").EnumerateArray()];
        Assert.That(runs, Has.Length.EqualTo(12));
        foreach (JsonElement run in runs)
        {
            GenerationResult found = Model.Generate(ids, new GenerationOptions
            {
                Beams = 4,
                ReturnedBeams = 4,
                LengthPenalty = run.Number("length_penalty"),
                EarlyStopping = run.GetProperty("early_stopping").GetBoolean(),
                MaxTokens = run.Count("max_new_tokens"),
            });
            JsonElement[] expected = [.. run.GetProperty("beams").EnumerateArray()];
            Assert.That(found.Beams.Select(beam => beam.Ids), Is.EqualTo(expected.Select(beam => beam.GetProperty("ids").Ints())));
            Assert.That(found.Beams.Select(beam => beam.Score), Is.EqualTo(expected.Select(beam => beam.Number("score"))).Within(1e-4));
            Assert.That(found.Beams.Select(beam => beam.LogProbability), Is.EqualTo(expected.Select(beam => beam.Number("sum_logprob"))).Within(1e-3));
            Assert.That(found.Ids, Is.EqualTo(found.Beams[0].Ids));
            Assert.That(found.Text, Is.EqualTo(found.Beams[0].Text));
            Assert.That(found.Reason, Is.EqualTo(found.Ids[^1] == 5 ? StopReason.EndToken : StopReason.Length));
        }
    }

    private static int[] Question(string text) => Model.EncodeChat([new ChatMessage("user", text)]);

    [Test]
    public void Reported_log_probabilities_of_the_best_text_add_up_to_its_own()
    {
        GenerationResult found = Model.Generate(Question("How do I make honey bread?"),
            new GenerationOptions { Beams = 3, MaxTokens = 20, Sampling = SamplingOptions.Greedy with { LogProbabilities = 2 } });
        Assert.That(found.LogProbabilities, Has.Length.EqualTo(found.Ids.Length));
        Assert.That(found.LogProbabilities.Sum(), Is.EqualTo(found.Beams[0].LogProbability).Within(1e-9));
        Assert.That(found.BestTokens.Select(best => best[0].LogProbability), Is.All.GreaterThan(-1));
    }

    [Test]
    public void A_search_frees_every_page_and_leaves_a_kept_prompt_usable()
    {
        int before = Model.Transformer.Cache.PagesInUse;
        using (ChatSession chat = Model.StartChat())
        {
            string first = chat.Say("How do I make honey bread?", new GenerationOptions { Beams = 4, MaxTokens = 30 }).Text;
            GenerationResult second = chat.Say("And rye bread?", new GenerationOptions { MaxTokens = 8 });
            GenerationResult fresh = Model.Generate(
                [new ChatMessage("user", "How do I make honey bread?"), new ChatMessage("assistant", first), new ChatMessage("user", "And rye bread?")], new GenerationOptions { MaxTokens = 8 });
            Assert.That(second.CachedTokens, Is.GreaterThan(0));
            Assert.That(second.Ids, Is.EqualTo(fresh.Ids));
        }
        Assert.That(Model.Transformer.Cache.PagesInUse, Is.EqualTo(before));
    }

    [Test]
    public void Every_beam_obeys_constraint_stop_strings_and_bans()
    {
        int[] ids = Question("How do I make honey bread?");
        var constraint = Constraint.FromRegex("[a-m ]{4,9}");
        GenerationResult constrained = Model.Generate(ids, new GenerationOptions { Beams = 5, ReturnedBeams = 5, MaxTokens = 24, Constraint = constraint });
        Assert.That(constrained.Beams.Select(beam => beam.Text), Is.All.Matches<string>(constraint.IsSatisfiedBy));
        Assert.That(constrained.ConstraintSatisfied, Is.True);

        GenerationResult stopped = Model.Generate(ids, new GenerationOptions { Beams = 3, ReturnedBeams = 3, MaxTokens = 40, StopStrings = [", "] });
        Assert.That(stopped.Reason, Is.EqualTo(StopReason.StopString));
        Assert.That(stopped.Beams.Select(beam => beam.Text), Has.None.Contains(", "));

        int banned = stopped.Ids[0];
        GenerationResult other = Model.Generate(ids,
            new GenerationOptions { Beams = 3, ReturnedBeams = 3, MaxTokens = 6, Sampling = SamplingOptions.Greedy with { SuppressTokens = [banned] } });
        Assert.That(other.Beams.SelectMany(beam => beam.Ids), Has.None.EqualTo(banned));
    }

    [Test]
    public void A_cancelled_search_gives_the_best_text_so_far()
    {
        using var source = new CancellationTokenSource();
        int[] ids = Question("How do I make honey bread?");
        using (Model.Hook("resid_post0", (_, at) =>
        {
            if (at.Positions[^1] == ids.Length + 2)
                source.Cancel();
        }))
        {
            GenerationResult found = Model.Generate(ids, new GenerationOptions { Beams = 2, MaxTokens = 40 }, null, source.Token);
            Assert.That(found.Reason, Is.EqualTo(StopReason.Cancelled));
            Assert.That(found.Ids, Has.Length.EqualTo(4));
        }
    }

    private static IEnumerable<TestCaseData> Refused() =>
    [
        new(new GenerationOptions { Beams = 0 }, "Beams"),
        new(new GenerationOptions { Beams = 2, ReturnedBeams = 3 }, "ReturnedBeams"),
        new(new GenerationOptions { Beams = 2, Sampling = new() }, "temperature"),
        new(new GenerationOptions { Beams = 2, Draft = TestModels.Hearth }, "draft"),
        new(new GenerationOptions { Beams = 2, LengthPenalty = double.NaN }, "LengthPenalty"),
    ];

    [TestCaseSource(nameof(Refused))]
    public void What_cannot_be_searched_for_is_refused_by_name(GenerationOptions options, string name) =>
        Assert.That(() => Model.Generate([1, 2], options), Throws.ArgumentException.With.Message.Contains(name));
}
