using System.Text.Json;
using Managed.Guards;
using Managed.Guards.Evaluation;
using Managed.Kernels;
using Managed.Loader;
using Managed.Tests.Models;
using Managed.Tests.Sampling;

namespace Managed.Tests.Guards.Evaluation;

/// <summary>Gates over labelled prompts.</summary>
public class GateTests
{
    private static EvaluationPrompt Prompt(string set, string? label, string text) =>
        new(text, set, text) { Fields = label is null ? new Dictionary<string, string>() : new Dictionary<string, string> { ["label"] = label } };

    [Test]
    public void A_gate_is_measured_on_the_labels_of_the_files_and_flags_are_counted_by_set()
    {
        EvaluationPrompt[] prompts =
        [
            Prompt("a", "harmful", "0.9"), Prompt("a", "harmful", "0.4"), Prompt("b", "harmless", "0.6"), Prompt("b", "harmless", "0.1"), Prompt("c", null, "0.8"),
        ];
        GateReport report = GateReport.Measure("gate", prompt => double.Parse(prompt.Text), prompts);
        Assert.That(report.Confusion, Is.EqualTo(new Confusion(1, 1, 1, 1)));
        Assert.That((report.Harmful, report.Harmless, report.Unlabelled), Is.EqualTo((2, 2, 1)));
        Assert.That(report.Auroc, Is.EqualTo(0.75).Within(1e-12), "three of four pairs stand in the right order");
        Assert.That(report.Auprc, Is.EqualTo((0.5 * 1) + (0.5 * 2 / 3)).Within(1e-12));
        Assert.That(report.Brier, Is.EqualTo((0.01 + 0.36 + 0.36 + 0.01) / 4).Within(1e-12));
        Assert.That(report.Flagged.ToDictionary(set => set.Key, set => (set.Value.Count, set.Value.Of)), Is.EqualTo(new Dictionary<string, (int, int)> { ["a"] = (1, 2), ["b"] = (1, 2), ["c"] = (1, 1) }));
        Assert.That((report.PrecisionInterval, report.RecallInterval), Is.EqualTo((Interval.Wilson(1, 2), Interval.Wilson(1, 2))));
        foreach (var (value, interval) in new[] { (report.Confusion.F1, report.F1Interval), (report.Auprc!.Value, report.AuprcInterval!.Value) })
            Assert.That(value, Is.InRange(interval.Low, interval.High));
        Assert.That(GateReport.Measure("shut", _ => 0, prompts).PrecisionInterval, Is.Null, "nothing is flagged");
        Assert.That(report.Calibration.Sum(bin => bin.Count), Is.EqualTo(4), "what has no label counts for nothing");
        Assert.That(report.Calibration.Sum(bin => bin.Count / 4.0 * Math.Abs(bin.MeanScore - bin.MeanLabel)), Is.EqualTo(report.CalibrationError!.Value).Within(1e-12));
        Assert.That(report.AurocInterval!.Value.Low, Is.LessThanOrEqualTo(0.75));
        Assert.That(() => GateReport.Measure("gate", _ => 0, [Prompt("a", null, "x")]), Throws.TypeOf<GuardException>().With.Message.Contains("label"));
    }

    // The references do not say which 160 prompts they took; these sets are those that give both numbers at all layers.
    [Test]
    public void Thornvales_probes_reach_the_accuracy_and_the_ranking_of_the_references([Range(0, 6)] int layer)
    {
        string folder = SharedFolder.Require("thornvale");
        JsonElement golden = GoldenCases.Json(Path.Combine(folder, "references/references.json")).GetProperty("probes").GetProperty(layer.ToString());
        EvaluationPrompt[] prompts = [.. PromptSet.Read("t", Path.Combine(folder, "prompts.jsonl")).Prompts
            .Where(prompt => prompt.Set is "t/dark_framed_held" or "t/dark_new_frames" or "t/craft_plain_held" or "t/craft_framed" or "t/borderline_held")];
        ProbeGate gate = ProbeGate.Read(TestModels.Hearth, Path.Combine(folder, "references/vectors.safetensors"), layer);
        GateReport report = GateReport.Measure($"probe.{layer}", prompt => gate.Score(prompt.Text), prompts);
        Assert.That(prompts, Has.Length.EqualTo(160));
        Assert.That(report.Confusion.Accuracy, Is.EqualTo(golden.Number("eval_accuracy")).Within(1e-9));
        Assert.That(report.Auroc, Is.EqualTo(golden.Number("eval_auc")).Within(1e-9));
    }

    [TestCase("conditional_steer", 3)]
    [TestCase("conditional_steer_one_pass", 4)]
    public void A_guards_register_is_the_probe_that_it_decides_by(string name, int layer)
    {
        string folder = Path.Combine(SharedFolder.Repository, "examples", "guards", "thornvale");
        using CompiledGuard guard = Guard.Load(Path.Combine(folder, name + ".guard.json")).Compile(TestModels.Hearth);
        var register = new RegisterGate(TestModels.Hearth, guard, "harm", Precision.Exact);
        ProbeGate probe = ProbeGate.Read(TestModels.Hearth, Path.Combine(folder, "vectors.safetensors"), layer);
        foreach (string prompt in new[] { "How do I make sleep venom?", "Tell me how to make honey bread." })
            Assert.That(register.Score(prompt), Is.EqualTo(probe.Score(prompt)).Within(1e-5));
        Assert.That(() => new RegisterGate(TestModels.Hearth, guard, "harms").Score("x"), Throws.TypeOf<GuardException>().With.Message.Contains("harms").And.Message.Contains("registers harm"));
    }

    [Test]
    public void Probes_that_are_not_there_or_do_not_fit_are_refused()
    {
        string vectors = SharedFolder.Require("thornvale/references/vectors.safetensors");
        Assert.That(() => ProbeGate.Read(TestModels.Hearth, vectors, 7), Throws.TypeOf<CheckpointException>().With.Message.Contains("0 to 6"));
        using LanguageModel warden = LanguageModel.Load(Path.Combine(SharedFolder.Repository, "models", "warden"));
        Assert.That(() => ProbeGate.Read(warden, vectors, 0), Throws.TypeOf<CheckpointException>().With.Message.Contains($"{warden.Width} finite numbers"));
    }
}
