using System.Buffers;
using System.Text;

namespace Managed.Loader.Tokenizers;

/// <summary>Byte-pair encoding by a list of merges.</summary>
internal sealed class BpeModel : WordByWordModel
{
    private readonly MergeTable merges;
    private readonly BpeOptions options;
    private readonly int[] directIds = new int[0x180]; // of the symbols that are a single low code point
    private readonly int[]? byteIds;

    public BpeModel(Vocabulary vocabulary, MergeTable merges, BpeOptions options)
        : base(vocabulary)
    {
        this.merges = merges;
        this.options = options;
        for (int point = 0; point < directIds.Length; point++)
            directIds[point] = PointId(point);
        if (options.ByteFallback)
            byteIds = ByteTokens.Find(vocabulary);
    }

    protected override void TokenizeWord(ReadOnlySpan<int> word, IBufferWriter<WordToken> output)
    {
        if (options.IgnoreMerges && TryWhole(word, out int whole))
        {
            output.Write([new WordToken(whole, 0, word.Length)]);
            return;
        }
        // A code point gives at most four byte tokens; an unknown token that is pending takes the place of its own code point.
        int most = word.Length * 4 + 1;
        Span<WordToken> symbols = most <= 256 ? stackalloc WordToken[most] : new WordToken[most];
        int count = Symbols(word, symbols);
        count = BpeMerger.Merge(merges, symbols[..count]);
        foreach (var token in symbols[..count])
            if (token.Id >= 0)
                output.Write([token]);
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
            if (bytes > 0)
                continue;
            if (options.UnknownId is not { } unknownId)
            {
                // Without an unknown token such a code point vanishes, at once or after keeping its neighbours apart.
                if (options.UnknownSeparates)
                    symbols[count++] = new WordToken(-1, i, i + 1);
                continue;
            }
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
        return point < directIds.Length ? directIds[point] : PointId(point);
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

    /// <summary>Code points that vanish keep their neighbours from merging.</summary>
    public bool UnknownSeparates { get; init; }

    public string ContinuingPrefix { get; init; } = "";

    public string EndSuffix { get; init; } = "";
}
