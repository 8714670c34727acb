namespace Managed.Sampling;

/// <summary>Adds a bias to the last token of every sequence that the text is about to complete; biases of one token add up.</summary>
internal readonly record struct LogitBias(SequenceBias[] Biases) : ILocalStep
{
    private readonly int[] last = [.. Biases.Select(sequence => sequence.Last)];

    public ReadOnlySpan<int> Changes(in SamplingContext context) => last;

    public void Apply(Candidates candidates, in SamplingContext context)
    {
        foreach (SequenceBias bias in Biases)
            if (bias.Follows(context.Ids))
                candidates.SetScore(bias.Last, candidates.Score(bias.Last) + bias.Bias);
    }
}
