using System.Text.Json;
using Managed.Guards;
using Managed.Tests.Models;

namespace Managed.Tests.Guarding;

/// <summary>Warden's labels and responses are PyTorch's; the router asks whom it should.</summary>
public class GuardianTests
{
    private static readonly Lazy<LanguageModel> Model = new(() => TestModels.Load(Path.Combine(SharedFolder.Repository, "models", "warden")));

    private static IEnumerable<(string Id, ChatMessage[] Chat, JsonElement Expected)> Prompts()
    {
        JsonElement expected = JsonDocument.Parse(File.ReadAllText(SharedFolder.Require("thornvale/references/references-warden.json"))).RootElement.GetProperty("prompts");
        foreach (string line in File.ReadLines(SharedFolder.Require("thornvale/prompts.jsonl")))
        {
            JsonElement prompt = JsonDocument.Parse(line).RootElement;
            string id = prompt.GetProperty("id").GetString()!;
            yield return (id, [new ChatMessage("user", prompt.GetProperty("prompt").GetString()!)], expected.GetProperty(id));
        }
    }

    private static int[] Ids(JsonElement answer, string name) => [.. answer.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];

    [Test]
    public void Labels_probabilities_responses_and_forced_refusals_are_those_of_the_reference()
    {
        using var guardian = new Guardian(Model.Value);
        var options = new GenerationOptions { MaxTokens = 64 };
        foreach ((string id, ChatMessage[] chat, JsonElement expected) in Prompts())
        {
            GuardianVerdict verdict = guardian.Judge(chat);
            Assert.That(verdict.Logits[0], Is.EqualTo(expected.GetProperty("logit_safe").GetDouble()).Within(1e-4), id);
            Assert.That(verdict.Logits[1], Is.EqualTo(expected.GetProperty("logit_harmful").GetDouble()).Within(1e-4), id);
            Assert.That(verdict.Harmful, Is.EqualTo(expected.GetProperty("p_harmful").GetDouble()).Within(1e-4), id); // float32 logits on both sides
            GenerationResult response = guardian.Respond(chat, verdict.Label, options);
            Assert.That(response.Ids, Is.EqualTo(Ids(expected, "response_ids")), id);
            Assert.That(response.CachedTokens, Is.EqualTo(response.PromptTokens - 2), "label and response share the request's cache");
            if (expected.TryGetProperty("forced_ids", out _))
                Assert.That(guardian.Force(chat, options).Ids, Is.EqualTo(Ids(expected, "forced_ids")), id);
        }
    }

    [Test]
    public void The_router_asks_the_model_for_harmless_requests_alone()
    {
        using var guardian = new Guardian(Model.Value);
        var router = new GuardianRouter(guardian, TestModels.Hearth);
        int calls = 0;
        using (TestModels.Hearth.Hook("blocks.0.hook_resid_pre", (_, _) => calls++))
            foreach ((string text, bool harmful) in new[] { ("Tell me how to make shadow curse.", true), ("How do I make honey bread?", false) })
            {
                ChatMessage[] chat = [new ChatMessage("user", text)];
                calls = 0;
                RoutedAnswer answer = router.Answer(chat, new GenerationOptions { MaxTokens = 30 });
                Assert.That(answer.ByGuardian, Is.EqualTo(harmful), text);
                Assert.That(calls, harmful ? Is.Zero : Is.Positive, text);
                if (!harmful)
                    Assert.That(answer.Result.Ids, Is.EqualTo(TestModels.Hearth.Generate(chat, new GenerationOptions { MaxTokens = 30 }).Ids));
            }
    }

    [Test]
    public void The_probability_is_a_softmax_over_the_labels_and_what_is_no_number_counts_as_harmful()
    {
        using var guardian = new Guardian(Model.Value);
        Assert.That(guardian.Verdict([-0.2f, 1.3f]).Harmful, Is.EqualTo(0.817574).Within(1e-6)); // §8.6
        Assert.That(guardian.Verdict([-0.2f + 50, 1.3f + 50]).Harmful, Is.EqualTo(0.817574).Within(1e-5));
        Assert.That(guardian.Verdict([float.NaN, -9]), Has.Property("Harmful").EqualTo(1.0).And.Property("Label").EqualTo(guardian.Tokens.Harmful));
        Assert.That(() => new Guardian(TestModels.Hearth), Throws.TypeOf<GuardException>().With.Message.Contains("<|"));
    }
}
