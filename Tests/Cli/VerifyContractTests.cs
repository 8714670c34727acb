using System.Text.Json;
using Managed.Loader;
using Managed.Weights;

namespace Managed.Tests.CliTests;

/// <summary>`managed verify`: what it prints and how it ends.</summary>
public class VerifyContractTests
{
    private static readonly string s_model = SharedFolder.Fixture("arch/gpt2");
    private string folder = "";

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("managed-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    [Test]
    public void Goldens_that_hold_give_a_line_each_and_0()
    {
        string[] lines = CommandLine.RunWell("verify", s_model, "--expected", Path.Combine(s_model, "expected.safetensors")).TrimEnd('\n').Split('\n');
        Assert.That(lines.Where(line => line.StartsWith("ok")).Count(), Is.GreaterThan(30));
        Assert.That(lines[^1], Does.StartWith("verified: ").And.Contain("Exact precision"));
        Assert.That(lines, Has.One.StartsWith("ok   greedy_ids ").And.One.StartsWith("ok   logits "));
    }

    [Test]
    public void One_wrong_value_gives_1_and_its_hook_point()
    {
        string altered = Altered("blocks.0.mlp.hook_post", values => values[3] += 0.5f);
        var (code, output, error) = CommandLine.Run(["verify", s_model, "--expected", altered]);
        Assert.That((code, error), Is.EqualTo((1, "")));
        Assert.That(output, Does.Contain("\nFAIL blocks.0.mlp.hook_post ").And.Contain("failed: first divergence at blocks.0.mlp.hook_post"));
        Assert.That(output.Split("FAIL"), Has.Length.EqualTo(2), "nothing else fails");
        Assert.That(CommandLine.Run(["verify", s_model, "--expected", altered, "--tolerance", "1"]).Code, Is.Zero);
    }

    [Test]
    public void Machines_get_the_same()
    {
        string altered = Altered("logits", values => values[0] += 1f);
        var (code, output, _) = CommandLine.Run(["verify", s_model, "--expected", altered, "--json"]);
        Assert.That(code, Is.EqualTo(1));
        using JsonDocument report = JsonDocument.Parse(output);
        Assert.That(report.RootElement.GetProperty("passed").GetBoolean(), Is.False);
        Assert.That(report.RootElement.GetProperty("first_divergence").GetString(), Is.EqualTo("logits"));
        JsonElement worst = report.RootElement.GetProperty("comparisons").EnumerateArray().Single(comparison => comparison.GetProperty("name").GetString() == "logits");
        Assert.That(worst.GetProperty("absolute").GetDouble(), Is.EqualTo(1).Within(1e-3));
    }

    // As ../shared/models/smollm2-135m-instruct/expected.safetensors is written.
    [Test]
    public void Several_texts_last_tokens_listed_tokens_and_all_layers_at_once_are_compared()
    {
        string file = Path.Combine(folder, "texts.safetensors");
        int layers = 0;
        void Write(Action<float[]>? alter)
        {
            var tensors = new List<TensorToWrite> { TensorToWrite.From("nll.input_ids", [3], new long[] { 1, 2, 3 }), TensorToWrite.From("nll.per_token", [2], new float[2]), TensorToWrite.From("note", [1], new float[1]) };
            using LanguageModel model = LanguageModel.Load(s_model);
            layers = model.LayerCount;
            foreach ((string text, int[] ids) in new[] { ("a", new[] { 3, 1, 4, 1, 5 }), ("b", [9, 2, 6]) })
            {
                RunResult run = model.Run(ids, new RunOptions { Names = ["resid_post", "logits", "embed"] });
                float[] last = [.. Enumerable.Range(0, model.LayerCount).SelectMany(layer => run.Cache["resid_post", layer][^1].ToArray())];
                if (text == "b")
                    alter?.Invoke(last);
                tensors.Add(TensorToWrite.From($"{text}.input_ids", [ids.Length], ids.Select(id => (long)id).ToArray()));
                tensors.Add(TensorToWrite.From($"{text}.resid_post", [model.LayerCount, model.Width], last));
                tensors.Add(TensorToWrite.From($"{text}.embed", [model.Width], run.Cache["embed"][^1].ToArray()));
                tensors.Add(TensorToWrite.From($"{text}.logits", [2, model.VocabularySize], (float[])[.. run.Cache["logits"][2].ToArray(), .. run.Cache["logits"][0].ToArray()]));
                tensors.Add(TensorToWrite.From($"{text}.logits_positions", [2], new long[] { 2, 0 }));
            }
            SafetensorsWriter.Write(file, tensors);
        }

        Write(null);
        JsonElement report = CommandLine.RunJson("verify", s_model, "--expected", file);
        Assert.That(report.GetProperty("comparisons").EnumerateArray().Select(comparison => comparison.GetProperty("name").GetString()),
            Is.EqualTo(new[] { "a", "b" }.SelectMany(text => Enumerable.Range(0, layers).Select(layer => $"blocks.{layer}.hook_resid_post").Prepend("hook_embed").Append("logits").Select(name => $"{text}.{name}"))));
        Assert.That(report.GetProperty("comparisons").EnumerateArray().Select(comparison => comparison.GetProperty("absolute").GetDouble()), Is.All.Zero);
        Assert.That(report.GetProperty("ignored").EnumerateArray().Select(name => name.GetString()), Is.EquivalentTo(new[] { "note", "nll.input_ids", "nll.per_token" }));
        Write(values => values[^1] += 1);
        var (code, output, _) = CommandLine.Run(["verify", s_model, "--expected", file]);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(output, Does.Contain($"FAIL b.blocks.{layers - 1}.hook_resid_post").And.Contain($"first divergence at b.blocks.{layers - 1}.hook_resid_post"));
    }

    [Test]
    public void A_file_that_is_no_golden_is_refused()
    {
        Assert.That(CommandLine.RunRefused("verify", s_model, "--expected", Path.Combine(s_model, "model.safetensors")), Does.Contain("input_ids"));
        Assert.That(CommandLine.RunRefused("verify", s_model, "--expected", "nowhere.safetensors"), Does.Contain("nowhere.safetensors"));
        Assert.That(CommandLine.RunRefused("verify", s_model), Does.Contain("--expected"));
    }

    private string Altered(string name, Action<float[]> alter)
    {
        using SafetensorsFile goldens = SafetensorsFile.Open(Path.Combine(s_model, "expected.safetensors"));
        Assert.That(goldens.Tensors, Does.ContainKey(name));
        var tensors = new List<TensorToWrite>();
        foreach (StoredTensor tensor in goldens.Tensors.Values)
            if (tensor.Type == TensorType.I64)
                tensors.Add(TensorToWrite.From(tensor.Name, tensor.Shape, StoredValues.ToIntegers(tensor).Select(value => (long)value).ToArray()));
            else if (tensor.Type == TensorType.F32)
            {
                float[] values = StoredValues.ToSingle(tensor);
                if (tensor.Name == name)
                    alter(values);
                tensors.Add(TensorToWrite.From(tensor.Name, tensor.Shape, values));
            }
        string file = Path.Combine(folder, "altered.safetensors");
        SafetensorsWriter.Write(file, tensors);
        return file;
    }
}
