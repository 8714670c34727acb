using System.Text.Json.Nodes;
using Managed.Loader;
using ScratchFolder = Managed.Tests.Loader.Scratch;

namespace Managed.Tests.ModelTests;

/// <summary>Ids that the embedding has no row for are refused, wherever they come from.</summary>
public class LanguageModelIdsTests
{
    private static readonly string s_hearth = Path.Combine(SharedFolder.Repository, "models", "hearth");

    [TestCase("config.json", "eos_token_id", "1099511627778")]
    [TestCase("config.json", "eos_token_id", "[2, 4096]")]
    [TestCase("config.json", "eos_token_id", "-1")]
    [TestCase("generation_config.json", "eos_token_id", "4294967298")]
    public void An_end_token_outside_of_the_vocabulary_is_refused_at_loading(string file, string key, string value)
    {
        using ScratchFolder folder = CopyOfHearth();
        var root = JsonNode.Parse(File.ReadAllText(folder.File(file)))!.AsObject();
        root[key] = JsonNode.Parse(value);
        folder.Write(file, root.ToJsonString());
        var error = Assert.Throws<CheckpointException>(() => LanguageModel.Load(folder.Folder).Dispose())!;
        Assert.That((error.File, error.Field), Is.EqualTo((folder.File(file), key)));
        Assert.That(error.Expected, Does.Contain("rows of the embedding"));
    }

    [Test]
    public void A_text_whose_token_the_model_does_not_know_is_refused()
    {
        using ScratchFolder folder = CopyOfHearth();
        var root = JsonNode.Parse(File.ReadAllText(folder.File("tokenizer.json")))!.AsObject();
        root["added_tokens"]!.AsArray().Add(new JsonObject { ["id"] = 5000, ["content"] = "<beyond>", ["special"] = true });
        folder.Write("tokenizer.json", root.ToJsonString());
        using LanguageModel model = LanguageModel.Load(folder.Folder);
        Assert.That(model.Encode("honey"), Is.Not.Empty, "tokens that nobody uses do no harm");
        var error = Assert.Throws<CheckpointException>(() => model.Encode("honey <beyond>"))!;
        Assert.That(error.Message, Does.Contain("<beyond>").And.Contain("5000").And.Contain($"below {model.VocabularySize}"));
    }

    private static ScratchFolder CopyOfHearth()
    {
        var scratch = new ScratchFolder();
        foreach (string file in Directory.GetFiles(s_hearth))
            File.Copy(file, scratch.File(Path.GetFileName(file)));
        return scratch;
    }
}
