namespace Managed.Loader.Templates;

/// <summary>The chat templates of a checkpoint, by name; the one to use unless asked is called "default".</summary>
internal sealed class ChatTemplates
{
    public const string DefaultName = "default";

    private const string Key = "chat_template";

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
            found.sources[DefaultName] = Utf8Text.ReadFile(single);
        string more = Path.Combine(directory, "additional_chat_templates");
        if (Directory.Exists(more))
            foreach (string file in Directory.GetFiles(more, "*.jinja").Order(StringComparer.Ordinal))
                found.sources.TryAdd(Path.GetFileNameWithoutExtension(file), Utf8Text.ReadFile(file));
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
        JsonConfigSection config = JsonConfigSection.Open(file);
        if (!config.Has(Key))
            return;
        if (config.IsText(Key))
            sources.TryAdd(DefaultName, config.Text(Key));
        else
            foreach (JsonValue entry in config.Members[Key].Items ?? throw config.Error(Key, config.Members[Key].Describe(), "a text, or a list of name and template"))
                sources.TryAdd(Part(file, entry, "name"), Part(file, entry, "template"));
    }

    private static string Part(string file, JsonValue entry, string key) =>
        entry.Members?.GetValueOrDefault(key)?.AsText()
            ?? throw new CheckpointException(file, Key, entry.Offset, $"{entry.Describe()} without a text under \"{key}\"", "entries of name and template");
}
