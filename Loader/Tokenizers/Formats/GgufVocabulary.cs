namespace Managed.Loader.Tokenizers;

/// <summary>The vocabulary of a GGUF file, as its metadata gives it.</summary>
internal sealed record GgufVocabulary
{
    public required string File { get; init; }

    /// <summary>llama (SentencePiece's BPE), gpt2 (byte-level BPE), bert (WordPiece), t5 (unigram), gemma4.</summary>
    public required string Model { get; init; }

    /// <summary>The name of the pre-tokeniser; null where the file gives none.</summary>
    public string? Pre { get; init; }

    /// <summary>The tokens by id, in UTF-8, while the file is open.</summary>
    public required GgufTexts TokensInPlace { get; init; }

    public string[] Tokens => field ??= TokensInPlace.ToArray();

    public float[]? Scores { get; init; }

    public PieceType[]? Types { get; init; }

    /// <summary>Pairs of tokens with a space between them, in UTF-8, while the file is open.</summary>
    public GgufTexts MergesInPlace { get; init; }

    public string[] Merges => field ??= MergesInPlace.ToArray();

    public int? BeginId { get; init; }

    public int? EndId { get; init; }

    public int? UnknownId { get; init; }

    public int? SeparatorId { get; init; }

    public int? PadId { get; init; }

    public bool? AddBegin { get; init; }

    public bool? AddEnd { get; init; }

    public bool? AddSpacePrefix { get; init; }

    public bool RemoveExtraWhitespaces { get; init; }

    public byte[] CharsMap { get; init; } = [];

    /// <summary>Names of the model and its architecture, which tell apart what the metadata does not.</summary>
    public string Name { get; init; } = "";

    public string Architecture { get; init; } = "";

    public string? ChatTemplate { get; init; }

    public CheckpointException Error(string key, string found, string expected) => new(File, $"tokenizer.{key}", null, found, expected);

    /// <summary>The vocabulary in a file's metadata.</summary>
    public static GgufVocabulary Read(GgufFile file)
    {
        var section = new GgufConfigSection(file, "tokenizer.");
        GgufTexts tokens = section.TextsInPlace("ggml.tokens") ?? throw section.Error("ggml.tokens", "nothing", "the tokens of the vocabulary");
        if (tokens.Count == 0 || tokens.Count > Vocabulary.MaxId)
            throw section.Error("ggml.tokens", $"{tokens.Count} tokens", $"from 1 to {Vocabulary.MaxId} tokens");
        return new GgufVocabulary
        {
            File = file.Path,
            Model = section.Text("ggml.model"),
            Pre = section.Has("ggml.pre") ? section.Text("ggml.pre") : null,
            TokensInPlace = tokens,
            Scores = Each(section, "ggml.scores", tokens.Count, section.Numbers("ggml.scores"), score => (float)score),
            Types = Each(section, "ggml.token_type", tokens.Count, section.Integers("ggml.token_type"),
                type => type is >= 0 and <= 6 ? (PieceType)type : PieceType.Undefined),
            MergesInPlace = section.TextsInPlace("ggml.merges") ?? default,
            BeginId = Id(section, "ggml.bos_token_id", tokens.Count),
            EndId = Id(section, "ggml.eos_token_id", tokens.Count),
            UnknownId = Id(section, "ggml.unknown_token_id", tokens.Count),
            SeparatorId = Id(section, "ggml.seperator_token_id", tokens.Count),
            PadId = Id(section, "ggml.padding_token_id", tokens.Count),
            AddBegin = Flag(section, "ggml.add_bos_token"),
            AddEnd = Flag(section, "ggml.add_eos_token"),
            AddSpacePrefix = Flag(section, "ggml.add_space_prefix"),
            RemoveExtraWhitespaces = section.Flag("ggml.remove_extra_whitespaces", false),
            CharsMap = ReadCharsMap(section),
            Name = section.Text("general.name", ""),
            Architecture = section.Text("general.architecture", ""),
            ChatTemplate = section.Has("chat_template") ? section.Text("chat_template") : null,
        };
    }

    /// <summary>Bytes, which converters have written as signed and as unsigned ones.</summary>
    private static byte[] ReadCharsMap(GgufConfigSection section)
    {
        const string Key = "ggml.precompiled_charsmap";
        long[] values = section.Integers(Key) ?? [];
        int wrong = Array.FindIndex(values, value => value is < sbyte.MinValue or > byte.MaxValue);
        return wrong < 0 ? Array.ConvertAll(values, value => (byte)value) : throw section.Error(Key, $"{values[wrong]}", "bytes");
    }

    private static TOut[]? Each<TIn, TOut>(ConfigSection section, string key, int least, TIn[]? values, Converter<TIn, TOut> convert)
    {
        if (values is null)
            return null;
        return values.Length >= least
            ? Array.ConvertAll(values, convert)
            : throw section.Error(key, $"{values.Length} entries", $"one for each of the {least} tokens");
    }

    private static bool? Flag(GgufConfigSection section, string key) => section.Has(key) ? section.Flag(key) : null;

    // An id beyond the vocabulary, such as 4294967295, is how files write that there is no such token.
    private static int? Id(GgufConfigSection section, string key, int count) =>
        section.Has(key) && section.Integer(key, null, long.MinValue, long.MaxValue) is var id && id >= 0 && id < count ? (int)id : null;
}
