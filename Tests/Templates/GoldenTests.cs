using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Managed.Loader.Templates;

namespace Managed.Tests.Templates;

/// <summary>What Jinja itself, as Hugging Face sets it up, makes of real templates and of small ones.</summary>
public class GoldenTests
{
    private static readonly DateTime s_now = DateTime.Parse("2026-01-15T09:30:00", CultureInfo.InvariantCulture);

    [TestCase("jinja-conformance.json", 150)]
    [TestCase("jinja-corner-cases.json", 900)]
    public void Every_snippet_renders_as_in_Jinja(string file, int atLeast)
    {
        using var conformance = Read("jinja-conformance.json");
        using var document = Read(file);
        var wrong = new List<string>();
        int count = 0;
        foreach (var snippet in document.RootElement.GetProperty("snippets").EnumerateArray())
        {
            count++;
            string template = snippet.GetProperty("template").GetString()!;
            if (Difference(snippet, template, conformance.RootElement.GetProperty("data")) is { } difference)
                wrong.Add($"{template}\n{difference}");
        }
        Assert.That(wrong, Is.Empty, string.Join("\n\n", wrong));
        Assert.That(count, Is.GreaterThan(atLeast));
    }

    [Test]
    public void Templates_that_travel_with_the_repository_render_their_conversations() =>
        RenderAll(SharedFolder.Fixture("templates"));

    [Test]
    public void Every_template_of_the_full_set_renders_its_conversations() =>
        RenderAll(SharedFolder.Require("templates"));

    private static JsonDocument Read(string file) => JsonDocument.Parse(File.ReadAllBytes(SharedFolder.Fixture("templates/" + file)));

    private static void RenderAll(string folder)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "goldens.json")));
        var conversations = document.RootElement.GetProperty("conversations");
        var wrong = new List<string>();
        int count = 0;
        foreach (var golden in document.RootElement.GetProperty("cases").EnumerateArray())
        {
            count++;
            string file = golden.GetProperty("template").GetString()!, conversation = golden.GetProperty("conversation").GetString()!;
            using var variables = Variables(golden, conversations.GetProperty(conversation));
            string? difference = Difference(golden, File.ReadAllText(Locate(folder, file)), variables.RootElement);
            if (difference is not null)
                wrong.Add($"{file}, {conversation}\n{difference}");
        }
        Assert.That(wrong, Is.Empty, $"{wrong.Count} of {count}\n" + string.Join("\n\n", wrong.Take(20)));
        Assert.That(count, Is.GreaterThan(30));
    }

    // a template that came with a model lies beside it
    private static string Locate(string folder, string file)
    {
        string near = Path.Combine(folder, file);
        return File.Exists(near) ? near : SharedFolder.Require("models/" + file);
    }

    private static JsonDocument Variables(JsonElement golden, JsonElement conversation)
    {
        var variables = JsonNode.Parse(conversation.GetRawText())!.AsObject();
        foreach (string token in (string[])["bos_token", "eos_token"])
            variables[token] = golden.GetProperty(token).GetString();
        if (golden.TryGetProperty("omit", out var omitted))
            foreach (var name in omitted.EnumerateArray())
                variables.Remove(name.GetString()!);
        return JsonDocument.Parse(variables.ToJsonString());
    }

    private static string? Difference(JsonElement golden, string template, JsonElement variables)
    {
        string? expected = golden.TryGetProperty("expected", out var text) ? text.GetString() : null;
        string? kind = golden.TryGetProperty("error_kind", out var error) ? error.GetString() : null;
        try
        {
            string rendered = ChatTemplate.Parse(template).Render(variables, s_now);
            return rendered == expected ? null : $"  expected {expected ?? kind + " error"}\n  rendered {rendered}";
        }
        catch (TemplateException failure)
        {
            bool right = failure.Kind.ToString().ToLowerInvariant() == kind
                && (failure.Kind != TemplateError.Raise || failure.Reason == golden.GetProperty("error").GetString());
            return right ? null : $"  expected {expected ?? kind + ": " + golden.GetProperty("error")}\n  failed   {failure.Kind}: {failure.Message}";
        }
    }
}
