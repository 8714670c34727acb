using Managed.Guards.Learning;
using Managed.Tests.Models;

namespace Managed.Tests.Guards.Learning;

public class PromptFileTests
{
    private string folder = "";

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("managed-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    private string Write(string content)
    {
        string path = Path.Combine(folder, "prompts");
        File.WriteAllText(path, content);
        return path;
    }

    [TestCase("one\ntwo\n")]
    [TestCase("one\r\n\r\ntwo")]
    [TestCase("\"one\"\n\"two\"")]
    [TestCase("[\"one\", \"two\"]")]
    [TestCase("{\"prompt\": \"one\"}\n{\"text\": \"two\", \"id\": 3}")]
    [TestCase("[{\"instruction\": \"one\"}, {\"prompt\": \"two\"}]")]
    public void Every_form_gives_the_same_texts(string content) =>
        Assert.That(PromptFile.Read(Write(content)).Select(prompt => prompt.Text), Is.EqualTo(new[] { "one", "two" }));

    [Test]
    public void Lists_are_chosen_by_key_and_fields_by_name()
    {
        string path = Write("{\"a\": [\"one\"], \"b\": [\"two\", \"three\"]}");
        Assert.That(PromptFile.Read(path + ":b,a").Select(prompt => prompt.Text), Is.EqualTo(new[] { "two", "three", "one" }));
        Assert.That(() => PromptFile.Read(path), Throws.TypeOf<GuardException>().With.Message.Contains("a,b"));
        path = Write("{\"positive\": \"one\", \"negative\": \"two\"}");
        Assert.That(PromptFile.Read(path + ":negative").Single().Text, Is.EqualTo("two"));
    }

    [Test]
    public void Turns_and_ids_are_encoded_as_such()
    {
        IReadOnlyList<Prompt> prompts = PromptFile.Read(Write("{\"messages\": [{\"role\": \"user\", \"content\": \"Hello.\"}]}\n{\"ids\": [1, 3, 5]}\n[7]"));
        Assert.That(prompts[0].Encode(TestModels.Hearth), Is.EqualTo(new Prompt("Hello.").Encode(TestModels.Hearth)));
        Assert.That(prompts[1].Encode(TestModels.Hearth), Is.EqualTo(new[] { 1, 3, 5 }));
        Assert.That(prompts[2].Encode(TestModels.Hearth), Is.EqualTo(new[] { 7 }));
        Assert.That(new Prompt("<|begin|>").Encode(TestModels.Hearth, raw: true), Is.EqualTo(new[] { 1 }));
    }

    [TestCase("", "empty")]
    [TestCase("\n\n", "empty")]
    [TestCase("fine\n{\"prompt\": \"x\"", "line 2")]
    [TestCase("{\"other\": \"x\"}", "other")]
    [TestCase("[3.5]", "Number")]
    [TestCase("{\"messages\": [{\"role\": \"user\"}]}\n1", "content")]
    [TestCase("[[1, \"x\"]]", "among token ids")]
    public void What_is_no_prompt_is_named(string content, string named) =>
        Assert.That(() => PromptFile.Read(Write(content)), Throws.TypeOf<GuardException>().With.Message.Contains(named));

    [Test]
    public void Ids_outside_the_vocabulary_are_refused() =>
        Assert.That(() => new Prompt(Ids: [1, 1024]).Encode(TestModels.Hearth), Throws.TypeOf<GuardException>().With.Message.Contains("1024"));
}
