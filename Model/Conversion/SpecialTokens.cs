using System.Text.Json;
using Managed.Loader;

namespace Managed.Conversion;

/// <summary>The tokens that begin, end and fill texts, and the chat template: what tokenizer_config.json and config.json say of them.</summary>
internal sealed class SpecialTokens
{
    private static readonly (string Name, string Gguf)[] s_kinds = [("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding")];
    private readonly Dictionary<string, int> _ids = [];

    public string? ChatTemplate { get; private set; }

    /// <summary>Whether decoding takes away spaces before punctuation; null where nothing is said.</summary>
    public bool? CleansSpaces { get; private set; }

    public static SpecialTokens Read(string folder, ConfigSection config, Dictionary<string, int> vocabulary)
    {
        var special = new SpecialTokens();
        string file = Path.Combine(folder, "tokenizer_config.json"), template = Path.Combine(folder, "chat_template.jinja");
        JsonConfigSection? settings = File.Exists(file) ? JsonConfigSection.Open(file) : null;
        foreach ((string name, string gguf) in s_kinds)
        {
            string key = name + "_token";
            string? text = settings is null || !settings.Has(key) ? null : settings.IsText(key) ? settings.Text(key) : settings.Section(key)!.Text("content");
            if (text is not null && vocabulary.TryGetValue(text, out int id))
                special._ids[gguf] = id;
            else if (config.Integers(key + "_id") is [var first, ..])
                special._ids[gguf] = Id(config, key + "_id", first);
        }
        // a second end token, such as one that ends a turn
        if (config.Integers("eos_token_id") is { } ends && special._ids.TryGetValue("eos", out int end) && ends.FirstOrDefault(id => id != end, -1) is >= 0 and var turn)
            special._ids["eot"] = Id(config, "eos_token_id", turn);
        special.CleansSpaces = settings is not null && settings.Has("clean_up_tokenization_spaces") ? settings.Flag("clean_up_tokenization_spaces") : null;
        special.ChatTemplate = File.Exists(template) ? Utf8Text.ReadFile(template)
            : settings is not null && settings.Has("chat_template") && settings.IsText("chat_template") ? settings.Text("chat_template") : null;
        return special;
    }

    private static int Id(ConfigSection config, string key, long id) => id is >= 0 and <= Loader.Tokenizers.Vocabulary.MaxId
        ? (int)id
        : throw config.Error(key, $"{id}", $"an id from 0 to {Loader.Tokenizers.Vocabulary.MaxId}");

    public void WriteTo(IDictionary<string, GgufValue> metadata)
    {
        foreach ((string kind, int id) in _ids)
            metadata[$"tokenizer.ggml.{kind}_token_id"] = GgufValue.From((uint)id);
    }

    /// <summary>tokenizer_config.json and the ids of config.json for a GGUF vocabulary.</summary>
    public static void ToHuggingFace(GgufFile gguf, string[] tokens, bool cleansSpaces, Utf8JsonWriter settings, System.Text.Json.Nodes.JsonObject config)
    {
        settings.WriteStartObject();
        foreach ((string name, string key) in s_kinds)
            if (gguf.Metadata.TryGetValue($"tokenizer.ggml.{key}_token_id", out GgufValue? value) && value.AsInteger() is { } id && id >= 0 && id < tokens.Length)
            {
                settings.WriteString(name + "_token", tokens[(int)id]);
                config[name + "_token_id"] = (int)id;
            }
        settings.WriteBoolean("clean_up_tokenization_spaces", cleansSpaces);
        settings.WriteString("tokenizer_class", "PreTrainedTokenizerFast");
        settings.WriteEndObject();
    }
}
