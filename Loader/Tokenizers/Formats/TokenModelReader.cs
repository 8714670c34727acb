using System.Text.Json;

namespace Managed.Loader.Tokenizers;

/// <summary>Builds the model of a tokenizer.json: BPE, Unigram, WordPiece or WordLevel.</summary>
internal sealed class TokenModelReader(
    string file, byte[] bytes, IReadOnlyDictionary<string, JsonField> fields, IReadOnlyDictionary<string, Range> tables)
{
    public ITokenModel Read()
    {
        bool isList = bytes[Table("vocab").Start.Value] == '[';
        string type = Field("type").IsPresent ? Field("type").Text() : isList ? "Unigram" : tables.ContainsKey("merges") ? "BPE" : "WordPiece";
        if (isList != (type == "Unigram"))
            throw new CheckpointException(file, "model.vocab", null, isList ? "an array" : "an object", isList ? "an object" : "an array");
        return type switch
        {
            "BPE" => ReadBpe(),
            "Unigram" => ReadUnigram(),
            "WordPiece" => ReadWordPiece(),
            "WordLevel" => ReadWordLevel(),
            _ => throw Field("type").Error($"\"{type}\"", "one of BPE, Unigram, WordPiece, WordLevel"),
        };
    }

    private Func<string, CheckpointException> NoUnknown(string key) =>
        text => Field(key).Error($"no unknown token, which the text \"{text}\" needs", "a token for what the vocabulary lacks");

    private JsonField Field(string name) => fields.TryGetValue(name, out var field) ? field : new JsonField(file, $"model.{name}", default);

    private Range Table(string name) =>
        tables.TryGetValue(name, out var range) ? range : throw Field(name).Error(Field(name).Found(), "a table of tokens");

    private BpeModel ReadBpe()
    {
        var vocabulary = ReadVocabulary();
        string prefix = Field("continuing_subword_prefix").Text("");
        return new BpeModel(vocabulary, ReadMerges(vocabulary, prefix), new BpeOptions
        {
            UnknownId = Field("unk_token").IsPresent ? vocabulary.Find(Field("unk_token").Text()) : null,
            FuseUnknown = Field("fuse_unk").Flag(false),
            ByteFallback = Field("byte_fallback").Flag(false),
            IgnoreMerges = Field("ignore_merges").Flag(false),
            ContinuingPrefix = prefix,
            EndSuffix = Field("end_of_word_suffix").Text(""),
        });
    }

    private WordPieceModel ReadWordPiece()
    {
        var vocabulary = ReadVocabulary();
        string unknown = Field("unk_token").Text("[UNK]");
        return new WordPieceModel(vocabulary,
            vocabulary.Find(unknown) ?? throw Field("unk_token").Error($"\"{unknown}\"", "a token of the vocabulary"),
            Field("continuing_subword_prefix").Text("##"),
            Field("max_input_chars_per_word").IsPresent ? Field("max_input_chars_per_word").Integer(0, int.MaxValue) : 100);
    }

    private WordLevelModel ReadWordLevel()
    {
        var vocabulary = ReadVocabulary();
        return new WordLevelModel(vocabulary, vocabulary.Find(Field("unk_token").Text("<unk>")), NoUnknown("unk_token"));
    }

    private UnigramModel ReadUnigram()
    {
        var vocabulary = new Vocabulary(1 << 12);
        var scores = new List<double>();
        var reader = new Utf8JsonReader(bytes.AsSpan(Table("vocab")));
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.StartArray)
        {
            reader.Read();
            AddToken(vocabulary, ref reader, scores.Count);
            reader.Read();
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetDouble(out double score) || double.IsNaN(score))
                throw Wrong("model.vocab", ref reader, "a score");
            scores.Add(score);
            reader.Read();
            if (reader.TokenType != JsonTokenType.EndArray)
                throw Wrong("model.vocab", ref reader, "pairs of a token and its score");
        }
        if (reader.TokenType != JsonTokenType.EndArray)
            throw Wrong("model.vocab", ref reader, "an array of pairs");
        int unknown = Field("unk_id").IsPresent ? Field("unk_id").Integer(0, Math.Max(0, scores.Count - 1)) : -1;
        return new UnigramModel(vocabulary, [.. scores], new UnigramOptions
        {
            UnknownId = unknown,
            LeastScore = scores.Count == 0 ? 0 : scores.Min(),
            ByteFallback = Field("byte_fallback").Flag(false),
            ShowsUnknown = true,
            NoUnknown = NoUnknown("unk_id"),
        });
    }

    private Vocabulary ReadVocabulary()
    {
        var table = Table("vocab");
        var vocabulary = new Vocabulary(Math.Max(1024, bytes.AsSpan(table).Length / 20));
        var reader = new Utf8JsonReader(bytes.AsSpan(table));
        reader.Read();
        byte[] copy = new byte[256];
        int read = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var token = Token(ref reader, ref copy); // lies in the file's bytes or in the copy, so it outlives the next read
            reader.Read();
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out int id) || id < 0 || id > Vocabulary.MostId(bytes.Length))
                throw Wrong("model.vocab", ref reader, $"an id from 0 to {Vocabulary.MostId(bytes.Length)}");
            if (!vocabulary.TryAdd(token, id))
                throw Wrong("model.vocab", ref reader, "an id of its own for every token");
            read++;
        }
        if (read != vocabulary.Count)
            throw new CheckpointException(file, "model.vocab", table.Start.Value, $"{read} entries for {vocabulary.Count} different tokens", "every token once");
        return vocabulary;
    }

    private void AddToken(Vocabulary vocabulary, ref Utf8JsonReader reader, int id)
    {
        if (reader.TokenType != JsonTokenType.String)
            throw Wrong("model.vocab", ref reader, "a token");
        byte[] copy = new byte[64];
        vocabulary.TryAdd(Token(ref reader, ref copy), id);
    }

    private MergeTable ReadMerges(Vocabulary vocabulary, string prefix)
    {
        var table = Table("merges");
        var merges = new MergeTable(bytes.AsSpan(table).Length / 16);
        var reader = new Utf8JsonReader(bytes.AsSpan(table));
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Wrong("model.merges", ref reader, "an array");
        byte[] left = new byte[256], right = new byte[256], joined = new byte[512];
        byte[] continuing = System.Text.Encoding.UTF8.GetBytes(prefix);
        for (int rank = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; rank++)
        {
            if (reader.TokenType == JsonTokenType.String)
            {
                var both = Token(ref reader, ref left);
                int space = both.IndexOf((byte)' ');
                if (space < 0 || both[(space + 1)..].Contains((byte)' '))
                    throw Wrong("model.merges", ref reader, "two tokens with a space between them");
                AddMerge(vocabulary, merges, both[..space], both[(space + 1)..], continuing, ref joined, rank, ref reader);
                continue;
            }
            if (reader.TokenType != JsonTokenType.StartArray || !reader.Read() || reader.TokenType != JsonTokenType.String)
                throw Wrong("model.merges", ref reader, "a pair of tokens");
            var first = Token(ref reader, ref left);
            if (!reader.Read() || reader.TokenType != JsonTokenType.String)
                throw Wrong("model.merges", ref reader, "a pair of tokens");
            var second = Token(ref reader, ref right);
            AddMerge(vocabulary, merges, first, second, continuing, ref joined, rank, ref reader);
            if (!reader.Read() || reader.TokenType != JsonTokenType.EndArray)
                throw Wrong("model.merges", ref reader, "pairs of tokens");
        }
        return merges;
    }

    private void AddMerge(Vocabulary vocabulary, MergeTable merges, scoped ReadOnlySpan<byte> first, scoped ReadOnlySpan<byte> second,
        byte[] continuing, ref byte[] joined, int rank, ref Utf8JsonReader reader)
    {
        if (joined.Length < first.Length + second.Length)
            joined = new byte[(first.Length + second.Length) * 2];
        var tail = continuing.Length > 0 && second.StartsWith(continuing) ? second[continuing.Length..] : second;
        first.CopyTo(joined);
        tail.CopyTo(joined.AsSpan(first.Length));
        if (!vocabulary.TryGetId(first, out int left) || !vocabulary.TryGetId(second, out int right) ||
            !vocabulary.TryGetId(joined.AsSpan(0, first.Length + tail.Length), out int id))
            throw Wrong("model.merges", ref reader, "tokens of the vocabulary whose concatenation is one too");
        merges.Add(left, right, rank, id);
    }

    /// <summary>The UTF-8 of a string, in `copy` where it had escapes.</summary>
    private ReadOnlySpan<byte> Token(ref Utf8JsonReader reader, ref byte[] copy)
    {
        if (!reader.ValueIsEscaped)
            return reader.ValueSpan;
        if (copy.Length < reader.ValueSpan.Length)
            copy = new byte[reader.ValueSpan.Length * 2];
        try
        {
            return copy.AsSpan(0, reader.CopyString(copy));
        }
        catch (InvalidOperationException cause)
        {
            throw new CheckpointException(file, "model", null, "half of a surrogate pair in a token", "whole code points", cause);
        }
    }

    private CheckpointException Wrong(string field, ref Utf8JsonReader reader, string expected)
    {
        string raw = Utf8Text.Show(System.Text.Encoding.UTF8.GetString(reader.ValueSpan));
        string found = reader.TokenType switch
        {
            JsonTokenType.String or JsonTokenType.PropertyName => $"the string \"{raw}\"",
            JsonTokenType.Number => raw,
            JsonTokenType.StartArray => "an array",
            JsonTokenType.StartObject => "an object",
            JsonTokenType.EndArray or JsonTokenType.EndObject => "the end of the list",
            var kind => kind.ToString().ToLowerInvariant(),
        };
        long start = Table(field["model.".Length..]).Start.Value + reader.TokenStartIndex;
        return new CheckpointException(file, field, start, found, expected);
    }
}
