using System.Text;

namespace Managed.Loader.Tokenizers;

/// <summary>Builds a tokenizer out of a GGUF vocabulary; behaves as llama.cpp with special tokens recognised in texts.</summary>
internal sealed class GgufTokenizerBuilder
{
    // Tokens that end or structure an answer; converters have often marked them as ordinary text.
    private static readonly HashSet<string> ControlLooking =
    [
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>", "<|endoftext|>", "</s>",
        "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<\uFF5Cend\u2581of\u2581sentence\uFF5C>",
        "<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<\uFF5Cfim\u2581begin\uFF5C>", "<PRE>", "\u2581<PRE>", "<|code_prefix|>", "<|prefix|>",
        "<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<\uFF5Cfim\u2581hole\uFF5C>", "<SUF>", "\u2581<SUF>", "<|code_suffix|>", "<|suffix|>",
        "<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<\uFF5Cfim\u2581end\uFF5C>", "<MID>", "\u2581<MID>", "<|code_middle|>", "<|middle|>",
        "<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]", "<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>",
        "<|file_sep|>",
    ];

    private const string SpaceSign = "\u2581";

    private readonly GgufVocabulary source;
    private readonly Vocabulary vocabulary;
    private readonly PieceType[] types;

    private GgufTokenizerBuilder(GgufVocabulary source)
    {
        this.source = source;
        vocabulary = new Vocabulary(source.TokensInPlace.Count);
        types = new PieceType[source.TokensInPlace.Count];
        int id = 0;
        foreach (var stored in source.TokensInPlace)
        {
            var token = stored.Length > 0 ? stored : Encoding.UTF8.GetBytes($"[EMPTY_{id}]");
            vocabulary.TryAdd(token, id);
            types[id] = LooksLikeControl(token) ? PieceType.Control : source.Types?[id] ?? PieceType.Normal;
            id++;
        }
    }

    private static bool LooksLikeControl(ReadOnlySpan<byte> token) =>
        token[0] is (byte)'<' or (byte)'[' or (byte)'_' or 0xE2 && ControlLooking.Contains(Encoding.UTF8.GetString(token));

    public static TokenizerParts Build(GgufVocabulary source)
    {
        var builder = new GgufTokenizerBuilder(source);
        return source.Model switch
        {
            "gpt2" => builder.BuildByteLevel(),
            "llama" => builder.BuildSentencePiece(),
            "bert" => builder.BuildWordPiece(),
            "t5" => builder.BuildUnigram(),
            "gemma4" => builder.BuildGemma4(),
            _ => throw source.Error("ggml.model", $"\"{source.Model}\"", "one of gpt2, llama, bert, t5, gemma4"),
        };
    }

    private bool Is(int id, PieceType type) => (uint)id < (uint)types.Length && types[id] == type;

    private bool IsSpecial(int id) => Is(id, PieceType.Control) || Is(id, PieceType.Unknown);

    private TokenizerParts BuildByteLevel()
    {
        string name = source.Pre ?? "default"; // files without a name are older than the names
        var pre = GgufPreTokenizers.Find(name)
            ?? throw source.Error("ggml.pre", $"\"{name}\"", "one of " + string.Join(", ", GgufPreTokenizers.Names));
        var patterns = pre.Patterns.Select(pattern => KnownPatterns.Find(pattern)
            ?? RegexPattern.Parse(pattern, (found, expected) => source.Error("ggml.pre", found, expected)));
        return Parts(
            new BpeModel(vocabulary, ReadMerges(), new BpeOptions { IgnoreMerges = pre.IgnoreMerges, UnknownSeparates = true }),
            () => pre.CleanSpaces ? [new ByteLevelStage(), new CleanSpacesStage()] : [new ByteLevelStage()],
            source.AddBegin ?? pre.AddBegin,
            source.AddEnd ?? false) with
        {
            PreTokenizer = new PreTokenizerSequence([
                .. patterns.Select(pattern => new SplitPreTokenizer(pattern, SplitBehavior.Isolated, invert: false)),
                new ByteLevelPreTokenizer(addPrefixSpace: false, useRegex: false)]),
            Spelling = TokenSpelling.ByteSymbols,
        };
    }

    private TokenizerParts BuildGemma4()
    {
        var lines = RegexPattern.Parse(@"[^\n]+|[\n]+", (found, expected) => source.Error("ggml.pre", found, expected));
        return Parts(
            new BpeModel(vocabulary, ReadMerges(), new BpeOptions { UnknownSeparates = true, ByteFallback = true }),
            () => [new TextAndBytesStage(dropsLeadingSpace: false), new CleanSpacesStage()],
            source.AddBegin ?? true,
            source.AddEnd ?? false) with
        {
            Normalizer = Escape,
            PreTokenizer = new SplitPreTokenizer(lines, SplitBehavior.Isolated, invert: false),
            Surface = SpacedSurface,
        };
    }

    private TokenizerParts BuildSentencePiece()
    {
        bool prefix = source.AddSpacePrefix ?? true;
        var model = new ScoredMergeModel(vocabulary, Scores(), new ScoredMergeOptions
        {
            UnknownId = source.UnknownId ?? 0,
            ByteFallback = true,
        });
        return Parts(model, () => [new TextAndBytesStage(prefix)], source.AddBegin ?? true, source.AddEnd ?? false) with
        {
            Normalizer = prefix ? new NormalizerSequence([new PrependNormalizer(" "), Escape]) : Escape,
            Surface = SpacedSurface,
        };
    }

    private TokenizerParts BuildUnigram()
    {
        bool prefix = source.AddSpacePrefix ?? true;
        float[] scores = Scores();
        var normal = Enumerable.Range(0, types.Length).Where(id => types[id] == PieceType.Normal).Select(id => scores[id]).ToArray();
        var model = new UnigramModel(vocabulary, Array.ConvertAll(scores, score => (double)score), new UnigramOptions
        {
            UnknownId = source.UnknownId ?? 2,
            LeastScore = normal.Length == 0 ? 0 : normal.Min(),
            IsMatched = id => types[id] is PieceType.Normal or PieceType.UserDefined or PieceType.Unused,
            FreeScore = (id, _) => types[id] == PieceType.UserDefined ? 0 : null,
        });
        return Parts(model, () => [new TextAndBytesStage(prefix)], source.AddBegin ?? false, source.AddEnd ?? true) with
        {
            Normalizer = new SentencePieceNormalizer
            {
                Map = source.CharsMap.Length == 0 ? null
                    : CharsMap.Parse(source.CharsMap, (found, expected) => source.Error("ggml.precompiled_charsmap", found, expected)),
                Kept = new PieceTrie(vocabulary, id => Is(id, PieceType.UserDefined)),
                AddDummyPrefix = prefix,
                RemoveExtraWhitespaces = source.RemoveExtraWhitespaces,
            },
            Surface = SpacedSurface,
        };
    }

    private TokenizerParts BuildWordPiece()
    {
        int unknown = source.UnknownId ?? vocabulary.Find("[UNK]") ?? throw source.Error("ggml.unknown_token_id", "nothing", "the unknown token");
        int? begin = source.BeginId ?? vocabulary.Find("[CLS]"), separator = source.SeparatorId ?? vocabulary.Find("[SEP]");
        return Parts(new WordPieceModel(vocabulary, unknown, "", int.MaxValue),
            () => [new TextAndBytesStage(false), new CleanSpacesStage()], false, false) with
        {
            PreTokenizer = new GgufWordPreTokenizer(),
            PostProcessor = new FramePostProcessor(begin is { } b ? [b] : [], separator is { } s ? [s] : []),
            Surface = SpacedSurface,
        };
    }

    private static ReplaceNormalizer Escape { get; } = new(new LiteralPattern([' ']), SpaceSign);

    private TokenizerParts Parts(ITokenModel model, Func<DecoderStage[]> decoder, bool addBegin, bool addEnd)
    {
        var (begin, end) = DefaultIds();
        var added = new List<AddedToken>();
        for (int id = 0; id < types.Length; id++)
            if (IsSpecial(id) || Is(id, PieceType.UserDefined))
                added.Add(Added(id));
        return new TokenizerParts
        {
            File = source.File,
            Model = model,
            PostProcessor = new FramePostProcessor(addBegin && begin is { } b ? [b] : [], addEnd && end is { } e ? [e] : []),
            Decoder = decoder,
            Spelling = TokenSpelling.SpaceSigns,
            AddedTokens = added,
            Cutter = new SpecialTokenPartition(added),
            Settings = new TokenizerSettings
            {
                BeginId = begin,
                EndId = end,
                UnknownId = source.UnknownId,
                PadId = source.PadId,
                AddBeginToken = addBegin,
                AddEndToken = addEnd,
            },
        };
    }

    private (int? Begin, int? End) DefaultIds() => source.Model == "llama"
        ? (source.BeginId ?? 1, source.EndId ?? 2)
        : (source.BeginId, source.EndId);

    /// <summary>Some models' special tokens take the spaces beside them; only the model's name tells.</summary>
    private AddedToken Added(int id)
    {
        string text = vocabulary.Text(id)!;
        bool isPhi3 = source.Name.Contains("phi-3", StringComparison.OrdinalIgnoreCase) || source.Name.Contains("phi3", StringComparison.OrdinalIgnoreCase);
        bool isMask = (text == "<mask>" && (source.Pre is "jina-v2-de" or "jina-v2-es" or "jina-v2-code" ||
                source.Architecture is "nomic-bert-moe" or "jina-bert-v3")) ||
            (text == "[MASK]" && source.Name.Contains("modern-bert", StringComparison.OrdinalIgnoreCase));
        return new AddedToken(id, text)
        {
            Special = IsSpecial(id),
            StripLeft = isMask,
            StripRight = isPhi3 && text is not ("<unk>" or "<s>" or "<|endoftext|>"),
        };
    }

    private float[] Scores() => source.Scores ?? throw source.Error("ggml.scores", "nothing", "a score for each token");

    private MergeTable ReadMerges()
    {
        if (source.MergesInPlace.Count == 0)
            throw source.Error("ggml.merges", "nothing", "the merges of a byte-pair vocabulary");
        var merges = new MergeTable(source.MergesInPlace.Count);
        byte[] both = new byte[256];
        int rank = 0;
        foreach (var merge in source.MergesInPlace)
        {
            int space = merge.Length < 2 ? -1 : merge[1..].IndexOf((byte)' ') + 1;
            if (space < 1 || space == merge.Length - 1)
                throw source.Error($"ggml.merges[{rank}]", $"\"{Encoding.UTF8.GetString(merge)}\"", "two tokens with a space between them");
            ReadOnlySpan<byte> left = merge[..space], right = merge[(space + 1)..];
            if (both.Length < merge.Length)
                both = new byte[merge.Length];
            left.CopyTo(both);
            right.CopyTo(both.AsSpan(space));
            if (vocabulary.TryGetId(left, out int first) && vocabulary.TryGetId(right, out int second)
                && vocabulary.TryGetId(both.AsSpan(0, merge.Length - 1), out int joined))
                merges.TryAdd(first, second, rank, joined); // a merge of what is no token never happens
            rank++;
        }
        return merges;
    }

    /// <summary>Ordinary tokens write spaces as signs; the others stand for themselves.</summary>
    private string? SpacedSurface(int id, bool skipSpecial)
    {
        if ((uint)id >= (uint)types.Length || (skipSpecial && IsSpecial(id)))
            return null;
        string text = vocabulary.Text(id)!;
        return types[id] == PieceType.Normal ? text.Replace(SpaceSign, " ", StringComparison.Ordinal) : text;
    }
}
