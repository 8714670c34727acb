using System.Text.Json;

namespace Managed.Loader.Templates;

/// <summary>
/// A model's chat template: a Jinja program that turns a conversation into the text that the model reads.
/// It is run as Hugging Face runs it: sandboxed, trim_blocks, lstrip_blocks, break and continue, generation blocks.
/// </summary>
internal sealed class ChatTemplate
{
    private readonly Body body;
    private readonly IReadOnlyDictionary<string, Body> blocks;

    private ChatTemplate(string source, Body body, IReadOnlyDictionary<string, Body> blocks) =>
        (Source, this.body, this.blocks) = (source, body, blocks);

    public string Source { get; }

    /// <summary>Reads a template; throws <see cref="TemplateException"/> where the text is not one.</summary>
    public static ChatTemplate Parse(string source)
    {
        var (body, blocks) = Parser.Parse(source);
        return new ChatTemplate(source, body, blocks);
    }

    /// <summary>Renders with the members of a JSON object as variables.</summary>
    public string Render(JsonElement variables, DateTime? now = null) => RenderValues(() => Members(variables), now, null).Text;

    /// <summary>Renders with .NET values: strings, numbers, dictionaries, lists, JSON.</summary>
    public string Render(IReadOnlyDictionary<string, object?> variables, DateTime? now = null, TemplateLimits? limits = null) =>
        RenderValues(() => variables.Select(v => (v.Key, TemplateValues.From(v.Value))), now, limits).Text;

    /// <summary>Renders a conversation of plain texts.</summary>
    public string Render(
        IEnumerable<ChatMessage> messages, string? bosToken, string? eosToken, bool addGenerationPrompt,
        IReadOnlyDictionary<string, object?>? more = null, DateTime? now = null) =>
        Render(Variables(messages, bosToken, eosToken, addGenerationPrompt, more), now);

    /// <summary>Renders and tells where the {% generation %} blocks lie in the text, in UTF-16 units.</summary>
    public (string Text, IReadOnlyList<Range> Generated) RenderWithGenerated(JsonElement variables, DateTime? now = null) =>
        RenderValues(() => Members(variables), now, null);

    private static Dictionary<string, object?> Variables(
        IEnumerable<ChatMessage> messages, string? bosToken, string? eosToken, bool addGenerationPrompt, IReadOnlyDictionary<string, object?>? more)
    {
        var variables = new Dictionary<string, object?>
        {
            ["messages"] = messages.Select(m => new Dictionary<string, object?> { ["role"] = m.Role, ["content"] = m.Content }).ToList(),
            ["tools"] = null,
            ["documents"] = null,
            ["add_generation_prompt"] = addGenerationPrompt,
        };
        if (bosToken is not null)
            variables["bos_token"] = bosToken;
        if (eosToken is not null)
            variables["eos_token"] = eosToken;
        foreach (var (name, value) in more ?? new Dictionary<string, object?>())
            variables[name] = value;
        return variables;
    }

    private static IEnumerable<(string, object?)> Members(JsonElement variables) => variables.ValueKind == JsonValueKind.Object
        ? variables.EnumerateObject().Select(p => (p.Name, TemplateValues.FromJson(p.Value)))
        : throw TemplateException.Type($"the variables of a template are a JSON object, not {variables.ValueKind}");

    private (string Text, IReadOnlyList<Range> Generated) RenderValues(
        Func<IEnumerable<(string Name, object? Value)>> variables, DateTime? now, TemplateLimits? limits) =>
        Budget.Run(limits ?? TemplateLimits.Default, () =>
        {
            var given = new Scope(Globals.Create());
            given.Set("self", new SelfReference(blocks));
            foreach (var (name, value) in variables())
                given.Set(name, value);
            var run = new Rendering(now ?? DateTime.Now, blocks) { Root = new Scope(given) };
            try
            {
                body.Render(run, run.Root, run.Output);
                return (run.Output.ToString(), (IReadOnlyList<Range>)run.Generated);
            }
            catch (TemplateException error) when (error.Line == 0 && run.Line > 0)
            {
                throw new TemplateException(error.Kind, error.Reason, run.Line, error);
            }
            catch (InsufficientExecutionStackException deep)
            {
                throw new TemplateException(TemplateError.Runtime, "RecursionError: the template or its values are nested too deeply", run.Line, deep);
            }
        });
}
