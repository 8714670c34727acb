using System.Text.Json.Nodes;
using Managed.Sampling;
using Managed.Tests.Models;

namespace Managed.Tests.Generation;

/// <summary>What ends a text: tokens and strings of every source together.</summary>
public class EndOfTextTests
{
    private string folder = "";

    [SetUp]
    public void CopyHearth()
    {
        folder = Directory.CreateTempSubdirectory("managed-ends-").FullName;
        foreach (string file in Directory.GetFiles(TestModels.HearthPath))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
    }

    [TearDown]
    public void Remove() => Directory.Delete(folder, recursive: true);

    private void Edit(string file, Action<JsonObject> change)
    {
        string path = Path.Combine(folder, file);
        JsonObject root = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(root);
        File.WriteAllText(path, root.ToJsonString());
    }

    [Test]
    public void End_tokens_are_the_union_of_all_files()
    {
        Edit("config.json", root => root["eos_token_id"] = new JsonArray(300, 301));
        Edit("generation_config.json", root => root["eos_token_id"] = new JsonArray(301, 302));
        Edit("tokenizer_config.json", root => root["eos_token"] = "<|pad|>");
        using LanguageModel model = TestModels.Load(folder);
        Assert.That(model.EndTokens, Is.EquivalentTo(new[] { 300, 301, 302, 0, 5 }), "5 is what the chat template writes behind a reply");
    }

    [Test]
    public void Each_source_alone_is_enough()
    {
        Edit("config.json", root => root.Remove("eos_token_id"));
        Edit("generation_config.json", root => root.Remove("eos_token_id"));
        Edit("tokenizer_config.json", root => root.Remove("eos_token"));
        using (LanguageModel model = TestModels.Load(folder))
            Assert.That(model.EndTokens, Is.EqualTo(new[] { 5 }), "the template's");
        File.Delete(Path.Combine(folder, "chat_template.jinja"));
        using (LanguageModel model = TestModels.Load(folder))
            Assert.That(model.EndTokens, Is.Empty);
        Edit("generation_config.json", root => root["eos_token_id"] = 7);
        using (LanguageModel model = TestModels.Load(folder))
            Assert.That(model.EndTokens, Is.EqualTo(new[] { 7 }));
    }

    [Test]
    public void A_template_that_refuses_is_a_warning_and_no_failure()
    {
        File.WriteAllText(Path.Combine(folder, "chat_template.jinja"), "{{ raise_exception('never') }}");
        var warnings = new List<string>();
        using LanguageModel model = LanguageModel.Load(folder, new LoadOptions { Threads = 1, Warn = warnings.Add });
        Assert.That(model.Generate([1, 3], new GenerationOptions { MaxTokens = 2 }).Ids, Has.Length.EqualTo(2));
        Assert.That(model.EndTokens, Is.EqualTo(new[] { 5 }));
        Assert.That(warnings, Has.Count.EqualTo(1).And.One.Contains("never"));
    }

    [Test]
    public void A_gguf_file_adds_its_ends_of_turn_and_of_message()
    {
        string stories = SharedFolder.Require("models/stories260K/stories260K-f32.gguf");
        using LanguageModel model = TestModels.Load(stories);
        Assert.That(model.EndTokens, Is.EqualTo(new[] { 2 }));
    }

    [TestCase("\"honey\"")]
    [TestCase("[\"zzz\", \"honey\"]")]
    public void Stop_strings_of_the_generation_config_count_beside_the_callers(string written)
    {
        Edit("generation_config.json", root => root["stop_strings"] = JsonNode.Parse(written));
        using LanguageModel model = TestModels.Load(folder);
        IReadOnlyList<ChatMessage> chat = [new ChatMessage("user", "How do I make honey bread?")];
        GenerationResult plain = TestModels.Hearth.Generate(chat);
        Assert.That(plain.Text, Does.Contain("honey"));
        GenerationResult stopped = model.Generate(chat);
        Assert.That((stopped.Reason, stopped.Text), Is.EqualTo((StopReason.StopString, plain.Text[..plain.Text.IndexOf("honey", StringComparison.Ordinal)])));
        string own = plain.Text[3..6];
        Assert.That(model.Generate(chat, new GenerationOptions { StopStrings = [own] }).Text, Is.EqualTo(plain.Text[..plain.Text.IndexOf(own, StringComparison.Ordinal)]));
    }

    [Test]
    public void A_text_of_no_tokens_is_empty_and_says_why() =>
        Assert.That(TestModels.Hearth.Generate([1, 2], new GenerationOptions { MaxTokens = 0 }),
            Has.Property("Reason").EqualTo(StopReason.Length).And.Property("Text").Empty.And.Property("Ids").Empty);

    [Test]
    public void A_text_that_fills_the_cache_ends_there_and_keeps_what_it_has()
    {
        using LanguageModel model = LanguageModel.Load(folder, new LoadOptions { Threads = 1, Context = 20 });
        var options = new GenerationOptions { MaxTokens = 100, IgnoreEndTokens = true };
        GenerationResult found = model.Generate([1, 3, 430], options);
        Assert.That((found.Reason, found.Ids.Length), Is.EqualTo((StopReason.ContextFull, 18)));
        Assert.That(found.Ids, Is.EqualTo(TestModels.Hearth.Generate([1, 3, 430], options).Ids[..18]));
        Assert.That(() => model.Generate(new int[21], options), Throws.ArgumentException.With.Message.Contains("21 tokens long").And.Message.Contains("holds 20"));
    }

    [Test]
    public void Learned_positions_end_a_text_as_a_full_cache_does()
    {
        using LanguageModel model = TestModels.Load(SharedFolder.Fixture("arch/gpt2"));
        int longest = model.Transformer.LongestText;
        GenerationResult found = model.Generate(new int[longest - 3], new GenerationOptions { MaxTokens = 50, IgnoreEndTokens = true });
        Assert.That((found.Reason, found.Ids.Length), Is.EqualTo((StopReason.ContextFull, 4)));
        Assert.That(() => model.Generate(new int[longest + 1]), Throws.ArgumentException.With.Message.Contains("learned positions"));
    }
}
