using Managed.Loader.Tokenizers;

namespace Managed.Conversion;

/// <summary>
/// SentencePiece's BPE has a score for each piece and joins what gives the best piece; tokenizer.json has a list of merges, the best first.
/// Both say the same.
/// </summary>
internal static class PieceMerges
{
    // below every piece that a merge makes
    private const float Unmerged = -1000;

    /// <summary>All ways to put pieces together from two others, the best piece first.</summary>
    public static List<string> Of(GgufVocabulary vocabulary)
    {
        float[] scores = vocabulary.Scores ?? throw vocabulary.Error("ggml.scores", "no such key", "a score for each piece");
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int id = 0; id < vocabulary.Tokens.Length; id++)
            if ((vocabulary.Types?[id] ?? PieceType.Normal) is PieceType.Normal or PieceType.UserDefined)
                ids.TryAdd(vocabulary.Tokens[id], id);
        var merges = new List<(float Score, int Left, int Right, string Text)>();
        foreach ((string piece, int id) in ids)
            for (int cut = 1; cut < piece.Length; cut++)
                if (!char.IsLowSurrogate(piece[cut]) && ids.TryGetValue(piece[..cut], out int left) && ids.TryGetValue(piece[cut..], out int right))
                    merges.Add((scores[id], left, right, $"{piece[..cut]} {piece[cut..]}"));
        return [.. merges.OrderByDescending(merge => merge.Score).ThenBy(merge => merge.Left).ThenBy(merge => merge.Right).Select(merge => merge.Text)];
    }

    /// <summary>Scores that put the pieces in the order of the merges that make them.</summary>
    public static float[] Scores(string[] tokens, string[] merges)
    {
        var rank = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < merges.Length; i++)
            rank.TryAdd(merges[i].Replace(" ", "", StringComparison.Ordinal), i);
        return Array.ConvertAll(tokens, token => rank.TryGetValue(token, out int i) ? -i : Unmerged - merges.Length);
    }
}
