using System.Buffers;
using System.Text;

namespace Managed.Loader.Tokenizers;

/// <summary>A model that sees each piece of text by itself, so that the tokens of frequent words can be remembered.</summary>
internal abstract class WordByWordModel : ITokenModel
{
    private const int LongestCachedWord = 64;
    private const int SpaceSign = 0x2581;

    private readonly bool splitsAtSpaceSigns;
    private WordCache? idleCache;

    protected WordByWordModel(Vocabulary vocabulary)
    {
        Vocabulary = vocabulary;
        splitsAtSpaceSigns = SpaceSignsOnlyLead(vocabulary);
    }

    public Vocabulary Vocabulary { get; }

    /// <summary>The id of the token that a single code point is; -1 where there is none.</summary>
    protected int PointId(int point)
    {
        Span<byte> bytes = stackalloc byte[4];
        return Vocabulary.TryGetId(bytes[..new Rune(point).EncodeToUtf8(bytes)], out int id) ? id : -1;
    }

    public void Tokenize(AlignedText text, int from, int to, TokenList output)
    {
        var cache = Interlocked.Exchange(ref idleCache, null) ?? new WordCache();
        while (from < to)
        {
            int end = splitsAtSpaceSigns ? WordEnd(text.Points, from, to) : to;
            TokenizeOne(text, from, end, cache, output);
            from = end;
        }
        idleCache = cache;
    }

    protected abstract void TokenizeWord(ReadOnlySpan<int> word, IBufferWriter<WordToken> output);

    private void TokenizeOne(AlignedText text, int from, int to, WordCache cache, TokenList output)
    {
        var word = text.Points[from..to];
        if (word.Length > LongestCachedWord || !cache.TryGet(word, out var tokens))
        {
            var found = new ArrayBufferWriter<WordToken>(word.Length);
            TokenizeWord(word, found);
            tokens = found.WrittenSpan;
            if (word.Length <= LongestCachedWord)
                cache.Add(word, tokens);
        }
        foreach (var token in tokens)
            output.Add(token.Id, text.Offsets(from + token.Start, from + token.End));
    }

    /// <summary>Where the word ends: before the next space sign that follows something else.</summary>
    private static int WordEnd(ReadOnlySpan<int> text, int from, int to)
    {
        int end = from + 1;
        while (end < to && !(text[end] == SpaceSign && text[end - 1] != SpaceSign))
            end++;
        return end;
    }

    /// <summary>
    /// Whether no token has a space sign behind another character: then no merge crosses the places before them,
    /// and a long text falls into words that cannot influence each other.
    /// </summary>
    private static bool SpaceSignsOnlyLead(Vocabulary vocabulary)
    {
        ReadOnlySpan<byte> sign = "\u2581"u8;
        if (!vocabulary.TryGetId(sign, out _))
            return false;
        for (int id = 0; id < vocabulary.Size; id++)
        {
            var token = vocabulary.Bytes(id);
            while (token.StartsWith(sign))
                token = token[sign.Length..];
            if (token.IndexOf(sign) >= 0)
                return false;
        }
        return true;
    }
}
