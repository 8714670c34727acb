namespace Managed.Loader.Tokenizers;

/// <summary>Text to tokens and back. Safe to use from several threads.</summary>
internal sealed class Tokenizer
{
    private static readonly string NoSurface = new('-', 1); // known by reference

    private readonly TokenizerParts parts;
    private readonly Vocabulary vocabulary;
    private readonly Dictionary<int, AddedToken> addedById = [];
    private readonly Dictionary<string, int> addedByContent = [];
    private readonly HashSet<string> specialContents = [];
    private readonly ITokenCutter rawTokens;
    private readonly AddedTokenFinder normalizedTokens;
    private byte[]?[]? tokenBytes; // by id, filled in when they are asked for
    private string?[]? surfaces; // by id, once asked for; without special tokens

    internal Tokenizer(TokenizerParts parts)
    {
        this.parts = parts;
        vocabulary = parts.Model.Vocabulary;
        foreach (var token in parts.AddedTokens)
        {
            addedById[token.Id] = token;
            addedByContent[token.Content] = token.Id;
            if (token.Special)
                specialContents.Add(token.Content);
        }
        rawTokens = parts.Cutter ?? new AddedTokenFinder(parts.AddedTokens.Where(t => !t.Normalized), t => AlignedText.PointsOf(t.Content));
        normalizedTokens = new AddedTokenFinder(
            parts.AddedTokens.Where(t => t.Normalized), t => Normalize(AlignedText.FromString(t.Content)).Points.ToArray());
        VocabularySize = vocabulary.Size;
        foreach (int id in addedById.Keys)
            VocabularySize = Math.Max(VocabularySize, id + 1);
        var settings = parts.Settings;
        BeginId = settings.BeginId ?? IdOf(settings.BeginToken);
        EndId = settings.EndId ?? IdOf(settings.EndToken);
        PadId = settings.PadId ?? IdOf(settings.PadToken);
        UnknownId = settings.UnknownId ?? IdOf(settings.UnknownToken);
    }

    /// <summary>Opens a checkpoint directory, a tokenizer.json, a SentencePiece model or a GGUF file: recognised by content, whatever the name.</summary>
    public static Tokenizer Open(string path) => TokenizerFiles.Open(path);

    /// <summary>The tokenizer in the metadata of a GGUF file.</summary>
    public static Tokenizer Open(GgufFile file) => TokenizerFiles.Open(file);

    /// <summary>One more than the largest id, added tokens included.</summary>
    public int VocabularySize { get; }

    public int? BeginId { get; }

    public int? EndId { get; }

    public int? PadId { get; }

    public int? UnknownId { get; }

    public TokenizerSettings Settings => parts.Settings;

    /// <summary>The tokens of a text.</summary>
    /// <param name="text">Any text; added tokens written in it are recognised.</param>
    /// <param name="addSpecialTokens">Whether to add the tokens that this tokenizer puts around a text.</param>
    public TokenizedText Encode(string text, bool addSpecialTokens = true)
    {
        var original = AlignedText.FromString(text);
        var tokens = new TokenList();
        foreach (var (token, from, to) in rawTokens.Cut(original.Points))
        {
            if (token is not null)
                AddFound(token, original, from, to, tokens);
            else
                EncodeSection(Normalize(original.Slice(from, to)), tokens);
        }
        if (parts.PostProcessor is not null)
            tokens = parts.PostProcessor.Process(tokens, id => IdToToken(id) ?? "", addSpecialTokens);
        var texts = new string[tokens.Count];
        for (int i = 0; i < texts.Length; i++)
            texts[i] = tokens.Texts.GetValueOrDefault(i) ?? IdToToken(tokens.Ids[i]) ?? "";
        return new TokenizedText([.. tokens.Ids], texts, [.. tokens.Offsets]);
    }

    /// <summary>The text of tokens.</summary>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true)
    {
        var stream = CreateStream(skipSpecialTokens);
        foreach (int id in ids)
            stream.Push(id);
        return stream.Flush();
    }

    /// <summary>Turns tokens into text one by one.</summary>
    public StreamingDecoder CreateStream(bool skipSpecialTokens = true) =>
        new(parts.Decoder(), skipSpecialTokens ? TextSurface : id => Surface(id, skipSpecialTokens: false));

    public int? TokenToId(string token) => addedByContent.TryGetValue(token, out int id) ? id : vocabulary.Find(token);

    public string? IdToToken(int id) => addedById.TryGetValue(id, out var added) ? added.Content : vocabulary.Text(id);

    /// <summary>Whether the token controls the model rather than being text.</summary>
    public bool IsSpecial(int id) => parts.SpecialIds.Contains(id) || IsSpecialText(id);

    private bool IsSpecialText(int id) => addedById.TryGetValue(id, out var token)
        ? specialContents.Contains(token.Content)
        : specialContents.Count > 0 && vocabulary.Text(id) is { } text && specialContents.Contains(text);

    /// <summary>The bytes that the token stands for inside a text: none for special tokens and for ids that there are not.</summary>
    public ReadOnlyMemory<byte> TokenBytes(int id)
    {
        if ((uint)id >= (uint)VocabularySize)
            return default;
        tokenBytes ??= new byte[]?[VocabularySize];
        return tokenBytes[id] ??= SpellBytes(id);
    }

    private byte[] SpellBytes(int id)
    {
        if (IsSpecial(id))
            return [];
        if (addedById.TryGetValue(id, out var added))
            return System.Text.Encoding.UTF8.GetBytes(added.Content);
        return TokenBytesReader.Read(vocabulary.Text(id) ?? "", parts.Spelling);
    }

    private int? IdOf(string? token) => token is null ? null : TokenToId(token);

    private AlignedText Normalize(AlignedText text) => parts.Normalizer is null ? text : parts.Normalizer.Normalize(text);

    private void EncodeSection(AlignedText text, TokenList tokens)
    {
        foreach (var (token, from, to) in normalizedTokens.Cut(text.Points))
        {
            if (token is not null)
            {
                AddFound(token, text, from, to, tokens);
                continue;
            }
            var pieces = new TextPieces(text.Slice(from, to), [(0, to - from)]);
            if (parts.PreTokenizer is not null)
                pieces = parts.PreTokenizer.Apply(pieces);
            foreach (var (start, end) in pieces.Pieces)
                parts.Model.Tokenize(pieces.Text, start, end, tokens);
        }
    }

    /// <summary>An added token shows what it took from the text: stripped spaces, or its normalised form.</summary>
    private static void AddFound(AddedToken token, AlignedText text, int from, int to, TokenList tokens)
    {
        if (to - from == token.Content.Length && !token.Normalized)
            tokens.Add(token.Id, text.Offsets(from, to));
        else
            tokens.Add(token.Id, text.Offsets(from, to), text.Slice(from, to).ToString());
    }

    // Remembered, so that a stream makes no string for a token that came before.
    private string? TextSurface(int id)
    {
        if ((uint)id >= (uint)VocabularySize)
            return Surface(id, skipSpecialTokens: true);
        surfaces ??= new string?[VocabularySize];
        string known = surfaces[id] ??= Surface(id, skipSpecialTokens: true) ?? NoSurface;
        return ReferenceEquals(known, NoSurface) ? null : known;
    }

    private string? Surface(int id, bool skipSpecialTokens)
    {
        if (parts.Surface is not null)
            return parts.Surface(id, skipSpecialTokens);
        return skipSpecialTokens && IsSpecial(id) ? null : IdToToken(id);
    }
}
