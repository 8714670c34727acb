using System.Buffers;

namespace Managed.Loader.Tokenizers;

/// <summary>SentencePiece's byte-pair encoding: of all adjacent pieces whose concatenation is a piece, those with the highest score merge first.</summary>
internal sealed class ScoredMergeModel : WordByWordModel
{
    private readonly float[] scores;
    private readonly ScoredMergeOptions options;
    private readonly PieceTrie? frozen;
    private readonly int[] byteIds;

    public ScoredMergeModel(Vocabulary vocabulary, float[] scores, ScoredMergeOptions options)
        : base(vocabulary)
    {
        this.scores = scores;
        this.options = options;
        if (Enumerable.Range(0, vocabulary.Size).Any(options.IsFrozen))
            frozen = new PieceTrie(vocabulary, options.IsFrozen);
        byteIds = ByteTokens.Find(vocabulary);
    }

    /// <summary>A piece in the making: bytes and code points from..to.</summary>
    private record struct Symbol(int From, int To, int FirstPoint, int LastPoint, bool Frozen);

    protected override void TokenizeWord(ReadOnlySpan<int> word, IBufferWriter<WordToken> output)
    {
        byte[] bytes = new byte[word.Length * 4];
        var text = bytes.AsSpan(0, AlignedText.EncodeUtf8(word, bytes));
        var symbols = Split(text);
        var chain = new SymbolChain(symbols.Length);
        var parts = new Dictionary<(int, int), int>(); // where an unused piece was put together
        var queue = new PriorityQueue<(int Left, int Right, int Length), (float, int)>(symbols.Length);
        for (int i = 0; i + 1 < symbols.Length; i++)
            Offer(text, symbols, i, i + 1, queue, parts);
        while (queue.TryDequeue(out var pair, out _))
        {
            var (left, right) = (pair.Left, pair.Right);
            if (chain.IsGone(left) || chain.IsGone(right) || chain.Next(left) != right || symbols[right].To - symbols[left].From != pair.Length)
                continue; // one of the two has merged with another meanwhile
            symbols[left].To = symbols[right].To;
            symbols[left].LastPoint = symbols[right].LastPoint;
            chain.Remove(right);
            if (chain.Previous(left) is >= 0 and var before)
                Offer(text, symbols, before, left, queue, parts);
            if (chain.Next(left) is >= 0 and var after)
                Offer(text, symbols, left, after, queue, parts);
        }
        WordToken? unknown = null;
        for (int i = 0; i >= 0 && symbols.Length > 0; i = chain.Next(i))
            Emit(text, symbols[i].From, symbols[i].To, symbols[i].FirstPoint, parts, ref unknown, output);
        if (unknown is { } last)
            output.Write([last]);
    }

    /// <summary>The code points, and the user's own symbols, which nothing merges with.</summary>
    private Symbol[] Split(ReadOnlySpan<byte> text)
    {
        var symbols = new List<Symbol>(text.Length);
        int point = 0;
        for (int at = 0; at < text.Length;)
        {
            int length = frozen is null ? 0 : frozen.LongestMatch(text[at..]);
            bool isFrozen = length > 0;
            if (!isFrozen)
                length = text[at] switch { < 0x80 => 1, < 0xE0 => 2, < 0xF0 => 3, _ => 4 };
            int points = Points(text.Slice(at, length));
            symbols.Add(new Symbol(at, at + length, point, point + points, isFrozen));
            at += length;
            point += points;
        }
        return [.. symbols];
    }

    private static int Points(ReadOnlySpan<byte> text)
    {
        int count = 0;
        foreach (byte value in text)
            if ((value & 0xC0) != 0x80)
                count++;
        return count;
    }

    private void Offer(ReadOnlySpan<byte> text, Symbol[] symbols, int left, int right,
        PriorityQueue<(int, int, int), (float, int)> queue, Dictionary<(int, int), int> parts)
    {
        if (symbols[left].Frozen || symbols[right].Frozen)
            return;
        int length = symbols[right].To - symbols[left].From;
        if (length > Vocabulary.LongestToken || !Vocabulary.TryGetId(text.Slice(symbols[left].From, length), out int id) || !options.IsMatched(id))
            return;
        queue.Enqueue((left, right, length), (-scores[id], left));
        if (options.IsUnused(id))
            parts[(symbols[left].From, symbols[right].To)] = symbols[right].From;
    }

    /// <summary>Gives a piece; an unused one is taken apart again, and unknown code points become bytes or join into one unknown token.</summary>
    private void Emit(ReadOnlySpan<byte> text, int from, int to, int point, Dictionary<(int, int), int> parts,
        ref WordToken? unknown, IBufferWriter<WordToken> output)
    {
        bool known = Vocabulary.TryGetId(text[from..to], out int id);
        if (known && options.IsUnused(id) && parts.TryGetValue((from, to), out int middle))
        {
            Emit(text, from, middle, point, parts, ref unknown, output);
            Emit(text, middle, to, point + Points(text[from..middle]), parts, ref unknown, output);
            return;
        }
        int end = point + Points(text[from..to]);
        if (known && id != options.UnknownId)
        {
            if (unknown is { } pending)
                output.Write([pending]);
            unknown = null;
            output.Write([new WordToken(id, point, end)]);
            return;
        }
        if (options.ByteFallback)
        {
            foreach (byte value in text[from..to])
                output.Write([new WordToken(byteIds[value] >= 0 ? byteIds[value] : options.UnknownId, point, end)]);
            return;
        }
        unknown = new WordToken(options.UnknownId, unknown?.Start ?? point, end);
    }
}

/// <summary>Which pieces take part in merging, and what becomes of the rest.</summary>
internal sealed record ScoredMergeOptions
{
    public required int UnknownId { get; init; }

    /// <summary>What is not in the vocabulary is spelt with &lt;0x00&gt; to &lt;0xFF&gt;.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>Pieces that merges may produce.</summary>
    public Func<int, bool> IsMatched { get; init; } = _ => true;

    /// <summary>Pieces that stay whole and merge with nothing.</summary>
    public Func<int, bool> IsFrozen { get; init; } = _ => false;

    /// <summary>Pieces that help merging but are taken apart in the end.</summary>
    public Func<int, bool> IsUnused { get; init; } = _ => false;
}
