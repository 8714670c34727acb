namespace Managed.Loader.Tokenizers;

/// <summary>Every piece is a token, or unknown.</summary>
/// <param name="vocabulary">The tokens.</param>
/// <param name="unknownId">The unknown token; null where there is none, which is an error only when it is needed.</param>
/// <param name="noUnknown">That error, for a piece.</param>
internal sealed class WordLevelModel(Vocabulary vocabulary, int? unknownId, Func<string, CheckpointException> noUnknown) : ITokenModel
{
    public Vocabulary Vocabulary => vocabulary;

    public void Tokenize(AlignedText text, int from, int to, TokenList output)
    {
        var bytes = new byte[(to - from) * 4];
        if (vocabulary.TryGetId(bytes.AsSpan(0, AlignedText.EncodeUtf8(text.Points[from..to], bytes)), out int id))
            output.Add(id, text.Offsets(from, to));
        else
            output.Add(unknownId ?? throw noUnknown(Utf8Text.Show(text.Slice(from, to).ToString())), text.Offsets(from, to));
    }
}

/// <summary>WordPiece: again and again the longest token that the rest of the word starts with.</summary>
internal sealed class WordPieceModel : ITokenModel
{
    private readonly int unknownId;
    private readonly byte[] prefix;
    private readonly int longestWord;

    /// <param name="vocabulary">The tokens.</param>
    /// <param name="unknownId">What a word becomes that cannot be cut into tokens.</param>
    /// <param name="continuingPrefix">What the tokens inside a word are written with in front.</param>
    /// <param name="longestWord">Words of more code points than this are unknown.</param>
    public WordPieceModel(Vocabulary vocabulary, int unknownId, string continuingPrefix, int longestWord)
    {
        Vocabulary = vocabulary;
        this.unknownId = unknownId;
        prefix = System.Text.Encoding.UTF8.GetBytes(continuingPrefix);
        this.longestWord = longestWord;
    }

    public Vocabulary Vocabulary { get; }

    public void Tokenize(AlignedText text, int from, int to, TokenList output)
    {
        if (from == to)
            return;
        var word = text.Points[from..to];
        int before = output.Count;
        if (word.Length > longestWord || !TryCut(text, from, word, output))
        {
            output.Truncate(before);
            output.Add(unknownId, text.Offsets(from, to));
        }
    }

    private bool TryCut(AlignedText text, int origin, ReadOnlySpan<int> word, TokenList output)
    {
        var bytes = new byte[prefix.Length + word.Length * 4];
        for (int start = 0; start < word.Length;)
        {
            int lead = start > 0 ? prefix.Length : 0;
            prefix.AsSpan(0, lead).CopyTo(bytes);
            int end = Math.Min(word.Length, start + Vocabulary.LongestToken);
            int count = lead + AlignedText.EncodeUtf8(word[start..end], bytes.AsSpan(lead));
            int id;
            while (!Vocabulary.TryGetId(bytes.AsSpan(0, count), out id))
            {
                end--;
                if (end == start)
                    return false;
                count -= new System.Text.Rune(word[end]).Utf8SequenceLength;
            }
            output.Add(id, text.Offsets(origin + start, origin + end));
            start = end;
        }
        return true;
    }
}
