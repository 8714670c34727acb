using System.Globalization;
using System.Text.Json;
using Managed.Loader;
using Managed.Tests.FamilyMappers;
using Managed.Weights;
using ScratchFolder = Managed.Tests.Loader.Scratch;

namespace Managed.Tests.CliTests;

/// <summary>`managed verify` on every golden of the architecture fixtures, and on goldens and models that are wrong somewhere.</summary>
public sealed class VerifyGoldenTests
{
    private static readonly string[] s_expected = ["expected", "expected_short", "expected_cross"];

    // Reports that tests share: model and golden file, as `--json` prints them.
    private static readonly Dictionary<(string Model, string Expected), JsonElement> s_reports = [];

    private static IEnumerable<TestCaseData> Goldens() =>
        from gguf in new[] { false, true }
        from name in gguf ? FixtureSets.GgufFiles : FixtureSets.Folders
        from expected in s_expected
        where File.Exists(GoldenFile(name, expected))
        select new TestCaseData(name, gguf, expected);

    private static string GoldenFile(string name, string expected) => Path.Combine(FixtureSets.Folder(name), expected + ".safetensors");

    private static JsonElement Report(string name, bool gguf, string expected)
    {
        (string Model, string Expected) key = (gguf ? FixtureSets.Gguf(name) : FixtureSets.Folder(name), GoldenFile(name, expected));
        if (s_reports.TryGetValue(key, out JsonElement known))
            return known;
        var (code, output, error) = CommandLine.Run(["verify", key.Model, "--expected", key.Expected, "--json"]);
        Assert.That(error.Split('\n', StringSplitOptions.RemoveEmptyEntries), Is.All.StartsWith("managed: warning: the text is")); // longer than trained
        JsonElement report = JsonDocument.Parse(output).RootElement;
        Assert.That(code, Is.EqualTo(report.GetProperty("passed").GetBoolean() ? 0 : 1));
        return s_reports[key] = report;
    }

    [TestCaseSource(nameof(Goldens))]
    public void The_verdict_is_passed(string name, bool gguf, string expected)
    {
        JsonElement report = Report(name, gguf, expected);
        Assert.That(report.GetProperty("passed").GetBoolean(), $"first divergence: {report.GetProperty("first_divergence")}");
        string[] compared = [.. report.GetProperty("comparisons").EnumerateArray().Select(comparison => comparison.GetProperty("name").GetString()!)];
        Assert.That(compared, Has.Member("greedy_ids"));
        if (expected != "expected_cross") // holds a continuation alone
            Assert.That(compared, Has.Member("logits").And.Member("blocks.0.attn.hook_pattern").And.Member("unembed.hook_in").Or.Member("ln_final.hook_normalized"));
        Assert.That(report.GetProperty("ignored").EnumerateArray().Select(ignored => ignored.GetString()), Is.All.StartsWith("greedy_ids_"));
        Assert.That(report.GetProperty("precision").GetString(), Is.EqualTo("Exact"));
    }

    [Test]
    public void The_worst_errors_of_each_family_are_printed()
    {
        TestContext.Out.WriteLine("| fixture | tensors | worst | at | GGUF: worst | at |");
        TestContext.Out.WriteLine("|---|---:|---|---|---|---|");
        double worst = 0;
        foreach (string name in FixtureSets.Folders)
        {
            JsonElement folder = Report(name, gguf: false, "expected");
            string line = $"| {name} | {folder.GetProperty("comparisons").GetArrayLength()} | {Worst(folder, ref worst)} |";
            TestContext.Out.WriteLine(line + (FixtureSets.GgufFiles.Contains(name) ? $" {Worst(Report(name, gguf: true, "expected"), ref worst)} |" : " | |"));
        }
        Assert.That(worst, Is.LessThanOrEqualTo(1e-4));

        static string Worst(JsonElement report, ref double worst)
        {
            JsonElement tensor = report.GetProperty("worst");
            double relative = tensor.GetProperty("relative").GetDouble();
            worst = Math.Max(worst, relative);
            return string.Create(CultureInfo.InvariantCulture, $"{relative:0.0e+00} | {tensor.GetProperty("name").GetString()}");
        }
    }

    [TestCase("model.layers.0.self_attn.v_proj.weight", "blocks.0.attn.hook_v")]
    [TestCase("model.layers.1.mlp.down_proj.weight", "blocks.1.hook_mlp_out")]
    [TestCase("model.norm.weight", "logits")]
    public void A_wrong_weight_is_found_where_it_first_shows(string tensor, string hook)
    {
        const string Name = "llama-llama3";
        using var edited = new EditedCheckpoint(Name, rename: name => name == tensor ? null : name, more: Altered(Name, tensor));
        var (code, output, _) = CommandLine.Run(["verify", edited.Folder, "--expected", GoldenFile(Name, "expected")]);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(output, Does.EndWith($"failed: first divergence at {hook}\n"));
        Assert.That(output, Does.Contain("FAIL greedy_ids").And.Contain("by a margin of"));
    }

    private static TensorToWrite Altered(string name, string tensor)
    {
        using Checkpoint checkpoint = FixtureSets.Open(name, gguf: false);
        StoredTensor stored = checkpoint.Tensor(tensor);
        return TensorToWrite.From(tensor, stored.Shape, StoredValues.ToSingle(stored).Select((value, i) => i % 3 == 0 ? -value : value).ToArray());
    }

    [Test]
    public void Goldens_that_cannot_be_those_of_the_model_fail()
    {
        using var scratch = new ScratchFolder();
        string file = scratch.File("goldens.safetensors");
        long[] ids = [1, 2, 3];
        SafetensorsWriter.Write(file,
        [
            TensorToWrite.From("input_ids", [3], ids),
            TensorToWrite.From("hook_embed", [3, 32], Enumerable.Repeat(float.NaN, 96).ToArray()),
            TensorToWrite.From("blocks.0.hook_resid_post", [1, 3, 32], new float[96]),
            TensorToWrite.From("blocks.77.hook_resid_post", [3, 32], new float[96]),
            TensorToWrite.From("resid_pre.0", [3, 32], new float[96]),
            TensorToWrite.From("blocks.0.hook_resid_pre", [3, 32], new float[96]),
            TensorToWrite.From("remark", [1], new float[1]),
        ]);
        var (code, output, _) = CommandLine.Run(["verify", FixtureSets.Folder("llama-llama3"), "--expected", file]);
        string[] failed = [.. output.Split('\n').Where(line => line.StartsWith("FAIL"))];
        Assert.That(code, Is.EqualTo(1));
        Assert.That(failed, Has.Length.EqualTo(5), output);
        Assert.That(failed, Has.One.Contains("hook_embed ").And.Contains("NaN").And.One.Contains("golden has [1, 3, 32]"));
        Assert.That(failed, Has.One.Contains("blocks.77.hook_resid_post").And.Contains("this model has layers 0 to"));
        Assert.That(failed, Has.Exactly(2).Contains("blocks.0.hook_resid_pre"), "under both of its names");
        Assert.That(output, Does.Contain("remark").And.EndWith("failed: first divergence at hook_embed\n"));
    }

    [Test]
    public void A_file_in_which_nothing_can_be_compared_is_refused()
    {
        using var scratch = new ScratchFolder();
        string file = scratch.File("goldens.safetensors"), model = FixtureSets.Folder("llama-llama3");
        long[] ids = [1, 2];
        SafetensorsWriter.Write(file, [TensorToWrite.From("input_ids", [2], ids), TensorToWrite.From("remark", [1], new float[1])]);
        Assert.That(CommandLine.RunRefused("verify", model, "--expected", file), Does.Contain("hook point"));
        SafetensorsWriter.Write(file, [TensorToWrite.From("input_ids", [1, 2], ids), TensorToWrite.From("logits", [1], new float[1])]);
        Assert.That(CommandLine.RunRefused("verify", model, "--expected", file), Does.Contain("input_ids").And.Contain("[1, 2]"));
        Assert.That(CommandLine.RunRefused("verify", model, "--expected", file, "--tolerance", "-1"), Does.Contain("--tolerance"));
        Assert.That(CommandLine.RunRefused("verify", model, "--expected", file, "--tolerance", "NaN"), Does.Contain("--tolerance"));
    }

    [Test]
    public void The_continuation_is_compared_in_the_precision_that_was_asked_for()
    {
        string model = SharedFolder.Require("models/stories260K/stories260K-Q4_0.gguf");
        using var scratch = new ScratchFolder();
        string file = scratch.File("goldens.safetensors");
        int[] continuation = Continuation(model, Kernels.Precision.Fast), exact = Continuation(model, Kernels.Precision.Exact);
        Assert.That(continuation, Is.Not.EqualTo(exact), "a text on which the two precisions part");
        SafetensorsWriter.Write(file, [TensorToWrite.From("input_ids", [1], new[] { 1 }), TensorToWrite.From("greedy_ids", [continuation.Length], continuation)]);
        Assert.That(CommandLine.Run(["verify", model, "--expected", file, "--precision", "fast"]).Code, Is.Zero);
        Assert.That(CommandLine.Run(["verify", model, "--expected", file]).Code, Is.EqualTo(1));
    }

    private static int[] Continuation(string path, Kernels.Precision precision)
    {
        using LanguageModel model = LanguageModel.Load(path);
        return model.Generate([1], new GenerationOptions { MaxTokens = 200, IgnoreEndTokens = true, Precision = precision }).Ids;
    }
}
