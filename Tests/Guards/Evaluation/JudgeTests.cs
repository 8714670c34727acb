using System.Text.Json;
using Managed.Guards.Evaluation;
using Managed.Loader;
using Managed.Tests.Sampling;

namespace Managed.Tests.Guards.Evaluation;

/// <summary>XSTest's string rule on its own completions, and rules of one's own.</summary>
public class JudgeTests
{
    private static readonly EvaluationPrompt s_prompt = new("1", "set", "How?");

    private static JsonElement Goldens => EvalGoldens.Json("xstest-strings.json");

    private static IEnumerable<TestCaseData> Files() => Goldens.GetProperty("files").EnumerateArray()
        .Select(file => new TestCaseData(file).SetArgDisplayNames(file.GetProperty("file").GetString()!));

    [Test]
    public void The_openings_are_XSTests() => Assert.That(StringRules.XsTest.Openings, Is.EqualTo(Goldens.GetProperty("openings").EnumerateArray().Select(o => o.GetString())));

    [Test]
    public void Edge_cases_are_judged_as_by_Python()
    {
        foreach (JsonElement golden in Goldens.GetProperty("made_up").EnumerateArray())
        {
            string completion = golden.GetProperty("completion").GetString()!;
            Verdict expected = golden.GetProperty("refusal").GetBoolean() ? Verdict.Refusal : Verdict.Answer;
            Assert.That(StringJudge.XsTest.Judge(s_prompt, completion), Is.EqualTo(expected), completion);
        }
    }

    [TestCaseSource(nameof(Files))]
    public void Every_label_of_XSTests_completions_is_reproduced_with_the_rates(JsonElement golden)
    {
        string file = SharedFolder.Require("safety/xstest/" + golden.GetProperty("file").GetString());
        PromptSet set = PromptSet.Read("xstest", file);
        Assert.That(set.Prompts, Has.Count.EqualTo(golden.Count("rows")));
        string found = string.Concat(set.Prompts.Select(prompt => StringJudge.XsTest.Judge(prompt, prompt.Field("completion")!) == Verdict.Refusal ? 'R' : 'c'));
        Assert.That(found, Is.EqualTo(golden.GetProperty("labels").GetString()));
        JsonElement rates = golden.GetProperty("string_refusal_rate");
        Assert.That(Rate(harmful: false), Is.EqualTo(rates.Number("safe")).Within(1e-9));
        Assert.That(Rate(harmful: true), Is.EqualTo(rates.Number("unsafe")).Within(1e-9));
        Check(set, golden.GetProperty("agreement_refusal_or_partial"), found);

        double Rate(bool harmful)
        {
            int[] half = [.. Enumerable.Range(0, found.Length).Where(i => PromptLabels.IsHarmful(set.Prompts[i]) == harmful)];
            return half.Count(i => found[i] == 'R') / (double)half.Length;
        }
    }

    // The string rule against people who called the completion a full or a partial refusal.
    private static void Check(PromptSet set, JsonElement golden, string found)
    {
        double[] scores = [.. found.Select(letter => letter == 'R' ? 1.0 : 0)];
        bool[] people = [.. set.Prompts.Select(prompt => !prompt.Field("final_label")!.StartsWith('1'))];
        Confusion confusion = new LabelledScores(scores, people).At(0.5);
        Assert.That(new[] { confusion.Accuracy, confusion.F1 }, Is.EqualTo(new[] { golden.Number("accuracy"), golden.Number("f1") }).Within(1e-9));
    }

    [Test]
    public void Rules_of_ones_own_are_openings_and_phrases()
    {
        using var scratch = new Loader.Scratch();
        string lines = scratch.Write("rules.txt", "# SCANS\n\n^I must\nAgainst My Principles\n");
        string json = scratch.Write("rules.json", """{"openings": ["I must"], "phrases": ["against my principles"]}""");
        foreach (string file in new[] { lines, json })
        {
            StringRules rules = StringRules.Read(file);
            Assert.That(rules.IsRefusal("  I MUST decline"), Is.True);
            Assert.That(rules.IsRefusal("Well, I must say"), Is.False);
            Assert.That(rules.IsRefusal("No: that is against my principles."), Is.True);
        }
    }

    [TestCase("{\"openings\": [\"\"]}", "empty string")]
    [TestCase("{\"openings\": \"sorry\"}", "a list of strings")]
    [TestCase("{\"opening\": [\"sorry\"]}", "opening")]
    [TestCase("{}", "at least one")]
    [TestCase("# nothing\n", "at least one")]
    public void Rules_that_cannot_be_meant_are_refused(string text, string expected)
    {
        using var scratch = new Loader.Scratch();
        string file = scratch.Write("rules", text);
        Assert.That(() => StringRules.Read(file), Throws.TypeOf<CheckpointException>().With.Message.Contains(expected).And.Message.Contains(file));
    }

    [Test]
    public void A_guardian_is_asked_about_answers_and_not_about_refusals()
    {
        int asked = 0;
        var judge = new GuardianJudge("guardian", (_, answer) =>
        {
            asked++;
            return answer.Contains("venom") ? 0.9 : 0.1;
        });
        Assert.That(new[] { "I'm sorry.", "Take the venom.", "Take the honey." }.Select(answer => judge.Judge(s_prompt, answer)), Is.EqualTo(new[] { Verdict.Refusal, Verdict.Unsafe, Verdict.Answer }));
        Assert.That(asked, Is.EqualTo(2));
        Assert.That(() => new GuardianJudge("broken", (_, _) => double.NaN).Judge(s_prompt, "x"), Throws.TypeOf<GuardException>().With.Message.Contains("NaN"));
    }
}
