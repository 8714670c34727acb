namespace Managed.Sampling;

/// <summary>Forbids the last token of every word that the text is about to complete.</summary>
/// <remarks>A word that is one end-of-text token alone must not be among them: see <see cref="Without"/>.</remarks>
internal readonly record struct BadWords(SequenceBias[] Words) : ILocalStep
{
    private readonly int[] last = [.. Words.Select(sequence => sequence.Last)];

    public ReadOnlySpan<int> Changes(in SamplingContext context) => last;

    /// <summary>The words less those that are an end token alone, which nobody can mean to forbid.</summary>
    public static BadWords Without(IEnumerable<IReadOnlyList<int>> words, IReadOnlyCollection<int> endTokens) =>
        new([.. words.Where(word => word.Count != 1 || !endTokens.Contains(word[0]))
            .Select(word => new SequenceBias(word, double.NegativeInfinity))]);

    public void Apply(Candidates candidates, in SamplingContext context)
    {
        foreach (SequenceBias word in Words)
            if (word.Follows(context.Ids))
                candidates.Drop(word.Last);
    }
}
