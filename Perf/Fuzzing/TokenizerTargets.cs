using Managed.Loader;
using Managed.Loader.Tokenizers;

namespace Managed.Fuzzing;

/// <summary>Vocabularies in every format: each is opened, and a text goes there and back.</summary>
internal static class TokenizerTargets
{
    private const string Goldens = "Tests/Fixtures/tokenizers/tiny-components/goldens.json";

    private static readonly string[] s_words =
    [
        "\"BPE\"", "\"Unigram\"", "\"WordPiece\"", "\"WordLevel\"", "\"vocab\"", "\"merges\"", "\"added_tokens\"", "\"ByteLevel\"", "\"Sequence\"", "\"Split\"", "\"Regex\"",
        "\"normalizer\"", "\"Replace\"", "\"Prepend\"", "\"id\"", "\"type\"",
    ];

    private static readonly string[] s_values =
    [
        "\"BPE\"", "\"Unigram\"", "\"WordPiece\"", "\"WordLevel\"", "\"Sequence\"", "\"<s>\"", "\"##\"", "\"(a+)+b\"", "\"(?:.*)*x\"", "\"[\"", "\"(?<=a|bb)c\"", "\"\\\\p{Han}+\"", "\"(?i)\"", "\"$A $A\"",
        "{\"Regex\":\"((a{9}){9}){99}\"}", "{\"String\":\"\"}", "{\"Regex\":\"\"}", "{\"Regex\":\"|\"}", "{\"Regex\":\"(?=.)\"}", "[\"a\",0.5]", "[\"h\",\"o\"]",
    ];

    public static FuzzTarget TokenizerJson(string repository) => new("tokenizer", [.. SmallTokenizers.Json(Path.Combine(repository, Goldens))],
        (bytes, _) => Use(new Tokenizer(TokenizerJsonReader.Read(bytes.Path, bytes.Slice(0, (int)bytes.Length).ToArray()))))
    {
        Tokens = [.. FuzzTargets.JsonTokens, .. s_words],
        JsonValues = [.. FuzzTargets.JsonValues, .. s_values],
        Allowance = 4 << 20,
        BytesPerByte = 256,
    };

    public static FuzzTarget Settings(string repository) => new("tokenizer-config", FuzzTargets.Files(repository, "models", "tokenizer_config.json"),
        (bytes, _) => SettingsReader.Parse(JsonConfigSection.Parse(bytes.Path, bytes.Slice(0, (int)bytes.Length))))
    {
        Tokens = [.. FuzzTargets.JsonTokens, "\"bos_token\"", "\"content\"", "\"chat_template\"", "\"add_bos_token\""],
        JsonValues = [.. FuzzTargets.JsonValues, "{\"content\":\"<s>\"}", "{\"content\":7}"],
        BytesPerByte = 256,
    };

    public static FuzzTarget SentencePiece(string repository) => new("sentencepiece", [.. SmallTokenizers.SentencePiece()], (bytes, _) =>
    {
        ReadOnlySpan<byte> model = bytes.Slice(0, (int)bytes.Length);
        Use(new Tokenizer(SentencePieceReader.Read(bytes.Path, model, null)));
        Use(new Tokenizer(SentencePieceReader.Read(bytes.Path, model, new TokenizerSettings())));
    })
    {
        Allowance = 1 << 20,
        BytesPerByte = 256,
    };

    public static FuzzTarget GgufVocabulary(string repository) => new("vocabulary", [.. SmallTokenizers.Gguf()], (bytes, _) =>
        Use(new Tokenizer(GgufTokenizerBuilder.Build(Loader.Tokenizers.GgufVocabulary.Read(GgufFile.Read(bytes))))))
    {
        Allowance = 1 << 20,
        BytesPerByte = 256,
    };

    /// <summary>There and back; ids and offsets must lie where they can, and a stream must give what decoding at once gives.</summary>
    private static void Use(Tokenizer tokenizer)
    {
        TokenizedText encoded = tokenizer.Encode(SmallTokenizers.Text);
        int points = SmallTokenizers.Text.EnumerateRunes().Count();
        foreach (int id in encoded.Ids)
            if (tokenizer.IdToToken(id) is null)
                throw new InvalidOperationException("a text got an id that no token has");
        foreach (var (start, end) in encoded.Offsets)
            if (start < 0 || start > end || end > points)
                throw new InvalidOperationException($"a token stands for {start} to {end} of a text of {points} characters");
        StreamingDecoder stream = tokenizer.CreateStream(skipSpecialTokens: false);
        string streamed = string.Concat(encoded.Ids.Select(stream.Append)) + stream.Flush();
        if (streamed != tokenizer.Decode(encoded.Ids, skipSpecialTokens: false))
            throw new InvalidOperationException("a stream gives another text than decoding at once");
        for (int id = 0; id < Math.Min(tokenizer.VocabularySize, 64); id++)
            _ = tokenizer.TokenBytes(id);
        _ = tokenizer.Decode([int.MaxValue, -1, tokenizer.VocabularySize]);
    }
}
