using System.Buffers;

namespace Managed.Loader.Tokenizers;

/// <summary>The unigram language model: of all ways to cut a text into tokens, the one with the largest sum of scores.</summary>
internal sealed class UnigramModel : ITokenModel
{
    private const double UnknownPenalty = 10;

    private readonly UnigramOptions options;
    private readonly double[] scores;
    private readonly double unknownScore;
    private readonly PieceTrie trie;
    private readonly int[]? byteIds;

    public UnigramModel(Vocabulary vocabulary, double[] scores, UnigramOptions options)
    {
        Vocabulary = vocabulary;
        this.scores = scores;
        this.options = options;
        trie = new PieceTrie(vocabulary, options.IsMatched);
        unknownScore = options.LeastScore - UnknownPenalty;
        if (options.ByteFallback)
            byteIds = ByteTokens.Find(vocabulary);
    }

    public Vocabulary Vocabulary { get; }

    private struct Best
    {
        public double Score;
        public int From; // in bytes; -1: not reached
        public int Id;
    }

    public void Tokenize(AlignedText text, int from, int to, TokenList output)
    {
        if (from == to)
            return;
        byte[] bytes = ArrayPool<byte>.Shared.Rent((to - from) * 4);
        int count = AlignedText.EncodeUtf8(text.Points[from..to], bytes);
        var best = ArrayPool<Best>.Shared.Rent(count + 1);
        Search(bytes.AsSpan(0, count), best);
        Emit(text, from, bytes.AsSpan(0, count), best, output);
        ArrayPool<Best>.Shared.Return(best);
        ArrayPool<byte>.Shared.Return(bytes);
    }

    /// <summary>Fills in, for every place of the text, the last token of the best way to get there.</summary>
    private void Search(ReadOnlySpan<byte> text, Best[] best)
    {
        best.AsSpan(0, text.Length + 1).Fill(new Best { From = -1 });
        best[0].From = 0;
        for (int at = 0; at < text.Length;)
        {
            double score = best[at].Score;
            int length = CharacterLength(text[at]);
            bool hasCharacter = false;
            int node = PieceTrie.Root;
            for (int end = at; end < text.Length;)
            {
                node = trie.Next(node, text[end++]);
                if (node < 0)
                    break;
                int id = trie.Id(node);
                if (id < 0)
                    continue;
                hasCharacter |= end - at == length;
                double pieceScore = options.FreeScore?.Invoke(id, end - at) ?? scores[id];
                Offer(ref best[end], score + pieceScore, at, id);
            }
            if (!hasCharacter)
                Offer(ref best[at + length], score + unknownScore, at, options.UnknownId);
            at += length;
        }
    }

    private void Offer(ref Best target, double score, int from, int id)
    {
        if (options.SinglePrecision)
            score = (float)score;
        if (target.From < 0 || score > target.Score)
            target = new Best { Score = score, From = from, Id = id };
    }

    private void Emit(AlignedText text, int origin, ReadOnlySpan<byte> bytes, Best[] best, TokenList output)
    {
        var pieces = new List<(int From, int To, int Id)>();
        for (int end = bytes.Length; end > 0; end = best[end].From)
        {
            var (from, id) = (best[end].From, best[end].Id);
            if (id == options.UnknownId && pieces.Count > 0 && pieces[^1].Id == id && options.FuseUnknown)
                pieces[^1] = (from, pieces[^1].To, id);
            else
                pieces.Add((from, end, id));
        }
        pieces.Reverse();
        int point = origin;
        foreach (var (from, to, id) in pieces)
        {
            int first = point;
            for (int i = from; i < to; i++)
                if ((bytes[i] & 0xC0) != 0x80)
                    point++;
            EmitPiece(bytes[from..to], id, text, first, point, output);
        }
    }

    private void EmitPiece(ReadOnlySpan<byte> piece, int id, AlignedText text, int from, int to, TokenList output)
    {
        if (id >= 0 && id != options.UnknownId)
        {
            output.Add(id, text.Offsets(from, to));
            return;
        }
        if (options.FuseUnknown && Vocabulary.TryGetId(piece, out int whole))
        {
            output.Add(whole, text.Offsets(from, to));
            return;
        }
        if (byteIds is not null && piece.IndexOfAny(MissingBytes) < 0)
        {
            int point = from - 1;
            foreach (byte value in piece)
            {
                if ((value & 0xC0) != 0x80)
                    point++;
                output.Add(byteIds[value], text.Offsets(point, point + 1));
            }
            return;
        }
        if (id < 0)
            throw options.NoUnknown!(Utf8Text.Show(text.Slice(from, to).ToString()));
        if (options.ShowsUnknown)
            output.Add(id, text.Offsets(from, to), text.Slice(from, to).ToString());
        else
            output.Add(id, text.Offsets(from, to));
    }

    private SearchValues<byte> MissingBytes => missingBytes ??=
        SearchValues.Create([.. Enumerable.Range(0, 256).Where(value => byteIds![value] < 0).Select(value => (byte)value)]);

    private SearchValues<byte>? missingBytes;

    private static int CharacterLength(byte first) => first switch { < 0x80 => 1, < 0xE0 => 2, < 0xF0 => 3, _ => 4 };
}

/// <summary>How a unigram model treats what its scores do not say.</summary>
internal sealed record UnigramOptions
{
    /// <summary>The unknown token; -1 where there is none, which is an error only when it is needed.</summary>
    public required int UnknownId { get; init; }

    /// <summary>The error for a text that needs the unknown token where there is none.</summary>
    public Func<string, CheckpointException>? NoUnknown { get; init; }

    /// <summary>The smallest score of all tokens that count for it.</summary>
    public required double LeastScore { get; init; }

    public bool ByteFallback { get; init; }

    /// <summary>A run of unknown characters becomes one token.</summary>
    public bool FuseUnknown { get; init; } = true;

    /// <summary>Unknown tokens are listed as what they stand for.</summary>
    public bool ShowsUnknown { get; init; }

    /// <summary>Sums are rounded to single precision, as the original implementation does.</summary>
    public bool SinglePrecision { get; init; }

    /// <summary>Which tokens are found in text.</summary>
    public Func<int, bool> IsMatched { get; init; } = _ => true;

    /// <summary>Scores, by id and length in bytes, of the tokens that are always preferred; null for the others.</summary>
    public Func<int, int, double?>? FreeScore { get; init; }
}
