using System.Numerics;
using System.Text.Json;
using Managed.Loader;
using Managed.Loader.Templates;

namespace Managed.Tests.Templates;

/// <summary>What surrounds the engine: variables, the current time, where templates are found, where errors lie.</summary>
public class ChatTemplateTests
{
    private string folder = "";

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("managed-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    [Test]
    public void A_conversation_of_plain_texts_needs_no_JSON()
    {
        var template = ChatTemplate.Parse("{{ bos_token }}{% for m in messages %}[{{ m.role }}: {{ m['content'] }}]{% endfor %}{% if add_generation_prompt %}>{% endif %}"
            + "{{ tools is none }}{{ eos_token is defined }}{{ enable_thinking }}");
        string text = template.Render([new("user", "Hi"), new("assistant", "Ho")], "<s>", null, addGenerationPrompt: true,
            new Dictionary<string, object?> { ["enable_thinking"] = false });
        Assert.That(text, Is.EqualTo("<s>[user: Hi][assistant: Ho]>TrueFalseFalse"));
    }

    [Test]
    public void Values_of_dotnet_become_values_of_Python()
    {
        var variables = new Dictionary<string, object?>
        {
            ["i"] = 3,
            ["l"] = 1L << 40,
            ["u"] = ulong.MaxValue,
            ["big"] = BigInteger.Pow(10, 30),
            ["f"] = 2.0f,
            ["d"] = 0.1,
            ["b"] = true,
            ["n"] = null,
            ["s"] = new[] { "a", "b" },
            ["m"] = new Dictionary<string, object?> { ["z"] = 1, ["a"] = new List<int> { 1 } },
            ["j"] = JsonDocument.Parse("[1, 1.0, 1e2, -0, 12345678901234567890]").RootElement,
        };
        Assert.That(ChatTemplate.Parse("{{ [i, l, u, big, f, d, b, n, s, m, j] }}").Render(variables), Is.EqualTo(
            "[3, 1099511627776, 18446744073709551615, 1000000000000000000000000000000, 2.0, 0.1, True, None, ['a', 'b'], {'z': 1, 'a': [1]}, [1, 1.0, 100.0, 0, 12345678901234567890]]"));
    }

    [Test]
    public void A_key_that_comes_twice_keeps_its_place_and_takes_the_last_value()
    {
        using var json = JsonDocument.Parse("""{"d": {"a": 1, "b": 2, "a": 3}}""");
        Assert.That(ChatTemplate.Parse("{{ d }}").Render(json.RootElement), Is.EqualTo("{'a': 3, 'b': 2}"));
    }

    [Test]
    public void Variables_that_are_no_object_are_refused()
    {
        using var json = JsonDocument.Parse("[1]");
        Assert.That(() => ChatTemplate.Parse("x").Render(json.RootElement), Throws.TypeOf<TemplateException>());
    }

    [Test]
    public void The_time_is_the_one_that_is_given()
    {
        var template = ChatTemplate.Parse("{{ strftime_now('%d %b %Y, %H:%M') }}");
        Assert.That(template.Render(new Dictionary<string, object?>(), new DateTime(2024, 2, 29, 7, 5, 0)), Is.EqualTo("29 Feb 2024, 07:05"));
        Assert.That(template.Render(new Dictionary<string, object?>()), Does.Contain(DateTime.Now.Year.ToString()));
    }

    [Test]
    public void A_template_can_be_rendered_again_and_by_several_threads()
    {
        var template = ChatTemplate.Parse("{% set ns = namespace(n=0) %}{% for i in range(50) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n + x }}");
        Parallel.For(0, 64, i => Assert.That(template.Render(new Dictionary<string, object?> { ["x"] = i }), Is.EqualTo((1225 + i).ToString())));
    }

    [Test]
    public void Generation_blocks_tell_where_they_lie()
    {
        using var variables = JsonDocument.Parse("""{"m": ["one", "", "three"]}""");
        var (text, generated) = ChatTemplate.Parse("{% for t in m %}<{% generation %}{{ t }}{% endgeneration %}>{% endfor %}")
            .RenderWithGenerated(variables.RootElement);
        Assert.That(text, Is.EqualTo("<one><><three>"));
        Assert.That(generated.Select(range => text[range]), Is.EqualTo(new[] { "one", "", "three" }));
    }

    [TestCase("a\n{{ x.y }}", TemplateError.Runtime, 2)]
    [TestCase("{% if true %}\n\n{{ 1 / 0 }}{% endif %}", TemplateError.Runtime, 3)]
    [TestCase("{#\n\n#}\n{% raw %}\n{% endraw %}\n{{ [].append(1) }}", TemplateError.Runtime, 6)]
    [TestCase("{% macro m() %}\n{{ 1 / 0 }}{% endmacro %}\n\n{{ m() }}", TemplateError.Runtime, 2)]
    [TestCase("{% macro m() %}\n\n{% endmacro %}\n\n{{ m() + 1 }}", TemplateError.Runtime, 5)]
    [TestCase("\n{{ 'a\n\n' + 1 }}", TemplateError.Runtime, 2)]
    [TestCase("\n\n{% endif %}", TemplateError.Syntax, 3)]
    [TestCase("\n{{\n\n! }}", TemplateError.Syntax, 4)]
    [TestCase("\n{{ raise_exception('no') }}", TemplateError.Raise, 2)]
    public void An_error_knows_its_line(string source, TemplateError kind, int line)
    {
        var error = Assert.Throws<TemplateException>(() => ChatTemplate.Parse(source).Render(new Dictionary<string, object?>()));
        Assert.That((error.Kind, error.Line), Is.EqualTo((kind, line)), error.Message);
    }

    [Test]
    public void What_a_template_raises_is_told_in_its_own_words()
    {
        var error = Assert.Throws<TemplateException>(() => ChatTemplate.Parse("{{ raise_exception('Only one system message!') }}").Render(new Dictionary<string, object?>()));
        Assert.That(error.Message, Is.EqualTo("Only one system message!"));
    }

    [Test]
    public void The_file_chat_template_jinja_comes_before_the_tokenizer_configuration()
    {
        Write("tokenizer_config.json", """{"chat_template": "config"}""");
        Assert.That(Text(ChatTemplates.Find(folder)), Is.EqualTo("config"));
        Write("chat_template.jinja", "file");
        Assert.That(Text(ChatTemplates.Find(folder)), Is.EqualTo("file"));
    }

    [Test]
    public void A_list_of_templates_is_chosen_from_by_name()
    {
        Write("tokenizer_config.json", """{"chat_template": [{"name": "default", "template": "d"}, {"name": "tool_use", "template": "t"}]}""");
        var found = ChatTemplates.Find(folder);
        Assert.That(found.Names, Is.EqualTo(new[] { "default", "tool_use" }));
        Assert.That((Text(found), Text(found, "tool_use"), Text(found, "rag")), Is.EqualTo(("d", "t", "d")));
    }

    [Test]
    public void Additional_templates_lie_in_a_folder_of_their_own()
    {
        Directory.CreateDirectory(Path.Combine(folder, "additional_chat_templates"));
        Write("chat_template.jinja", "d");
        Write("additional_chat_templates/rag.jinja", "r");
        Assert.That(Text(ChatTemplates.Find(folder), "rag"), Is.EqualTo("r"));
    }

    [Test]
    public void A_checkpoint_without_template_has_none()
    {
        Write("tokenizer_config.json", """{"chat_template": null}""");
        Assert.That(ChatTemplates.Find(folder).TryParse(), Is.Null);
    }

    [TestCase("{\"chat_template\": 5}")]
    [TestCase("{\"chat_template\": [5]}")]
    [TestCase("{\"chat_template\": [{\"name\": \"x\"}]}")]
    [TestCase("{\"chat_template\": \"\\ud800\"}")]
    [TestCase("[]")]
    [TestCase("{")]
    public void A_damaged_configuration_is_named(string json)
    {
        Write("tokenizer_config.json", json);
        var error = Assert.Throws<CheckpointException>(() => ChatTemplates.Find(folder));
        Assert.That(error.File, Does.EndWith("tokenizer_config.json"));
    }

    [Test]
    public void A_GGUF_file_gives_its_template_through_its_metadata()
    {
        var metadata = new Dictionary<string, string> { ["tokenizer.chat_template"] = "d", ["tokenizer.chat_template.tool_use"] = "t" };
        var found = ChatTemplates.Find(key => metadata.GetValueOrDefault(key), ["tool_use"]);
        Assert.That((Text(found), Text(found, "tool_use")), Is.EqualTo(("d", "t")));
    }

    [TestCase("hearth")]
    [TestCase("warden")]
    public void The_models_that_ship_have_templates_that_render(string model)
    {
        var template = ChatTemplates.Find(Path.Combine(SharedFolder.Repository, "models", model)).TryParse();
        Assert.That(template!.Render([new("user", "How is honey bread made?")], "", "", addGenerationPrompt: true), Does.Contain("How is honey bread made?"));
    }

    private static string Text(ChatTemplates found, string name = ChatTemplates.DefaultName) =>
        found.TryParse(name)!.Render(new Dictionary<string, object?>());

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(folder, name), text);
}
