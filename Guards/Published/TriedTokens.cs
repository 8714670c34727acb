namespace Managed.Guards.Published;

/// <summary>Which tokens failed candidates had at each place of a block: retries are led away from them.</summary>
internal sealed class TriedTokens(int blockTokens, int vocabulary)
{
    private readonly HashSet<int>[] tried = [.. Enumerable.Range(0, blockTokens).Select(_ => new HashSet<int>())];

    public void Add(ReadOnlySpan<int> block)
    {
        for (int offset = 0; offset < block.Length; offset++)
            tried[offset].Add(block[offset]);
    }

    /// <summary>logits − n₂ where a token stood at this place before. All tokens tried: the penalty shifts them alike and changes nothing.</summary>
    /// <param name="logits">Changed in place. // [vocabulary]</param>
    /// <param name="offset">Place in the block.</param>
    /// <param name="penalty">n₂.</param>
    public void Penalise(Span<float> logits, int offset, double penalty)
    {
        if (tried[offset].Count >= vocabulary)
            return;
        foreach (int token in tried[offset])
            logits[token] -= (float)penalty;
    }
}
