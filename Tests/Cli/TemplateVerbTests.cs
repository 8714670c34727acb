using System.Text.Json;

namespace Managed.Tests.CliTests;

public class TemplateVerbTests
{
    private string folder = "";

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("managed-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    [Test]
    public void A_file_and_its_variables_give_the_text_and_nothing_more()
    {
        string[] arguments = ["template", Write("t.jinja", "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}!\n\n"),
            "--input", Write("v.json", """{"bos_token": "^", "messages": [{"role": "user", "content": "1.0 \ud83c\udf89"}]}""")];
        Assert.That(CommandLine.Run(arguments), Is.EqualTo((0, "^<user>1.0 🎉!\n", "")));
    }

    [Test]
    public void What_a_template_raises_is_its_message_and_exit_code_2()
    {
        string error = CommandLine.RunRefused("template", Write("t.jinja", "{{ raise_exception('Only\ntwo roles') }}"), "--input", Write("v.json", "{}"));
        Assert.That(error, Is.EqualTo("managed: Only two roles\n"));
    }

    [Test]
    public void An_error_names_its_line() => Assert.That(
        CommandLine.RunRefused("template", Write("t.jinja", "a\n\n{{ x.y }}"), "--input", Write("v.json", "{}")),
        Is.EqualTo("managed: 'x' is undefined (line 3 of the chat template)\n"));

    [Test]
    public void Many_templates_are_rendered_from_standard_input()
    {
        const string Requests = """
            [{"template": "{{ a }} {{ b }} {{ c }}", "variables": {"a": 1, "b": 1.0, "c": [null, true]}},
             {"template": "{{ strftime_now('%d %b %Y') }}", "variables": {}, "now": "2026-01-15T09:30:00"},
             {"template": "{{ raise_exception('no') }}", "variables": {}},
             {"template": "{{ 1 / 0 }}", "variables": {}},
             {"template": "{% if %}"}]
            """;
        var (code, output, error) = CommandLine.Run(["template", "--stdin-json"], Requests);
        Assert.That((code, error), Is.EqualTo((0, "")));
        using var replies = JsonDocument.Parse(output);
        Assert.That(replies.RootElement[0].GetProperty("text").GetString(), Is.EqualTo("1 1.0 [None, True]"));
        Assert.That(replies.RootElement[1].GetProperty("text").GetString(), Is.EqualTo("15 Jan 2026"));
        Assert.That(replies.RootElement[2].GetProperty("error").GetString(), Is.EqualTo("no"));
        Assert.That(replies.RootElement.EnumerateArray().Skip(2).Select(r => r.GetProperty("kind").GetString()),
            Is.EqualTo(new[] { "raise", "runtime", "syntax" }));
    }

    [Test]
    public void Half_a_surrogate_pair_is_an_error_of_that_template_alone()
    {
        const string Requests = """[{"template": "\ud800"}, {"template": "{{ x }}", "variables": {"x": "\ud800"}}, {"template": "y"}]""";
        using var replies = JsonDocument.Parse(CommandLine.Run(["template", "--stdin-json"], Requests).Output);
        Assert.That(replies.RootElement.EnumerateArray().Select(r => r.TryGetProperty("text", out _)), Is.EqualTo(new[] { false, false, true }));
    }

    [TestCase("{}")]
    [TestCase("[1]")]
    [TestCase("[{}]")]
    [TestCase("[{\"template\": 1}]")]
    [TestCase("[{\"template\": \"x\", \"now\": \"yesterday\"}]")]
    [TestCase("[{\"template\": \"x\", \"now\": 1}]")]
    [TestCase("[")]
    [TestCase("")]
    public void Standard_input_that_is_something_else_is_refused(string input) =>
        Assert.That(CommandLine.RefusedWith(input, "template", "--stdin-json"), Does.Contain("standard input").Or.Contain("yesterday").Or.Contain("now"));

    [Test]
    public void A_template_without_variables_is_refused() =>
        Assert.That(CommandLine.RunRefused("template", "t.jinja"), Does.Contain("--input"));

    private string Write(string name, string text)
    {
        string path = Path.Combine(folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
