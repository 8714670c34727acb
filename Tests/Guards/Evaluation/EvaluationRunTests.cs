using System.Text.Json;
using Managed.Guards.Evaluation;
using Managed.Kernels;
using Managed.Loader;
using Managed.Tests.Models;
using Managed.Tests.Sampling;
using Interval = Managed.Guards.Evaluation.Interval;

namespace Managed.Tests.Guards.Evaluation;

/// <summary>Runs over guards and sets: rates, reports, interruptions, other settings.</summary>
public class EvaluationRunTests
{
    private Loader.Scratch scratch = null!;

    [SetUp]
    public void Begin() => scratch = new Loader.Scratch();

    [TearDown]
    public void End() => scratch.Dispose();

    private string Log => scratch.File("answers.jsonl");

    // Twelve prompts: eight harmful, four harmless.
    private PromptSet Set(string name = "set") => PromptSet.Read(name, scratch.Write($"{name}.csv",
        "id,prompt,label\n" + string.Concat(Enumerable.Range(0, 12).Select(i => $"{i},question {i},{(i < 8 ? "harmful" : "harmless")}\n"))));

    private static ScriptedAnswerer Open() => ScriptedAnswerer.Says("none", question => "Sure: " + question.Turns[^1].Content);

    private static ScriptedAnswerer Guarded() => ScriptedAnswerer.Says("guard", question => question.Turns[^1].Content is "question 8" || int.Parse(question.Turns[^1].Content[9..]) < 7 ? "I'm sorry." : "Sure.");

    private EvaluationRun Run(params IAnswerer[] answerers) => new(TestModels.Hearth, answerers, [Set()], 16) { BatchSize = 5 };

    [Test]
    public void Verdicts_are_counted_by_part_and_by_label_with_intervals_and_the_difference_from_the_baseline()
    {
        EvaluationReport report = Run(Open(), Guarded()).Run(Log, StringJudge.XsTest);
        CellReport harmful = report.Cells.Single(cell => cell.Guard == "guard" && cell.Set == "set/harmful");
        RateReport refused = harmful.Rates[Verdict.Refusal];
        Assert.That((refused.Count, refused.Of, refused.Rate), Is.EqualTo((7, 8, 0.875)));
        Assert.That((refused.Low, refused.High), Is.EqualTo((Interval.Wilson(7, 8).Low, Interval.Wilson(7, 8).High)));
        Assert.That(refused.PAgainstBaseline, Is.EqualTo(2.0 / 128).Within(1e-12), "seven of seven differ to one side");
        GuardReport guard = report.Guards[1];
        Assert.That((guard.OverRefusal!.Count, guard.OverRefusal.Of, guard.HarmfulRefused!.Count), Is.EqualTo((1, 4, 7)));
        Assert.That((guard.AttackSuccess!.Count, guard.AttackSuccess.Of), Is.EqualTo((1, 8)), "to a judge of words, whatever is no refusal");
        Assert.That(report.Guards[0].OverRefusal!.PAgainstBaseline, Is.Null);
        Assert.That(report.Guards.Select(g => g.TokensPerSecond), Has.All.GreaterThan(0));
    }

    [Test]
    public void A_row_without_an_answer_is_counted_and_is_no_verdict()
    {
        var failing = new ScriptedAnswerer("none", question => question.Turns[^1].Content == "question 3" ? new Answer([], "") { Failure = "NaN at layer 2" } : new Answer([1], "Sure."));
        EvaluationReport report = Run(failing).Run(Log, StringJudge.XsTest);
        CellReport cell = report.Cells.Single(cell => cell.Set == "set/harmful");
        Assert.That((cell.Failed, cell.Rates[Verdict.Answer].Count, cell.Rates[Verdict.Answer].Of), Is.EqualTo((1, 7, 8)));
        Assert.That(ReportWriters.Markdown(ReportTables.Note(report), ReportTables.Of(report)), Does.Contain("Rows without an answer"));
    }

    [Test]
    public void An_interrupted_run_goes_on_where_it_stopped_and_gives_the_same_report()
    {
        string whole = Text(Run(Open(), Guarded()).Run(scratch.File("whole.jsonl"), StringJudge.XsTest));
        using var source = new CancellationTokenSource();
        int batches = 0;
        var interrupted = new ScriptedAnswerer("none", question => new Answer([1, 2, 3], "Sure: " + question.Turns[^1].Content))
        {
            Before = () =>
            {
                if (++batches == 3)
                    source.Cancel();
            },
        };
        Assert.That(() => Run(interrupted, Guarded()).Run(Log, StringJudge.XsTest, null, source.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(interrupted.Asked, Is.EqualTo(10));
        File.AppendAllText(Log, "{\"guard\":\"none\",\"set\":\"set\",\"id\":\"11\",\"ids\":[1"); // what a crash in the middle of a line leaves
        ScriptedAnswerer open = Open(), guarded = Guarded();
        var run = new EvaluationRun(TestModels.Hearth, [open, guarded], [Set()], 16) { BatchSize = 5 };
        Assert.That(Text(run.Run(Log, StringJudge.XsTest)), Is.EqualTo(whole));
        Assert.That((open.Asked, guarded.Asked), Is.EqualTo((2, 2)), "only what was missing");
        Assert.That(Text(run.Run(Log, StringJudge.XsTest)), Is.EqualTo(whole));
        Assert.That((open.Asked, guarded.Asked), Is.EqualTo((2, 2)), "a finished run asks nothing");

        static string Text(EvaluationReport report) => ReportWriters.Verdicts(report) + JsonSerializer.Serialize(report.Cells, EvaluationSettings.Json);
    }

    [Test]
    public void Answers_of_other_settings_are_refused_by_name()
    {
        Run(Open()).Run(Log, StringJudge.XsTest);
        Refused(new EvaluationRun(TestModels.Hearth, [Open()], [Set()], 17), "max tokens: found 16 there; expected 17");
        Refused(new EvaluationRun(TestModels.Hearth, [new ScriptedAnswerer("none", _ => new Answer([], ""), "another rule")], [Set()], 16), "guard none: found a rule there; expected another rule");
        PromptSet changed = PromptSet.Read("set", scratch.Write("set.csv", "id,prompt\n1,x\n"));
        Refused(new EvaluationRun(TestModels.Hearth, [Open()], [changed], 16), "set set");

        void Refused(EvaluationRun run, string expected) => Assert.That(() => run.Run(Log, StringJudge.XsTest),
            Throws.TypeOf<CheckpointException>().With.Message.Contains(expected).And.Message.Contains("answers.jsonl").And.Message.Contains("--out"));
    }

    [Test]
    public void Guards_sets_and_further_prompts_join_a_run_and_only_what_is_new_is_asked()
    {
        PromptSet set = Set();
        ScriptedAnswerer open = Open(), guarded = Guarded();
        new EvaluationRun(TestModels.Hearth, [open], [set.Take(4)], 16).Run(Log, StringJudge.XsTest);
        Assert.That(set.Take(4).Prompts.Select(prompt => prompt.Text), Is.EqualTo(new[] { "question 0", "question 3", "question 6", "question 9" }), "evenly spread");
        Assert.That(open.Asked, Is.EqualTo(4));
        EvaluationReport report = new EvaluationRun(TestModels.Hearth, [open, guarded], [set, Set("other")], 16).Run(Log, StringJudge.XsTest);
        Assert.That((open.Asked, guarded.Asked), Is.EqualTo((24, 24)));
        Assert.That(report.Guards.Select(guard => guard.HarmfulRefused!.Of), Is.EqualTo(new[] { 16, 16 }));
        new EvaluationRun(TestModels.Hearth, [guarded], [Set("other")], 16).Run(Log, StringJudge.XsTest);
        Assert.That(guarded.Asked, Is.EqualTo(24), "what stays away stays in the file");
        Assert.That(File.ReadLines(Log).Count(line => line.StartsWith("{\"settings\":", StringComparison.Ordinal)), Is.EqualTo(2));
        var changed = new ScriptedAnswerer("guard", _ => new Answer([], ""), "another rule");
        Assert.That(() => new EvaluationRun(TestModels.Hearth, [open, changed], [set], 16).Run(Log, StringJudge.XsTest), Throws.TypeOf<CheckpointException>().With.Message.Contains("guard guard: found"));
    }

    [Test]
    public void A_file_without_labels_is_given_one()
    {
        PromptSet set = PromptSet.Read("set", scratch.Write("plain.txt", "one\ntwo\n")).Labelled("harmful");
        EvaluationReport report = new EvaluationRun(TestModels.Hearth, [Open()], [set], 16).Run(Log, StringJudge.XsTest);
        Assert.That(report.Guards[0].HarmfulRefused!.Of, Is.EqualTo(2));
        Assert.That(Set().Labelled("harmful").Prompts.Count(prompt => prompt.Field("label") == "harmless"), Is.EqualTo(4), "labels that are there stay");
    }

    [Test]
    public void Speeds_are_compared_batch_by_batch_and_warming_up_is_not_counted()
    {
        ScriptedAnswerer open = Open(), guarded = Guarded();
        EvaluationReport report = new EvaluationRun(TestModels.Hearth, [open, guarded], [Set()], 16) { BatchSize = 3, WarmUp = true }.Run(Log, StringJudge.XsTest);
        Assert.That((open.Asked, guarded.Asked), Is.EqualTo((15, 13)), "a batch and a prompt to warm up");
        Assert.That(File.ReadLines(Log).Count(line => line.Contains("\"seconds\"")), Is.EqualTo(8));
        Assert.That(report.Guards[0].SpeedInterval, Is.Null);
        double[] interval = report.Guards[1].SpeedInterval!;
        Assert.That((interval[0] <= report.Guards[1].SpeedShare, interval[1] >= report.Guards[1].SpeedShare, report.Guards[1].TimeShare > 0), Is.EqualTo((true, true, true)));
    }

    [TestCase("hello\n", "line 1")]
    [TestCase("{\"guard\":\"none\"}\n", "no settings")]
    public void What_is_no_log_is_refused_and_left_as_it_is(string content, string expected)
    {
        File.WriteAllText(Log, content);
        Assert.That(() => Run(Open()).Run(Log, StringJudge.XsTest), Throws.TypeOf<CheckpointException>().With.Message.Contains(expected));
        Assert.That(File.ReadAllText(Log), Is.EqualTo(content));
    }

    [Test]
    public void Names_that_are_given_twice_are_refused() => Assert.That(() => Run(Open(), Open()), Throws.ArgumentException.With.Message.Contains("none"));

    [Test]
    public void Reports_are_written_for_machines_for_text_and_as_a_page_of_its_own()
    {
        var odd = ScriptedAnswerer.Says("<b>|guard", _ => "I'm sorry.");
        EvaluationReport report = Run(Open(), odd).Run(Log, StringJudge.XsTest);
        using JsonDocument json = JsonDocument.Parse(ReportWriters.Json(report));
        JsonElement cell = json.RootElement.GetProperty("cells").EnumerateArray().Single(c => c.GetProperty("guard").GetString() == "<b>|guard" && c.GetProperty("set").GetString() == "set/harmless");
        Assert.That(cell.GetProperty("rates").GetProperty("refusal").Number("rate"), Is.EqualTo(1));
        Assert.That(json.RootElement.GetProperty("sets")[0].Count("prompts"), Is.EqualTo(12));
        string note = ReportTables.Note(report), markdown = ReportWriters.Markdown(note, ReportTables.Of(report)), html = ReportWriters.Html(note, ReportTables.Of(report));
        Assert.That(markdown, Does.Contain("| &lt;b>\\|guard | 100.0 % (67.6 %–100.0 %) \\* | 100.0 % (51.0 %–100.0 %) |"));
        Assert.That(html, Does.Contain("&lt;b&gt;|guard").And.Not.Contain("<b>").And.Not.Contain("src=").And.Not.Contain("href="));
        foreach (string text in new[] { markdown, html })
            Assert.That(text, Does.Contain("not stated beside the file").And.Contain("95 %"));
    }

    [Test]
    public void Hearths_answers_and_rates_on_Thornvale_are_PyTorchs()
    {
        PromptSet set = PromptSet.Read("t", SharedFolder.Require("thornvale/prompts.jsonl"));
        JsonElement golden = GoldenCases.Json(SharedFolder.Require("thornvale/references/references.json")).GetProperty("guards")[0];
        var judge = new VillageJudge(SharedFolder.Require("thornvale/world.json"));
        var hearth = new ModelAnswerer(TestModels.Hearth, options: new GenerationOptions { Precision = Precision.Exact });
        EvaluationReport report = new EvaluationRun(TestModels.Hearth, [hearth], [set], 64).Run(Log, judge);
        foreach (JudgedAnswer answer in report.Answers)
        {
            JsonElement expected = golden.GetProperty("answers").GetProperty(answer.Prompt.Id);
            Assert.That(answer.Answer.Ids, Is.EqualTo(expected.GetProperty("ids").Ints()), answer.Prompt.Id);
            Assert.That(answer.Verdict.ToString()!.ToLowerInvariant(), Is.EqualTo(expected.GetProperty("verdict").GetString()), answer.Prompt.Id);
        }
        foreach (JsonProperty rates in golden.GetProperty("rates").EnumerateObject())
            foreach (JsonProperty rate in rates.Value.EnumerateObject())
                Assert.That(report.Cells.Single(cell => cell.Set == "t/" + rates.Name).Rates[Enum.Parse<Verdict>(rate.Name, ignoreCase: true)].Rate, Is.EqualTo(rate.Value.GetDouble()).Within(5e-5), rates.Name);
    }

    [Test]
    public void A_prompt_that_is_too_long_has_no_answer_and_the_others_have_theirs()
    {
        using LanguageModel model = LanguageModel.Load(TestModels.HearthPath, new LoadOptions { Context = 32 });
        IReadOnlyList<Answer> answers = new ModelAnswerer(model).Answer([Question.Of(string.Concat(Enumerable.Repeat("salt ", 40))), Question.Of("Where is the mill?")], 16, default);
        Assert.That(answers[0].Failure, Does.Contain("tokens long").And.Contain("32"));
        Assert.That((answers[1].Failure, answers[1].Text), Is.EqualTo(((string?)null, "The mill is by the river.")));
    }

    [Test]
    public void A_hook_is_a_guard_and_an_answer_does_not_depend_on_its_neighbours()
    {
        using LanguageModel model = LanguageModel.Load(TestModels.HearthPath);
        var answerer = new ModelAnswerer(model, "silence", "a hook");
        Question[] questions = [Question.Of("Where is the mill?"), new Question([new ChatMessage("user", "Where is the well?")], "The well is")];
        Assert.That(answerer.Answer(questions, 32, default).Select(answer => answer.Text), Is.EqualTo(new[] { "The mill is by the river.", " in the square." }));
        Assert.That(answerer.Answer(questions[1..], 32, default)[0].Ids, Is.EqualTo(answerer.Answer(questions, 32, default)[1].Ids));
        using (model.Hook("blocks.0.hook_resid_post", (stream, _) => stream.Fill(0)))
            Assert.That(answerer.Answer(questions, 32, default)[0].Text, Is.Not.EqualTo("The mill is by the river."));
        using (model.Hook("unembed.hook_out", (logits, at) =>
        {
            if (at.Sequence == 0)
                logits.Fill(float.NaN);
        }))
        {
            IReadOnlyList<Answer> answers = answerer.Answer(questions, 32, default);
            Assert.That(answers[0].Failure, Does.Contain("NaN"));
            Assert.That((answers[1].Failure, answers[1].Text), Is.EqualTo(((string?)null, " in the square.")));
        }
        Assert.That(() => answerer.Answer(questions, 32, new CancellationToken(true)), Throws.InstanceOf<OperationCanceledException>());
    }
}
