using Managed.Loader;
using Managed.Tests.Models;
using Managed.Weights;

namespace Managed.Tests.CliTests;

/// <summary>`managed capture` writes what its contract says: other tools read these files.</summary>
public class CaptureContractTests
{
    private const string Text = "<|begin|><|user|>How do I make honey bread?<|end|><|assistant|>";
    private string folder = "";

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("managed-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    private string At(string name) => Path.Combine(folder, name);

    private SafetensorsFile Capture(params string[] arguments)
    {
        Assert.That(CommandLine.RunWell(["capture", TestModels.HearthPath, "--out", At("out.safetensors"), .. arguments]), Does.Contain("written to"));
        Assert.That(Directory.GetFiles(folder, "*.part"), Is.Empty);
        return SafetensorsFile.Open(At("out.safetensors"));
    }

    [Test]
    public void A_tensor_per_hook_point_named_as_it_without_a_batch_axis_and_the_ids()
    {
        using SafetensorsFile file = Capture("--text", Text, "--hooks", "blocks.*.hook_resid_post,pattern2,logits");
        int[] ids = TestModels.Hearth.Encode(Text);
        Assert.That(file.Tensors.Keys, Is.EquivalentTo(Enumerable.Range(0, 6).Select(layer => $"blocks.{layer}.hook_resid_post")
            .Concat(["blocks.2.attn.hook_pattern", "logits", "input_ids"])));
        Assert.That(file.Tensors["input_ids"].Type, Is.EqualTo(TensorType.I64));
        Assert.That(StoredValues.ToIntegers(file.Tensors["input_ids"]), Is.EqualTo(ids));
        Assert.That(file.Tensors["blocks.3.hook_resid_post"].Shape, Is.EqualTo(new long[] { ids.Length, 128 }));
        Assert.That(file.Tensors["blocks.2.attn.hook_pattern"].Shape, Is.EqualTo(new long[] { 4, ids.Length, ids.Length }));
        Assert.That(file.Tensors["logits"].Shape, Is.EqualTo(new long[] { ids.Length, 1024 }));
        var (logits, cache) = TestModels.Hearth.RunWithCache(ids, "resid_post", "pattern");
        Assert.That(StoredValues.ToSingle(file.Tensors["logits"]), Is.EqualTo(logits.Values.ToArray()));
        Assert.That(StoredValues.ToSingle(file.Tensors["blocks.3.hook_resid_post"]), Is.EqualTo(cache["resid_post", 3].Values.ToArray()));
        Assert.That(StoredValues.ToSingle(file.Tensors["blocks.2.attn.hook_pattern"]), Is.EqualTo(cache["pattern", 2].Values.ToArray()));
        Assert.That(file.Metadata["precision"], Is.EqualTo("Exact"), "captures are exact unless asked otherwise");
    }

    [Test]
    public void A_star_is_everything_the_model_has()
    {
        using SafetensorsFile file = Capture("--ids", "1,2,617", "--hooks", "*");
        Assert.That(file.Tensors.Keys, Is.EquivalentTo(TestModels.Hearth.HookPoints.Append("input_ids")));
        Assert.That(file.Tensors.Values.Where(tensor => tensor.Name != "input_ids").Select(tensor => tensor.Type), Is.All.EqualTo(TensorType.F32));
    }

    [Test]
    public void Ids_come_from_a_text_a_list_or_a_file_alike()
    {
        string[][] ways = [["--text", Text], ["--ids", string.Join(',', TestModels.Hearth.Encode(Text))], ["--ids-from", At("ids.safetensors")], ["--ids-from", At("ids.safetensors") + ":more"]];
        long[] ids = [.. TestModels.Hearth.Encode(Text).Select(id => (long)id)];
        SafetensorsWriter.Write(At("ids.safetensors"), [TensorToWrite.From("input_ids", [ids.Length], ids), TensorToWrite.From("more", [ids.Length], ids)]);
        byte[][] files = [.. ways.Select(way =>
        {
            Capture([.. way, "--hooks", "resid_post.-1"]).Dispose();
            return File.ReadAllBytes(At("out.safetensors"));
        })];
        Assert.That(files.Skip(1), Is.All.EqualTo(files[0]));
    }

    [Test]
    public void Positions_choose_rows_of_tokens_and_of_queries()
    {
        using SafetensorsFile file = Capture("--text", Text, "--hooks", "resid_post0,pattern0", "--positions", "0,-1");
        int count = TestModels.Hearth.Encode(Text).Length;
        Activation all = TestModels.Hearth.RunWithCache(Text, "resid_post").Cache["resid_post", 0];
        Assert.That(StoredValues.ToSingle(file.Tensors["blocks.0.hook_resid_post"]), Is.EqualTo((float[])[.. all[0], .. all[^1]]));
        Assert.That(file.Tensors["blocks.0.attn.hook_pattern"].Shape, Is.EqualTo(new long[] { 4, 2, count }));
    }

    [Test]
    public void Without_hooks_it_is_the_logits()
    {
        using SafetensorsFile file = Capture("--ids", "1,2");
        Assert.That(file.Tensors.Keys, Is.EquivalentTo(new[] { "input_ids", "logits" }));
    }

    [Test]
    public void A_checkpoint_without_a_tokenizer_takes_ids() =>
        Assert.That(CommandLine.RunWell("capture", SharedFolder.Fixture("arch/gpt2"), "--ids", "1,2,3", "--out", At("x.safetensors")), Does.StartWith("1 hook point of 3 tokens"));

    [TestCase("100", "100")]
    [TestCase("0,-40", "-40")]
    [TestCase("20:30", "20:30")]
    [TestCase("3:3", "3:3")]
    public void Positions_that_the_text_does_not_have_are_refused(string positions, string named)
    {
        Assert.That(CommandLine.RunRefused("capture", TestModels.HearthPath, "--text", Text, "--positions", positions, "--out", At("x")),
            Does.Contain(named).And.Contain("none of the 11 tokens"));
        Assert.That(Directory.GetFileSystemEntries(folder), Is.Empty);
    }

    [Test]
    public void A_hook_point_that_does_not_exist_is_refused_with_the_closest()
    {
        Assert.That(CommandLine.RunRefused("capture", TestModels.HearthPath, "--text", Text, "--hooks", "blocks.3.hook_resid_pst", "--out", At("x")),
            Does.Contain("'blocks.3.hook_resid_pst'").And.Contain("blocks.3.hook_resid_post"));
        Assert.That(CommandLine.RunRefused("capture", TestModels.HearthPath, "--text", Text, "--hooks", "resid_post9", "--out", At("x")), Does.Contain("layers 0 to 5"));
        Assert.That(Directory.GetFileSystemEntries(folder), Is.Empty);
    }

    [TestCase("no/such/x.safetensors", "there is no folder")]
    [TestCase(".", "is a folder")]
    public void A_place_that_cannot_be_written_to_is_refused_before_the_model_is_loaded(string target, string reason) =>
        Assert.That(CommandLine.RunRefused("capture", "/no/such/model", "--text", "x", "--out", At(target)), Does.Contain(reason));
}
