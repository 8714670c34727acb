namespace Managed.Loader.Tokenizers;

/// <summary>What a piece of a SentencePiece or GGUF vocabulary is.</summary>
internal enum PieceType
{
    Undefined = 0,
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>Reads a SentencePiece model.</summary>
internal sealed class SentencePieceReader
{
    private const int Unigram = 1, Bpe = 2;

    private readonly string file;
    private readonly Vocabulary vocabulary;
    private readonly List<float> scores = [];
    private readonly List<PieceType> types = [];
    private int modelType = Unigram;
    private bool byteFallback;
    private bool spaceAsSuffix;
    private string unknownSurface = " \u2047 ";
    private byte[] map = [];
    private bool addDummyPrefix = true;
    private bool removeExtraWhitespaces = true;
    private bool escapeWhitespaces = true;
    private bool hasTrainer;
    private bool hasNormalizer;

    private SentencePieceReader(string file, int length)
    {
        this.file = file;
        vocabulary = new Vocabulary(length / 16);
    }

    /// <param name="file">The file's path.</param>
    /// <param name="bytes">What it holds.</param>
    /// <param name="settings">The checkpoint's settings; null for a model by itself, which then behaves as SentencePiece alone does.</param>
    public static TokenizerParts Read(string file, ReadOnlySpan<byte> bytes, TokenizerSettings? settings)
    {
        var reader = new SentencePieceReader(file, bytes.Length);
        reader.ReadModel(new ProtobufReader(file, "the model", bytes, 0));
        return reader.Build(settings);
    }

    private void ReadModel(ProtobufReader model)
    {
        while (model.Read())
        {
            switch (model.Field)
            {
                case 1: ReadPiece(model.Message($"pieces[{types.Count}]")); break;
                case 2: ReadTrainer(model.Message("trainer_spec")); break;
                case 3: ReadNormalizer(model.Message("normalizer_spec")); break;
            }
        }
        if (types.Count == 0)
            throw new CheckpointException(file, "pieces", null, "no pieces", "a vocabulary");
        // Both follow the pieces; a file that was cut between two fields would otherwise pass for another model.
        if (!hasTrainer || !hasNormalizer)
            throw new CheckpointException(file, hasTrainer ? "normalizer_spec" : "trainer_spec", null, "nothing", "the settings that every SentencePiece model has behind its pieces");
    }

    private void ReadPiece(ProtobufReader piece)
    {
        ReadOnlySpan<byte> text = default;
        float score = 0;
        var type = PieceType.Normal;
        while (piece.Read())
        {
            switch (piece.Field)
            {
                case 1: text = piece.Text("piece"); break;
                case 2: score = piece.Single("score"); break;
                case 3: type = (PieceType)piece.Integer("type", 1, 6); break;
            }
        }
        if (text.IsEmpty)
            throw piece.Error("an empty piece", "a text");
        if (vocabulary.TryGetId(text, out int other))
            throw piece.Error($"the text of piece {other} again", "a text of its own for every piece");
        if (types.Count > Vocabulary.MaxId)
            throw piece.Error($"more than {Vocabulary.MaxId} pieces", "fewer");
        vocabulary.TryAdd(text, types.Count);
        scores.Add(score);
        types.Add(type);
    }

    private void ReadTrainer(ProtobufReader trainer)
    {
        hasTrainer = true;
        while (trainer.Read())
        {
            switch (trainer.Field)
            {
                case 3: modelType = trainer.Integer("model_type", 1, 4); break;
                case 24: spaceAsSuffix = trainer.Flag("treat_whitespace_as_suffix"); break;
                case 35: byteFallback = trainer.Flag("byte_fallback"); break;
                case 44: unknownSurface = System.Text.Encoding.UTF8.GetString(trainer.Text("unk_surface")); break;
            }
        }
        if (modelType is not (Unigram or Bpe))
            throw trainer.Error($"model_type {modelType} (a model of words or characters)", "1 (unigram) or 2 (BPE)");
    }

    private void ReadNormalizer(ProtobufReader normalizer)
    {
        hasNormalizer = true;
        while (normalizer.Read())
        {
            switch (normalizer.Field)
            {
                case 2: map = normalizer.Data("precompiled_charsmap").ToArray(); break;
                case 3: addDummyPrefix = normalizer.Flag("add_dummy_prefix"); break;
                case 4: removeExtraWhitespaces = normalizer.Flag("remove_extra_whitespaces"); break;
                case 5: escapeWhitespaces = normalizer.Flag("escape_whitespaces"); break;
            }
        }
    }

    private bool Is(int id, PieceType type) => (uint)id < (uint)types.Count && types[id] == type;

    private bool IsMatched(int id) => types[id] is PieceType.Normal or PieceType.UserDefined or PieceType.Unused;

    private TokenizerParts Build(TokenizerSettings? settings)
    {
        int unknown = types.IndexOf(PieceType.Unknown);
        if (unknown < 0)
            throw new CheckpointException(file, "pieces", null, "no unknown piece", "one piece of type 2 (unknown)");
        var inText = settings is null ? [] : Enumerable.Range(0, types.Count).Where(id => types[id] == PieceType.Control).ToArray();
        return new TokenizerParts
        {
            File = file,
            Model = modelType == Bpe ? BuildBpe(unknown) : BuildUnigram(unknown),
            Normalizer = new SentencePieceNormalizer
            {
                Map = map.Length == 0 ? null : CharsMap.Parse(map, (found, expected) =>
                    new CheckpointException(file, "normalizer_spec.precompiled_charsmap", null, found, expected)),
                Kept = types.Contains(PieceType.UserDefined) ? new PieceTrie(vocabulary, id => Is(id, PieceType.UserDefined)) : null,
                AddDummyPrefix = addDummyPrefix,
                RemoveExtraWhitespaces = removeExtraWhitespaces,
                EscapeWhitespaces = escapeWhitespaces,
                SpaceAsSuffix = spaceAsSuffix,
            },
            PostProcessor = settings is null ? null : Frame(settings),
            Decoder = () => [new SentencePieceStage(addDummyPrefix || removeExtraWhitespaces, removeExtraWhitespaces)],
            Spelling = TokenSpelling.SpaceSigns,
            AddedTokens = [.. inText.Select(id => new AddedToken(id, vocabulary.Text(id)!) { Special = true })],
            SpecialIds = Enumerable.Range(0, types.Count).Where(id => types[id] is PieceType.Control or PieceType.Unknown).ToHashSet(),
            Surface = (id, skipSpecial) => Is(id, PieceType.Unknown) ? unknownSurface
                : skipSpecial && Is(id, PieceType.Control) ? null : vocabulary.Text(id),
            Settings = (settings ?? new TokenizerSettings()) with
            {
                UnknownId = unknown,
                BeginToken = settings?.BeginToken ?? Named("<s>"),
                EndToken = settings?.EndToken ?? Named("</s>"),
                PadToken = settings?.PadToken ?? Named("<pad>"),
            },
        };
    }

    private string? Named(string token) => vocabulary.Find(token) is { } id && Is(id, PieceType.Control) ? token : null;

    private ScoredMergeModel BuildBpe(int unknown) => new(vocabulary, [.. scores], new ScoredMergeOptions
    {
        UnknownId = unknown,
        ByteFallback = byteFallback,
        IsMatched = IsMatched,
        IsFrozen = id => Is(id, PieceType.UserDefined),
        IsUnused = id => Is(id, PieceType.Unused),
    });

    private UnigramModel BuildUnigram(int unknown)
    {
        var normal = Enumerable.Range(0, types.Count).Where(id => types[id] == PieceType.Normal).Select(id => scores[id]).ToArray();
        float most = normal.Length == 0 ? 0 : normal.Max();
        return new UnigramModel(vocabulary, [.. scores.Select(score => (double)score)], new UnigramOptions
        {
            UnknownId = unknown,
            LeastScore = normal.Length == 0 ? 0 : normal.Min(),
            ByteFallback = byteFallback,
            SinglePrecision = true,
            IsMatched = id => types[id] is PieceType.Normal or PieceType.UserDefined,
            FreeScore = (id, length) => types[id] == PieceType.UserDefined ? length * most - 0.1 : null,
        });
    }

    /// <summary>As a checkpoint of its own, a model gets the begin token in front unless the settings say otherwise.</summary>
    private FramePostProcessor Frame(TokenizerSettings settings)
    {
        int? begin = vocabulary.Find(settings.BeginToken ?? "<s>"), end = vocabulary.Find(settings.EndToken ?? "</s>");
        return new FramePostProcessor(
            begin is { } first && (settings.AddBeginToken ?? modelType == Bpe) ? [first] : [],
            end is { } last && (settings.AddEndToken ?? modelType == Unigram) ? [last] : []);
    }
}
