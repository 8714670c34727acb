namespace Managed.Sampling;

/// <summary>Forbids tokens.</summary>
internal readonly record struct SuppressTokens(int[] Ids) : ILocalStep
{
    public ReadOnlySpan<int> Changes(in SamplingContext context) => Ids;

    public void Apply(Candidates candidates, in SamplingContext context)
    {
        foreach (int id in Ids)
            candidates.Drop(id);
    }
}
