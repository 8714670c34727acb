namespace Managed.Loader.Tokenizers;

/// <summary>How tokens are written, so that their bytes can be told. Later ones win where several fit.</summary>
internal enum TokenSpelling
{
    Plain,

    /// <summary>WordPiece: tokens inside a word begin with a prefix.</summary>
    ContinuingPrefix,

    /// <summary>SentencePiece: U+2581 for a space, &lt;0x00&gt; for a byte.</summary>
    SpaceSigns,

    /// <summary>GPT-2: a symbol for each byte.</summary>
    ByteSymbols,
}

/// <summary>What a tokenizer is made of, whatever file it comes from.</summary>
internal sealed record TokenizerParts
{
    public required string File { get; init; }

    public required ITokenModel Model { get; init; }

    public INormalizer? Normalizer { get; init; }

    public IPreTokenizer? PreTokenizer { get; init; }

    public IPostProcessor? PostProcessor { get; init; }

    /// <summary>Makes the steps from tokens to text.</summary>
    public required Func<DecoderStage[]> Decoder { get; init; }

    public required TokenSpelling Spelling { get; init; }

    /// <summary>Special tokens that are not found in text.</summary>
    public IReadOnlySet<int> SpecialIds { get; init; } = new HashSet<int>();

    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];

    /// <summary>Finds the added tokens that are not normalised, where not the leftmost and longest comes first.</summary>
    public ITokenCutter? Cutter { get; init; }

    /// <summary>What the decoder is given for a token, where that is not its text; null: nothing. The flag says whether to skip special ones.</summary>
    public Func<int, bool, string?>? Surface { get; init; }

    public TokenizerSettings Settings { get; init; } = new();
}
