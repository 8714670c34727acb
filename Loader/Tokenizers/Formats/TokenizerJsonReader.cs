using System.Text.Json;
using System.Text.Unicode;

namespace Managed.Loader.Tokenizers;

/// <summary>Reads a tokenizer.json: the small parts as a document, the vocabulary and the merges straight from the bytes.</summary>
internal sealed class TokenizerJsonReader
{
    private readonly string file;
    private readonly byte[] bytes;
    private readonly Dictionary<string, JsonField> parts = [];
    private readonly Dictionary<string, JsonField> modelFields = [];
    private readonly Dictionary<string, Range> modelTables = []; // "vocab" and "merges", as they lie in the file

    private TokenizerJsonReader(string file, byte[] bytes)
    {
        this.file = file;
        this.bytes = bytes;
    }

    public static TokenizerParts Read(string file, byte[] bytes)
    {
        var reader = new TokenizerJsonReader(file, bytes);
        if (!Utf8.IsValid(bytes))
            throw new CheckpointException(file, "the file", null, "bytes that are not UTF-8", "JSON in UTF-8");
        try
        {
            reader.Scan();
            return reader.Build();
        }
        catch (JsonException cause)
        {
            throw new CheckpointException(file, "the file", null,
                $"text that is not JSON in line {cause.LineNumber + 1}, byte {cause.BytePositionInLine} ({FirstSentence(cause.Message)})",
                "a JSON object", cause);
        }
    }

    private static string FirstSentence(string message) => message.Split(". ")[0].TrimEnd('.');

    /// <summary>Notes where everything lies.</summary>
    private void Scan()
    {
        var reader = new Utf8JsonReader(SkipMark(bytes));
        int shift = bytes.Length - SkipMark(bytes).Length;
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new CheckpointException(file, "the file", 0, $"JSON that starts with {reader.TokenType}", "an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = Name(ref reader);
            reader.Read();
            if (name == "model" && reader.TokenType == JsonTokenType.StartObject)
                ScanModel(ref reader, shift);
            else
                parts[name] = new JsonField(file, name, JsonElement.ParseValue(ref reader));
        }
        while (reader.Read())
        {
        }
    }

    private void ScanModel(ref Utf8JsonReader reader, int shift)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = Name(ref reader);
            reader.Read();
            if (name is "vocab" or "merges" && reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            {
                int start = (int)reader.TokenStartIndex + shift;
                reader.Skip();
                modelTables[name] = start..((int)reader.BytesConsumed + shift);
            }
            else
            {
                modelFields[name] = new JsonField(file, $"model.{name}", JsonElement.ParseValue(ref reader));
            }
        }
    }

    private string Name(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException cause)
        {
            throw new CheckpointException(file, "a name", reader.TokenStartIndex, "half of a surrogate pair", "whole code points", cause);
        }
    }

    private static ReadOnlySpan<byte> SkipMark(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes;

    private JsonField Part(string name) => parts.GetValueOrDefault(name, new JsonField(file, name, default));

    private TokenizerParts Build()
    {
        if (modelTables.Count == 0)
            throw new CheckpointException(file, "model.vocab", null, "nothing", "the vocabulary of a tokenizer");
        var model = new TokenModelReader(file, bytes, modelFields, modelTables).Read();
        CheckObject("truncation");
        CheckObject("padding");
        var decoder = Part("decoder");
        return new TokenizerParts
        {
            File = file,
            Model = model,
            Normalizer = Part("normalizer") is { IsPresent: true } normalizer ? NormalizerReader.Read(normalizer) : null,
            PreTokenizer = Part("pre_tokenizer") is { IsPresent: true } preTokenizer ? PreTokenizerReader.Read(preTokenizer) : null,
            PostProcessor = Part("post_processor") is { IsPresent: true } post ? PostProcessorReader.Read(post) : null,
            Decoder = decoder.IsPresent ? DecoderReader.Read(decoder) : () => [MapStage.Spaces()],
            Spelling = decoder.IsPresent ? SpellingOf(decoder) : TokenSpelling.Plain,
            AddedTokens = Part("added_tokens") is { IsPresent: true } added ? [.. added.Items().Select(item => ReadAdded(item, model))] : [],
        };
    }

    // Cutting and filling up are the caller's business; a single text is encoded whole.
    private void CheckObject(string name)
    {
        if (Part(name) is { IsPresent: true, IsObject: false } part)
            throw part.Error(part.Found(), "an object or null");
    }

    private static AddedToken ReadAdded(JsonField item, ITokenModel model)
    {
        string content = item["content"].Text();
        int id = item["id"].Integer(0, Vocabulary.MaxId);
        return new AddedToken(model.Vocabulary.Find(content) ?? id, content)
        {
            SingleWord = item["single_word"].Flag(false),
            StripLeft = item["lstrip"].Flag(false),
            StripRight = item["rstrip"].Flag(false),
            Normalized = item["normalized"].Flag(false),
            Special = item["special"].Flag(false),
        };
    }

    /// <summary>How tokens spell their bytes, as far as the decoder tells.</summary>
    private static TokenSpelling SpellingOf(JsonField decoder) => decoder["type"].Text() switch
    {
        "Sequence" => decoder["decoders"].Items().Select(SpellingOf).DefaultIfEmpty(TokenSpelling.Plain).Max(),
        "ByteLevel" => TokenSpelling.ByteSymbols,
        "Metaspace" => TokenSpelling.SpaceSigns,
        "Replace" when decoder["content"].Text() == " " => TokenSpelling.SpaceSigns,
        "WordPiece" => TokenSpelling.ContinuingPrefix,
        _ => TokenSpelling.Plain,
    };
}
