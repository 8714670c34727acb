namespace Managed.Sampling;

/// <summary>Forbids the end tokens until so many tokens have been generated.</summary>
internal readonly record struct MinNewTokens(int Least, int[] EndTokens) : ILocalStep
{
    public ReadOnlySpan<int> Changes(in SamplingContext context) => context.Generated.Length < Least ? EndTokens : default(ReadOnlySpan<int>);

    public void Apply(Candidates candidates, in SamplingContext context)
    {
        if (context.Generated.Length >= Least)
            return;
        foreach (int id in EndTokens)
            if (id < candidates.Vocabulary)
                candidates.Drop(id);
    }
}
