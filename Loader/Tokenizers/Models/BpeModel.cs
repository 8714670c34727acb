using System.Buffers;
using System.Text;

namespace Managed.Loader.Tokenizers;

/// <summary>Byte-pair encoding by a list of merges.</summary>
internal sealed class BpeModel : ITokenModel
{
    private const int LongestCachedWord = 64;

    private readonly MergeTable merges;
    private readonly BpeOptions options;
    private readonly int[] directIds = new int[0x180]; // of the symbols that are a single low code point
    private readonly Dictionary<int, int> otherIds = [];
    private readonly int[]? byteIds;
    private WordCache? idleCache;

    public BpeModel(Vocabulary vocabulary, MergeTable merges, BpeOptions options)
    {
        Vocabulary = vocabulary;
        this.merges = merges;
        this.options = options;
        Span<byte> bytes = stackalloc byte[4];
        for (int point = 0; point < directIds.Length; point++)
            directIds[point] = vocabulary.TryGetId(bytes[..new Rune(point).EncodeToUtf8(bytes)], out int id) ? id : -1;
        if (options.ByteFallback)
            byteIds = ByteTokens.Find(vocabulary);
    }

    public Vocabulary Vocabulary { get; }

    public void Tokenize(AlignedText text, int from, int to, TokenList output)
    {
        if (from == to)
            return;
        var word = text.Points[from..to];
        var cache = Interlocked.Exchange(ref idleCache, null) ?? new WordCache();
        if (word.Length > LongestCachedWord || !cache.TryGet(word, out var tokens))
        {
            var found = new ArrayBufferWriter<WordToken>(Math.Max(word.Length, 1));
            TokenizeWord(word, found);
            tokens = found.WrittenSpan;
            if (word.Length <= LongestCachedWord)
                cache.Add(word, tokens);
        }
        foreach (var token in tokens)
            output.Add(token.Id, text.Offsets(from + token.Start, from + token.End));
        idleCache = cache;
    }

    private void TokenizeWord(ReadOnlySpan<int> word, ArrayBufferWriter<WordToken> output)
    {
        if (options.IgnoreMerges && TryWhole(word, out int whole))
        {
            output.Write([new WordToken(whole, 0, word.Length)]);
            return;
        }
        // A code point gives at most four byte tokens, and each but the last may release a pending unknown token.
        var rented = ArrayPool<WordToken>.Shared.Rent(word.Length * 4 + 1);
        int count = Symbols(word, rented);
        count = BpeMerger.Merge(merges, rented.AsSpan(0, count));
        output.Write(rented.AsSpan(0, count));
        ArrayPool<WordToken>.Shared.Return(rented);
    }

    private bool TryWhole(ReadOnlySpan<int> word, out int id)
    {
        id = -1;
        if (word.Length > Vocabulary.LongestToken)
            return false;
        Span<byte> bytes = word.Length <= 64 ? stackalloc byte[256] : new byte[word.Length * 4];
        return Vocabulary.TryGetId(bytes[..AlignedText.EncodeUtf8(word, bytes)], out id);
    }

    /// <summary>The word's code points as tokens: known ones, bytes, or the unknown token.</summary>
    private int Symbols(ReadOnlySpan<int> word, Span<WordToken> symbols)
    {
        int count = 0;
        WordToken? unknown = null;
        Span<int> spelled = stackalloc int[4];
        for (int i = 0; i < word.Length; i++)
        {
            int id = SymbolId(word[i], i == 0, i == word.Length - 1);
            if (id >= 0)
            {
                if (unknown is { } pending)
                    symbols[count++] = pending;
                unknown = null;
                symbols[count++] = new WordToken(id, i, i + 1);
                continue;
            }
            int bytes = byteIds is null ? 0 : ByteTokens.Spell(byteIds, word[i], spelled);
            for (int b = 0; b < bytes; b++)
                symbols[count++] = new WordToken(spelled[b], i, i + 1);
            if (bytes > 0 || options.UnknownId is not { } unknownId)
                continue; // without an unknown token such a code point vanishes
            if (unknown is { } before && !options.FuseUnknown)
                symbols[count++] = before;
            int start = unknown is { } fused && options.FuseUnknown ? fused.Start : i;
            unknown = new WordToken(unknownId, start, i + 1);
        }
        if (unknown is { } last)
            symbols[count++] = last;
        return count;
    }

    private int SymbolId(int point, bool isFirst, bool isLast)
    {
        bool prefixed = !isFirst && options.ContinuingPrefix.Length > 0;
        bool suffixed = isLast && options.EndSuffix.Length > 0;
        if (prefixed || suffixed)
        {
            string symbol = (prefixed ? options.ContinuingPrefix : "") + new Rune(point) + (suffixed ? options.EndSuffix : "");
            return Vocabulary.Find(symbol) ?? -1;
        }
        if (point < directIds.Length)
            return directIds[point];
        lock (otherIds)
        {
            if (!otherIds.TryGetValue(point, out int id))
            {
                Span<byte> bytes = stackalloc byte[4];
                if (!Vocabulary.TryGetId(bytes[..new Rune(point).EncodeToUtf8(bytes)], out id))
                    id = -1;
                otherIds.Add(point, id);
            }
            return id;
        }
    }
}

/// <summary>How a BPE model treats what its merges do not say.</summary>
internal sealed record BpeOptions
{
    public int? UnknownId { get; init; }

    /// <summary>A run of unknown code points becomes one unknown token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Unknown code points are spelt with &lt;0x00&gt; to &lt;0xFF&gt;.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>A word that is a token is taken whole, whatever the merges say.</summary>
    public bool IgnoreMerges { get; init; }

    public string ContinuingPrefix { get; init; } = "";

    public string EndSuffix { get; init; } = "";
}
