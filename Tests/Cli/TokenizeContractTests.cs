using System.Text.Json;
using Managed.Tests.Models;

namespace Managed.Tests.CliTests;

/// <summary>`managed tokenize`: {ids, tokens, offsets, decoded}, whatever kind of file the vocabulary comes in.</summary>
public class TokenizeContractTests
{
    private const string Text = "<|user|>How do I make honey bread?";
    private static readonly int[] s_ids = TestModels.Hearth.Encode(Text);
    private string folder = "";

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("managed-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    private static int[] Ids(JsonElement encoded) => [.. encoded.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];

    [Test]
    public void A_text_gives_ids_tokens_offsets_and_the_text_again()
    {
        JsonElement encoded = CommandLine.RunJson("tokenize", TestModels.HearthPath, "--text", Text);
        Assert.That(encoded.EnumerateObject().Select(field => field.Name), Is.EqualTo(new[] { "ids", "tokens", "offsets", "decoded" }));
        Assert.That(Ids(encoded), Is.EqualTo(s_ids));
        Assert.That(encoded.GetProperty("decoded").GetString(), Is.EqualTo(Text));
        (int From, int To)[] offsets = [.. encoded.GetProperty("offsets").EnumerateArray().Select(at => (at[0].GetInt32(), at[1].GetInt32()))];
        Assert.That(string.Concat(offsets.Select(at => Text[at.From..at.To])), Is.EqualTo(Text));
        Assert.That(encoded.GetProperty("tokens")[0].GetString(), Is.EqualTo("<|user|>"), "a special token in the text is one");
    }

    [Test]
    public void Many_texts_are_read_from_standard_input()
    {
        var (code, output, error) = CommandLine.Run(["tokenize", TestModels.HearthPath, "--stdin-json"], JsonSerializer.Serialize(new[] { Text, "", "naïve 🎉" }));
        Assert.That((code, error), Is.EqualTo((0, "")));
        using JsonDocument replies = JsonDocument.Parse(output);
        Assert.That(Ids(replies.RootElement[0]), Is.EqualTo(s_ids));
        Assert.That(Ids(replies.RootElement[1]), Is.Empty);
        Assert.That(replies.RootElement[2].GetProperty("decoded").GetString(), Is.EqualTo("naïve 🎉"));
        Assert.That(replies.RootElement.GetArrayLength(), Is.EqualTo(3));
    }

    [Test]
    public void A_file_is_recognised_by_its_content_whatever_its_name()
    {
        File.Copy(Path.Combine(TestModels.HearthPath, "tokenizer.json"), Path.Combine(folder, "bees.model"));
        CommandLine.RunWell("convert", TestModels.HearthPath, Path.Combine(folder, "hearth.gguf"));
        File.Move(Path.Combine(folder, "hearth.gguf"), Path.Combine(folder, "weights.json"));
        foreach (string model in new[] { Path.Combine(folder, "bees.model"), Path.Combine(folder, "weights.json"), "hearth" })
            Assert.That(Ids(CommandLine.RunJson("tokenize", model, "--text", Text)), Is.EqualTo(s_ids), model);
    }

    [Test]
    public void Special_tokens_that_the_tokenizer_adds_can_be_left_out()
    {
        string model = SharedFolder.Fixture("tokenizers/tiny-llama2/tokenizer.json");
        int[] with = Ids(CommandLine.RunJson("tokenize", model, "--text", "hello")), without = Ids(CommandLine.RunJson("tokenize", model, "--text", "hello", "--no-special"));
        Assert.That(with, Has.Length.GreaterThan(without.Length));
        Assert.That(with[^without.Length..], Is.EqualTo(without));
    }

    [Test]
    public void People_get_a_token_a_line_and_the_count() =>
        Assert.That(CommandLine.RunWell("tokenize", TestModels.HearthPath, "--text", "Hello!").Split('\n')[^2], Is.EqualTo("2 tokens"));

    [TestCase("[1]")]
    [TestCase("{}")]
    [TestCase("")]
    [TestCase("[\"\\ud800\"]")]
    public void Standard_input_that_is_something_else_is_refused(string input) =>
        Assert.That(CommandLine.RefusedWith(input, "tokenize", TestModels.HearthPath, "--stdin-json"), Does.Contain("standard input"));

    [Test]
    public void What_holds_no_tokenizer_is_refused()
    {
        Assert.That(CommandLine.RunRefused("tokenize", folder, "--text", "x"), Does.Contain("tokenizer.json"));
        Assert.That(CommandLine.RunRefused("tokenize", "/no/such", "--text", "x"), Does.Contain("/no/such: no such file or directory"));
        Assert.That(CommandLine.RunRefused("tokenize", TestModels.HearthPath), Does.Contain("--text"));
    }
}
