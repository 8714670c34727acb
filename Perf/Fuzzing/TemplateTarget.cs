using System.Text;
using System.Text.Json;
using Managed.Loader;
using Managed.Loader.Templates;

namespace Managed.Fuzzing;

/// <summary>Chat templates: read, and rendered for a short conversation under tight limits.</summary>
internal static class TemplateTarget
{
    private static readonly string[] s_words =
    [
        "{{", "}}", "{%", "%}", "{#", "#}", "{%-", "-%}", "for m in messages", "endfor", "if ", "elif ", "else", "endif", "set x = ", "macro f(a) ", "endmacro", "call ", "filter upper",
        "messages", "namespace()", "loop.index", "raise_exception('no')", "range(9)", "range(99999)", "|tojson", "|length", "|map(attribute='role')", "|join(',')", "[::-1]", "~", "**", "//", "1e308",
        "'x' * 9999", "{**x}", ".__class__", "self", "caller()", "recursive", "break", "strftime_now('%Y')", "'%s' % ", "9999999999999999999999", "not in ", "is defined", "(((((((((", "[[[[[[[",
    ];

    private static readonly TemplateLimits s_limits = new() { Work = 50_000, Text = 1 << 16 };

    private static readonly Dictionary<string, object?> s_variables = new()
    {
        ["messages"] = new[] { new Dictionary<string, string> { ["role"] = "system", ["content"] = "Be kind." }, new Dictionary<string, string> { ["role"] = "user", ["content"] = "Honey bread?" } },
        ["tools"] = null,
        ["documents"] = null,
        ["bos_token"] = "<s>",
        ["eos_token"] = "</s>",
        ["add_generation_prompt"] = true,
    };

    public static FuzzTarget Create(string repository)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(repository, "Tests/Fixtures/templates/jinja-corner-cases.json")));
        byte[][] snippets = [.. document.RootElement.GetProperty("snippets").EnumerateArray().Select(snippet => Encoding.UTF8.GetBytes(snippet.GetProperty("template").GetString()!))];
        return new FuzzTarget("template", [.. snippets, .. FuzzTargets.Files(repository, "Tests/Fixtures/templates", "*.jinja"), .. FuzzTargets.Files(repository, "models", "*.jinja")], Read)
        {
            Tokens = s_words,
            MayRefuseSeeds = true,
            Allowance = 8 << 20,
            BytesPerByte = 1024,
        };
    }

    private static void Read(FileBytes bytes, int seed) =>
        ChatTemplate.Parse(Encoding.UTF8.GetString(bytes.Slice(0, (int)bytes.Length))).Render(s_variables, DateTime.UnixEpoch, s_limits);
}
