using System.Text.Json;
using Managed.Loader.Tokenizers;

namespace Managed.Conversion;

/// <summary>Puts tokenizer.json together from a GGUF vocabulary.</summary>
/// <param name="json">Where it goes.</param>
/// <param name="vocabulary">What the file says.</param>
/// <param name="splitting">How a byte-level vocabulary splits texts; null for a vocabulary of pieces.</param>
internal sealed class TokenizerJsonWriter(Utf8JsonWriter json, GgufVocabulary vocabulary, GgufPreTokenizer? splitting)
{
    private const string LastGpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)";

    // SentencePiece writes a space as U+2581 and bytes without a piece as <0xXX>.
    private const string Replace = """{"type":"Replace","pattern":{"String":" "},"content":"\u2581"}""";
    private const string PrependAndReplace = """{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"\u2581"},""" + Replace + "]}";
    private const string PieceDecoderParts = """{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"\u2581"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"}""";
    private const string PieceDecoder = PieceDecoderParts + "]}";
    private const string PieceDecoderAndStrip = PieceDecoderParts + """,{"type":"Strip","content":" ","start":1,"stop":0}]}""";

    private bool PutsSpaceInFront => vocabulary.AddSpacePrefix ?? true;

    public void Write()
    {
        json.WriteStartObject();
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        WriteAddedTokens();
        if (splitting is not null)
        {
            json.WriteNull("normalizer");
            WriteSplitting(splitting);
            WriteAround();
            json.WritePropertyName("decoder");
            WriteByteLevel(usesRegex: true);
        }
        else
        {
            WriteRaw("normalizer", PutsSpaceInFront ? PrependAndReplace : Replace);
            json.WriteNull("pre_tokenizer");
            WriteAround();
            WriteRaw("decoder", PutsSpaceInFront ? PieceDecoderAndStrip : PieceDecoder);
        }
        WriteModel();
        json.WriteEndObject();
    }

    private void WriteAddedTokens()
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

    private void WriteSplitting(GgufPreTokenizer splitting)
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
        WriteByteLevel(gpt2);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteByteLevel(bool usesRegex)
    {
        json.WriteStartObject();
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", false);
        json.WriteBoolean("trim_offsets", true);
        json.WriteBoolean("use_regex", usesRegex);
        json.WriteEndObject();
    }

    // The tokens that encoding puts around the text.
    private void WriteAround()
    {
        string? begin = (vocabulary.AddBegin ?? splitting?.AddBegin ?? true) && vocabulary.BeginId is { } b ? vocabulary.Tokens[b] : null;
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
                WriteItem("SpecialToken", begin, i);
                WriteItem("Sequence", texts[i], i);
                WriteItem("SpecialToken", end, i);
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

    private void WriteItem(string kind, string? id, int type)
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

    private void WriteModel()
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        foreach (string key in new[] { "dropout", "continuing_subword_prefix", "end_of_word_suffix" })
            json.WriteNull(key);
        json.WriteString("unk_token", splitting is null && vocabulary.UnknownId is { } unknown ? vocabulary.Tokens[unknown] : null);
        json.WriteBoolean("fuse_unk", splitting is null);
        json.WriteBoolean("byte_fallback", splitting is null);
        json.WriteBoolean("ignore_merges", splitting?.IgnoreMerges ?? false);
        json.WriteStartObject("vocab");
        for (int id = 0; id < vocabulary.Tokens.Length; id++)
            json.WriteNumber(vocabulary.Tokens[id], id);
        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach (string merge in splitting is null ? [.. PieceMerges.Of(vocabulary)] : vocabulary.Merges)
            json.WriteStringValue(merge);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteRaw(string name, string value)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(value);
    }
}
