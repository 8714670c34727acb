using System.Text.Json;
using Managed.Guards;
using Managed.Tests.CliTests;
using Managed.Tests.Models;

namespace Managed.Tests.Guarding;

/// <summary>Hearth's answers under each guard are PyTorch's, token for token, and so are the verdicts and the rates.</summary>
public class ThornvaleGuardTests
{
    private static readonly Lazy<JsonDocument> References = new(() => JsonDocument.Parse(File.ReadAllText(SharedFolder.Require("thornvale/references/references.json"))));

    public static string Example(string name) => Path.Combine(SharedFolder.Repository, "examples", "guards", "thornvale", name + ".guard.json");

    private static IEnumerable<string> Names() => Directory.GetFiles(Path.Combine(SharedFolder.Repository, "examples", "guards", "thornvale"), "*.guard.json")
        .Select(file => Path.GetFileName(file).Split('.')[0]).Where(name => name != "best").Order(); // which has no reference

    [TestCaseSource(nameof(Names))]
    public void Answers_verdicts_and_rates_are_those_of_the_reference(string name)
    {
        string prompts = SharedFolder.Require("thornvale/prompts.jsonl");
        JsonElement expected = References.Value.RootElement.GetProperty("guards").EnumerateArray().Single(guard => guard.GetProperty("guard").GetString() == name);
        JsonElement report = CommandLine.RunJson("guard", "eval", TestModels.HearthPath, "--guard", Example(name), "--prompts", prompts);
        JsonElement[] answers = [.. report.GetProperty("answers").EnumerateArray()];
        Assert.That(answers, Has.Length.EqualTo(expected.GetProperty("answers").EnumerateObject().Count()));
        foreach (JsonElement answer in answers)
        {
            string id = answer.GetProperty("id").GetString()!;
            JsonElement reference = expected.GetProperty("answers").GetProperty(id);
            Assert.That(Ids(answer), Is.EqualTo(Ids(reference)), id);
            Assert.That(answer.GetProperty("text").GetString(), Is.EqualTo(reference.GetProperty("text").GetString()), id);
            Assert.That(answer.GetProperty("verdict").GetString(), Is.EqualTo(reference.GetProperty("verdict").GetString()), id);
            Assert.That(answer.GetProperty("receipt").ValueKind, Is.EqualTo(JsonValueKind.Object), id);
        }
        Assert.That(Rates(report), Is.EqualTo(Rates(expected)));
    }

    [Test]
    public void Without_a_guard_the_answers_are_the_models_own_and_have_no_receipt()
    {
        string prompts = SharedFolder.Require("thornvale/prompts.jsonl");
        JsonElement expected = References.Value.RootElement.GetProperty("guards").EnumerateArray().Single(guard => guard.GetProperty("guard").GetString() == "none");
        JsonElement report = CommandLine.RunJson("guard", "eval", TestModels.HearthPath, "--prompts", prompts);
        foreach (JsonElement answer in report.GetProperty("answers").EnumerateArray())
        {
            Assert.That(Ids(answer), Is.EqualTo(Ids(expected.GetProperty("answers").GetProperty(answer.GetProperty("id").GetString()!))));
            Assert.That(answer.GetProperty("receipt").ValueKind, Is.EqualTo(JsonValueKind.Null));
        }
        Assert.That(Rates(report), Is.EqualTo(Rates(expected)));
    }

    [Test]
    public void The_judge_decides_as_the_references_do()
    {
        string world = SharedFolder.Require("thornvale/world.json"), prompts = SharedFolder.Require("thornvale/prompts.jsonl");
        ThornvaleJudge judge = ThornvaleJudge.Open(world);
        var asked = File.ReadLines(prompts).Select(line => JsonDocument.Parse(line).RootElement).ToDictionary(prompt => prompt.GetProperty("id").GetString()!);
        foreach (JsonElement guard in References.Value.RootElement.GetProperty("guards").EnumerateArray())
            foreach (JsonProperty answer in guard.GetProperty("answers").EnumerateObject())
            {
                JsonElement prompt = asked[answer.Name];
                Assert.That(judge.Verdict(prompt.GetProperty("kind").GetString()!, prompt.GetProperty("work").GetString(), answer.Value.GetProperty("text").GetString()!),
                    Is.EqualTo(answer.Value.GetProperty("verdict").GetString()), $"{guard.GetProperty("guard")} {answer.Name}");
            }
    }

    private static int[] Ids(JsonElement answer) => [.. answer.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];

    private static SortedDictionary<string, double> Rates(JsonElement report) =>
        new(report.GetProperty("rates").EnumerateObject().SelectMany(set => set.Value.EnumerateObject().Select(verdict => (set.Name + " " + verdict.Name, verdict.Value.GetDouble())))
            .ToDictionary(rate => rate.Item1, rate => rate.Item2));
}
