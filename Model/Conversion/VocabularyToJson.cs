using System.Text.Encodings.Web;
using System.Text.Json;
using Managed.Loader;
using Managed.Loader.Tokenizers;

namespace Managed.Conversion;

/// <summary>tokenizer.json from a GGUF vocabulary: the file that travelled along, or BPE put together from the keys.</summary>
internal static class VocabularyToJson
{
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
        else if (splitting is null && vocabulary.Model != "llama")
            note($"a vocabulary of the kind {vocabulary.Model} cannot be turned into tokenizer.json: none is written");
        else
            Write(path, json => new TokenizerJsonWriter(json, vocabulary, splitting).Write());
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
}
