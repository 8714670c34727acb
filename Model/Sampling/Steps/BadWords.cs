namespace Managed.Sampling;

/// <summary>Forbids the last token of every word that the text is about to complete: a bias of −∞.</summary>
internal static class BadWords
{
    /// <summary>The words less those that are an end token alone, which nobody can mean to forbid.</summary>
    public static LogitBias Without(IEnumerable<IReadOnlyList<int>> words, IReadOnlyCollection<int> endTokens) =>
        new([.. words.Where(word => word.Count != 1 || !endTokens.Contains(word[0]))
            .Select(word => new SequenceBias(word, double.NegativeInfinity))]);
}
