using System.Text.Json;

namespace Managed.Loader.Tokenizers;

/// <summary>Reads tokenizer_config.json, and the chat templates that lie beside it in files of their own.</summary>
internal static class SettingsReader
{
    /// <summary>The settings in the folder of a file.</summary>
    public static TokenizerSettings ReadBeside(string file) => Read(Path.GetDirectoryName(Path.GetFullPath(file))!);

    public static TokenizerSettings Read(string directory)
    {
        var templates = new Dictionary<string, string>();
        var settings = new TokenizerSettings();
        string file = Path.Combine(directory, "tokenizer_config.json");
        if (File.Exists(file))
        {
            var root = Parse(file);
            ReadTemplates(root["chat_template"], templates);
            settings = new TokenizerSettings
            {
                BeginToken = Token(root["bos_token"]),
                EndToken = Token(root["eos_token"]),
                PadToken = Token(root["pad_token"]),
                UnknownToken = Token(root["unk_token"]),
                AddBeginToken = root["add_bos_token"].IsPresent ? root["add_bos_token"].Flag() : null,
                AddEndToken = root["add_eos_token"].IsPresent ? root["add_eos_token"].Flag() : null,
            };
        }
        ReadTemplateFiles(directory, templates);
        return settings with { ChatTemplate = templates.GetValueOrDefault("default"), NamedChatTemplates = templates };
    }

    private static JsonField Parse(string file)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            var root = new JsonField(file, "tokenizer_config", document.RootElement.Clone());
            return root.IsObject ? root : throw root.Error(root.Found(), "an object");
        }
        catch (JsonException cause)
        {
            throw new CheckpointException(file, "the file", null,
                $"text that is not JSON in line {cause.LineNumber + 1}, byte {cause.BytePositionInLine}", "a JSON object", cause);
        }
    }

    /// <summary>A token is written as a text or as an object with its content.</summary>
    private static string? Token(JsonField field) =>
        !field.IsPresent ? null : field.IsObject ? field["content"].Text() : field.Text();

    /// <summary>One template, or a list of named ones.</summary>
    private static void ReadTemplates(JsonField field, Dictionary<string, string> templates)
    {
        if (!field.IsPresent)
            return;
        if (field.IsText)
        {
            templates["default"] = field.Text();
            return;
        }
        foreach (var item in field.Items())
            templates[item["name"].Text()] = item["template"].Text();
    }

    private static void ReadTemplateFiles(string directory, Dictionary<string, string> templates)
    {
        string single = Path.Combine(directory, "chat_template.jinja");
        if (File.Exists(single))
            templates["default"] = File.ReadAllText(single);
        string folder = Path.Combine(directory, "additional_chat_templates");
        if (Directory.Exists(folder))
            foreach (string file in Directory.EnumerateFiles(folder, "*.jinja").Order(StringComparer.Ordinal))
                templates[Path.GetFileNameWithoutExtension(file)] = File.ReadAllText(file);
    }
}
