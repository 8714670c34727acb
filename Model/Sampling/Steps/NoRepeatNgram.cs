namespace Managed.Sampling;

/// <summary>Forbids every token that would complete an n-gram which the text already has; n = 1 forbids every token seen.</summary>
internal readonly record struct NoRepeatNgram(int Size) : ILocalStep
{
    public ReadOnlySpan<int> Changes(in SamplingContext context) => context.Ids;

    public void Apply(Candidates candidates, in SamplingContext context)
    {
        ReadOnlySpan<int> ids = context.Ids;
        if (ids.Length < Size)
            return;
        ReadOnlySpan<int> begun = ids[^(Size - 1)..];
        for (int start = 0; start <= ids.Length - Size; start++)
            if (ids.Slice(start, Size - 1).SequenceEqual(begun))
                candidates.Drop(ids[start + Size - 1]);
    }
}
