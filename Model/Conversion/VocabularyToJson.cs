using System.Text.Encodings.Web;
using System.Text.Json;
using Managed.Loader;
using Managed.Loader.Tokenizers;

namespace Managed.Conversion;

/// <summary>tokenizer.json from a GGUF vocabulary: the file that travelled along, or byte-level BPE put together from the keys.</summary>
internal static class VocabularyToJson
{
    private const string LastGpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)";
    private static readonly JsonWriterOptions s_format = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes tokenizer.json, tokenizer_config.json and chat_template.jinja; nothing where the file has no vocabulary.</summary>
    public static void Write(GgufFile gguf, string folder, System.Text.Json.Nodes.JsonObject config, Action<string> note)
    {
        if (!gguf.Metadata.TryGetValue("tokenizer.ggml.model", out GgufValue? kind) || kind.AsText() is null or "none" or "no_vocab")
        {
            note("the file has no vocabulary: no tokenizer.json is written");
            return;
        }
        GgufVocabulary vocabulary = GgufVocabulary.Read(gguf);
        GgufPreTokenizer? splitting = vocabulary.Model == "gpt2" ? GgufPreTokenizers.Find(vocabulary.Pre ?? "default") : null;
        string path = Path.Combine(folder, "tokenizer.json");
        if (gguf.Metadata.TryGetValue(VocabularyToGguf.WholeFileKey, out GgufValue? whole) && whole.AsText() is { } text)
            File.WriteAllText(path, text);
        else if (splitting is null)
            note($"a vocabulary of the kind {vocabulary.Model} cannot be turned into tokenizer.json: none is written");
        else
            Write(path, json => WriteTokenizer(json, vocabulary, splitting));
        Write(Path.Combine(folder, "tokenizer_config.json"), json => SpecialTokens.ToHuggingFace(gguf, vocabulary.Tokens, splitting?.CleanSpaces ?? false, json, config));
        if (vocabulary.ChatTemplate is { } template)
            File.WriteAllText(Path.Combine(folder, "chat_template.jinja"), template);
    }

    private static void Write(string path, Action<Utf8JsonWriter> write)
    {
        using FileStream stream = File.Create(path);
        using var json = new Utf8JsonWriter(stream, s_format);
        write(json);
    }

    private static void WriteTokenizer(Utf8JsonWriter json, GgufVocabulary vocabulary, GgufPreTokenizer splitting)
    {
        json.WriteStartObject();
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        WriteAddedTokens(json, vocabulary);
        json.WriteNull("normalizer");
        WriteSplitting(json, splitting);
        WriteAround(json, vocabulary, splitting);
        json.WritePropertyName("decoder");
        WriteByteLevel(json, usesRegex: true);
        WriteModel(json, vocabulary, splitting);
        json.WriteEndObject();
    }

    private static void WriteAddedTokens(Utf8JsonWriter json, GgufVocabulary vocabulary)
    {
        json.WriteStartArray("added_tokens");
        for (int id = 0; id < vocabulary.Tokens.Length; id++)
        {
            PieceType type = vocabulary.Types?[id] ?? PieceType.Normal;
            if (type is not (PieceType.Control or PieceType.UserDefined or PieceType.Unknown))
                continue;
            json.WriteStartObject();
            json.WriteNumber("id", id);
            json.WriteString("content", vocabulary.Tokens[id]);
            foreach (string flag in new[] { "single_word", "lstrip", "rstrip", "normalized" })
                json.WriteBoolean(flag, false);
            json.WriteBoolean("special", type != PieceType.UserDefined);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteSplitting(Utf8JsonWriter json, GgufPreTokenizer splitting)
    {
        json.WriteStartObject("pre_tokenizer");
        json.WriteString("type", "Sequence");
        json.WriteStartArray("pretokenizers");
        bool gpt2 = splitting.Patterns[^1] == LastGpt2;
        foreach (string pattern in gpt2 ? splitting.Patterns[..^1] : splitting.Patterns)
        {
            json.WriteStartObject();
            json.WriteString("type", "Split");
            json.WriteStartObject("pattern");
            json.WriteString("Regex", pattern);
            json.WriteEndObject();
            json.WriteString("behavior", "Isolated");
            json.WriteBoolean("invert", false);
            json.WriteEndObject();
        }
        WriteByteLevel(json, gpt2);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteByteLevel(Utf8JsonWriter json, bool usesRegex)
    {
        json.WriteStartObject();
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", false);
        json.WriteBoolean("trim_offsets", true);
        json.WriteBoolean("use_regex", usesRegex);
        json.WriteEndObject();
    }

    // The tokens that encoding puts around the text.
    private static void WriteAround(Utf8JsonWriter json, GgufVocabulary vocabulary, GgufPreTokenizer splitting)
    {
        string? begin = (vocabulary.AddBegin ?? splitting.AddBegin) && vocabulary.BeginId is { } b ? vocabulary.Tokens[b] : null;
        string? end = vocabulary.AddEnd == true && vocabulary.EndId is { } e ? vocabulary.Tokens[e] : null;
        if (begin is null && end is null)
        {
            json.WriteNull("post_processor");
            return;
        }
        json.WriteStartObject("post_processor");
        json.WriteString("type", "TemplateProcessing");
        foreach ((string name, string[] texts) in new[] { ("single", new[] { "A" }), ("pair", ["A", "B"]) })
        {
            json.WriteStartArray(name);
            for (int i = 0; i < texts.Length; i++)
            {
                WriteItem(json, "SpecialToken", begin, i);
                WriteItem(json, "Sequence", texts[i], i);
                WriteItem(json, "SpecialToken", end, i);
            }
            json.WriteEndArray();
        }
        json.WriteStartObject("special_tokens");
        foreach ((string? token, int? id) in new[] { (begin, vocabulary.BeginId), (end, vocabulary.EndId) }.DistinctBy(pair => pair.Item1))
        {
            if (token is null)
                continue;
            json.WriteStartObject(token);
            json.WriteString("id", token);
            json.WriteStartArray("ids");
            json.WriteNumberValue(id!.Value);
            json.WriteEndArray();
            json.WriteStartArray("tokens");
            json.WriteStringValue(token);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteItem(Utf8JsonWriter json, string kind, string? id, int type)
    {
        if (id is null)
            return;
        json.WriteStartObject();
        json.WriteStartObject(kind);
        json.WriteString("id", id);
        json.WriteNumber("type_id", type);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteModel(Utf8JsonWriter json, GgufVocabulary vocabulary, GgufPreTokenizer splitting)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        foreach (string key in new[] { "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix" })
            json.WriteNull(key);
        json.WriteBoolean("fuse_unk", false);
        json.WriteBoolean("byte_fallback", false);
        json.WriteBoolean("ignore_merges", splitting.IgnoreMerges);
        json.WriteStartObject("vocab");
        for (int id = 0; id < vocabulary.Tokens.Length; id++)
            json.WriteNumber(vocabulary.Tokens[id], id);
        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach (string merge in vocabulary.Merges)
            json.WriteStringValue(merge);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
