using System.Text.Json;

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
        int invalid = Utf8Text.FirstInvalid(bytes);
        if (invalid >= 0)
            throw new CheckpointException(file, "JSON", invalid, $"byte {bytes[invalid]:X2}, which is not valid UTF-8 here", "JSON in UTF-8");
        var reader = new TokenizerJsonReader(file, bytes);
        reader.Scan();
        return reader.Build();
    }

    /// <summary>Notes where everything lies.</summary>
    private void Scan()
    {
        ReadOnlySpan<byte> mark = "\uFEFF"u8;
        int start = bytes.AsSpan().StartsWith(mark) ? mark.Length : 0;
        var reader = new Utf8JsonReader(bytes.AsSpan(start), new JsonReaderOptions { MaxDepth = JsonValue.DeepestNesting });
        try
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                throw new CheckpointException(file, "top level", start + reader.TokenStartIndex, $"JSON that starts with {reader.TokenType}", "a JSON object");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                long at = start + reader.TokenStartIndex;
                string name = JsonValue.Text(file, ref reader, at);
                reader.Read();
                if (name == "model" && reader.TokenType == JsonTokenType.StartObject)
                    ScanModel(ref reader, start);
                else
                    Add(parts, at, name, JsonValue.Read(file, ref reader, start));
            }
            reader.Read(); // anything but white space behind the object is a JsonException
        }
        catch (JsonException cause)
        {
            throw new CheckpointException(file, "JSON", start + reader.BytesConsumed, "text that is not valid JSON: " + JsonValue.FirstSentence(cause.Message), "a JSON object", cause);
        }
    }

    private void ScanModel(ref Utf8JsonReader reader, int start)
    {
        if (modelTables.Count + modelFields.Count > 0)
            throw Again("model", start + reader.TokenStartIndex);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            long at = start + reader.TokenStartIndex;
            string name = JsonValue.Text(file, ref reader, at);
            reader.Read();
            if (name is "vocab" or "merges" && reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            {
                int first = (int)reader.TokenStartIndex + start;
                reader.Skip();
                if (!modelTables.TryAdd(name, first..((int)reader.BytesConsumed + start)))
                    throw Again($"model.{name}", at);
            }
            else
            {
                Add(modelFields, at, name, JsonValue.Read(file, ref reader, start), "model.");
            }
        }
    }

    private void Add(Dictionary<string, JsonField> fields, long at, string name, JsonValue value, string path = "")
    {
        string field = path + Utf8Text.Show(name);
        if (!fields.TryAdd(name, new JsonField(file, field, value)))
            throw Again(field, at);
    }

    private CheckpointException Again(string field, long at) => new(file, field, at, "the key for the second time", "every key once");

    private JsonField Part(string name) => parts.GetValueOrDefault(name, new JsonField(file, name, default));

    private TokenizerParts Build()
    {
        if (modelTables.Count == 0)
            throw new CheckpointException(file, "model.vocab", null, "nothing", "the vocabulary of a tokenizer");
        var model = new TokenModelReader(file, bytes, modelFields, modelTables).Read();
        CheckObject("truncation");
        CheckObject("padding");
        var decoder = Part("decoder");
        AddedToken[] added = ReadAddedTokens(model.Vocabulary);
        return new TokenizerParts
        {
            File = file,
            Model = model,
            Normalizer = Part("normalizer") is { IsPresent: true } normalizer ? NormalizerReader.Read(normalizer) : null,
            PreTokenizer = Part("pre_tokenizer") is { IsPresent: true } preTokenizer ? PreTokenizerReader.Read(preTokenizer) : null,
            PostProcessor = Part("post_processor") is { IsPresent: true } post ? ReadPostProcessor(post, model.Vocabulary, added) : null,
            Decoder = decoder.IsPresent ? DecoderReader.Read(decoder) : () => [MapStage.Spaces()],
            Spelling = decoder.IsPresent ? SpellingOf(decoder) : TokenSpelling.Plain,
            AddedTokens = added,
        };
    }

    /// <summary>A text must not get a token that there is not: the model has no embedding for it.</summary>
    private static IPostProcessor ReadPostProcessor(JsonField field, Vocabulary vocabulary, AddedToken[] added)
    {
        IPostProcessor post = PostProcessorReader.Read(field);
        foreach (int id in post.Ids)
            if (!vocabulary.Contains(id) && !Array.Exists(added, token => token.Id == id))
                throw field.Error($"the id {id}, which no token has", "ids of tokens");
        return post;
    }

    private AddedToken[] ReadAddedTokens(Vocabulary vocabulary)
    {
        if (Part("added_tokens") is not { IsPresent: true } field)
            return [];
        var tokens = new List<AddedToken>();
        var contents = new Dictionary<int, string>();
        foreach (JsonField item in field.Items())
        {
            AddedToken token = ReadAdded(item);
            string? known = vocabulary.Text(token.Id);
            if ((known ?? contents.GetValueOrDefault(token.Id, token.Content)) is var other && other != token.Content)
                throw item["id"].Error($"{token.Id}, the id of the token \"{Utf8Text.Show(other)}\"", $"an id of its own for \"{Utf8Text.Show(token.Content)}\"");
            if (known is null && vocabulary.Find(token.Content) is { } id)
                throw item["id"].Error($"{token.Id} for \"{Utf8Text.Show(token.Content)}\"", $"{id}, as in the vocabulary");
            contents[token.Id] = token.Content;
            tokens.Add(token);
        }
        return [.. tokens];
    }

    // Cutting and filling up are the caller's business; a single text is encoded whole.
    private void CheckObject(string name)
    {
        if (Part(name) is { IsPresent: true, IsObject: false } part)
            throw part.Error(part.Found(), "an object or null");
    }

    private AddedToken ReadAdded(JsonField item) =>
        new(item["id"].Integer(0, Vocabulary.MostId(bytes.Length)), item["content"].Text())
        {
            SingleWord = item["single_word"].Flag(false),
            StripLeft = item["lstrip"].Flag(false),
            StripRight = item["rstrip"].Flag(false),
            Normalized = item["normalized"].Flag(false),
            Special = item["special"].Flag(false),
        };

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
