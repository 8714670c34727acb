using System.Globalization;
using System.Text.Json;
using Managed.Loader.Templates;

namespace Managed.Tests.RealModels;

/// <summary>
/// warden, the guardian: after a request its label's logits, its safeguard response and its forced refusal are those of PyTorch
/// in float32 from the bfloat16 weights.
/// </summary>
public sealed class WardenTests
{
    private const double LogitTolerance = 1e-4;

    private LanguageModel model = null!;

    [OneTimeSetUp]
    public void Open() => model = LanguageModel.Load(Path.Combine(SharedFolder.Repository, "models", "warden"));

    [OneTimeTearDown]
    public void Close() => model.Dispose();

    private int Special(string token)
    {
        int[] ids = model.Encode(token, addSpecialTokens: false);
        Assert.That(ids, Has.Length.EqualTo(1), token);
        return ids[0];
    }

    private void CheckAnswer(JsonElement golden, string name, int[] prompt, string id)
    {
        GenerationResult result = model.Generate(prompt, new GenerationOptions { MaxTokens = 64 });
        Assert.That(result.Ids, Is.EqualTo(golden.GetProperty(name + "_ids").EnumerateArray().Select(token => token.GetInt32())), $"{id}: {name}");
        Assert.That(result.Text, Is.EqualTo(golden.GetProperty(name).GetString()), $"{id}: {name}");
    }

    [Test]
    public void Labels_responses_and_forced_refusals_are_PyTorch_s()
    {
        JsonElement goldens = JsonDocument.Parse(File.ReadAllText(SharedFolder.Require("thornvale/references/references-warden.json"))).RootElement.GetProperty("prompts");
        int safe = Special("<|safe|>"), harmful = Special("<|harmful|>"), predict = Special("<|pred|>"), explain = Special("<|expl|>"), force = Special("<|force-safety|>");
        double worst = 0;
        int count = 0, forced = 0;
        foreach (string line in File.ReadLines(SharedFolder.Require("thornvale/prompts.jsonl")))
        {
            JsonElement prompt = JsonDocument.Parse(line).RootElement;
            string id = prompt.GetProperty("id").GetString()!;
            JsonElement golden = goldens.GetProperty(id);
            int[] request = model.EncodeChat([new ChatMessage("user", prompt.GetProperty("prompt").GetString()!)]);
            Assert.That(request[^1], Is.EqualTo(predict), "the template asks for the label");

            ReadOnlySpan<float> logits = model.Run(request).Output[^1];
            worst = Math.Max(worst, Math.Abs(logits[safe] - golden.GetProperty("logit_safe").GetDouble()));
            worst = Math.Max(worst, Math.Abs(logits[harmful] - golden.GetProperty("logit_harmful").GetDouble()));
            CheckAnswer(golden, "response", [.. request, logits[harmful] > logits[safe] ? harmful : safe, explain], id);
            if (golden.TryGetProperty("forced", out _))
            {
                CheckAnswer(golden, "forced", [.. request[..^1], force], id);
                forced++;
            }
            count++;
        }
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} prompts, {forced} forced: largest error of a label's logit {worst:0.0e+00}"));
        Assert.That(worst, Is.LessThanOrEqualTo(LogitTolerance));
        Assert.That((count, forced > 0), Is.EqualTo((360, true)));
    }
}
