using System.Text;
using System.Text.Json;

namespace Managed.Loader.Templates;

/// <summary>The chat templates of a checkpoint, by name; the one to use unless asked is called "default".</summary>
internal sealed class ChatTemplates
{
    public const string DefaultName = "default";

    private readonly Dictionary<string, string> sources = new(StringComparer.Ordinal);

    /// <summary>Names of the templates that were found.</summary>
    public IReadOnlyCollection<string> Names => sources.Keys;

    /// <summary>
    /// The templates of a directory: chat_template.jinja, additional_chat_templates/*.jinja, the key `chat_template` of
    /// chat_template.json and of tokenizer_config.json (a text, or a list of name and template). What comes first wins.
    /// </summary>
    public static ChatTemplates Find(string directory)
    {
        var found = new ChatTemplates();
        string single = Path.Combine(directory, "chat_template.jinja");
        if (File.Exists(single))
            found.sources[DefaultName] = File.ReadAllText(single, Encoding.UTF8);
        string more = Path.Combine(directory, "additional_chat_templates");
        if (Directory.Exists(more))
            foreach (string file in Directory.GetFiles(more, "*.jinja").Order(StringComparer.Ordinal))
                found.sources.TryAdd(Path.GetFileNameWithoutExtension(file), File.ReadAllText(file, Encoding.UTF8));
        foreach (string name in (string[])["chat_template.json", "tokenizer_config.json"])
            found.AddFrom(Path.Combine(directory, name));
        return found;
    }

    /// <summary>The template of a GGUF file: the text under `tokenizer.chat_template`, or `tokenizer.chat_template.NAME`.</summary>
    /// <param name="metadata">Gives the text under a key, or null.</param>
    /// <param name="names">Names under `tokenizer.chat_templates`, if the file has that key.</param>
    public static ChatTemplates Find(Func<string, string?> metadata, IEnumerable<string>? names = null)
    {
        var found = new ChatTemplates();
        if (metadata("tokenizer.chat_template") is { } single)
            found.sources[DefaultName] = single;
        foreach (string name in names ?? [])
            if (metadata($"tokenizer.chat_template.{name}") is { } source)
                found.sources.TryAdd(name, source);
        return found;
    }

    /// <summary>The template of that name, or null where there is none. Tool use falls back to the default one.</summary>
    public ChatTemplate? TryParse(string name = DefaultName) =>
        sources.TryGetValue(name, out string? source) || sources.TryGetValue(DefaultName, out source) ? ChatTemplate.Parse(source) : null;

    private void AddFrom(string file)
    {
        if (!File.Exists(file))
            return;
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new CheckpointException(file, "the whole file", 0, document.RootElement.ValueKind.ToString(), "a JSON object");
            if (document.RootElement.TryGetProperty("chat_template", out var value))
                Add(file, value);
        }
        catch (JsonException error)
        {
            throw new CheckpointException(file, "the whole file", error.BytePositionInLine, error.Message, "JSON", error);
        }
        catch (TemplateException error)
        {
            throw new CheckpointException(file, "chat_template", null, error.Reason, "Unicode text", error);
        }
    }

    private void Add(string file, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Null:
                break;
            case JsonValueKind.String:
                sources.TryAdd(DefaultName, TemplateValues.Text(value));
                break;
            case JsonValueKind.Array:
                foreach (var entry in value.EnumerateArray())
                    sources.TryAdd(Part(file, entry, "name"), Part(file, entry, "template"));
                break;
            default:
                throw new CheckpointException(file, "chat_template", null, value.ValueKind.ToString(), "a text, or a list of name and template");
        }
    }

    private static string Part(string file, JsonElement entry, string key) =>
        entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty(key, out var part) && part.ValueKind == JsonValueKind.String
            ? TemplateValues.Text(part)
            : throw new CheckpointException(file, "chat_template", null, "an entry without a text under " + key, "entries of name and template");
}
