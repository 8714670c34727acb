namespace Managed.Kernels.Linear;

/// <summary>Memory for inputs that are rounded to 8 bits.</summary>
internal sealed unsafe class RoundedRows : IDisposable
{
    private CpuBuffer? values, scales, sums, offsets;

    /// <summary>Whether <see cref="For"/> would leave the memory where it is.</summary>
    public bool Fits(int tokens, int columns) =>
        values?.Length >= ValuesLength(tokens, columns) && offsets?.Length >= 2L * tokens * QuantisedInput.PaddedBlocks(columns);

    /// <summary>Rows to be written; what was written before is lost.</summary>
    public QuantisedInput For(int tokens, int columns)
    {
        long blocks = (long)tokens * QuantisedInput.PaddedBlocks(columns);
        return new QuantisedInput
        {
            Values = (sbyte*)CpuBuffer.AtLeast(ref values, ValuesLength(tokens, columns)).Data,
            Scales = CpuBuffer.AtLeast(ref scales, blocks).Data,
            Sums = CpuBuffer.AtLeast(ref sums, blocks).Data,
            Offsets = (int*)CpuBuffer.AtLeast(ref offsets, 2 * blocks).Data,
            Columns = columns,
        };
    }

    private static long ValuesLength(int tokens, int columns) => ((long)tokens * columns / sizeof(float)) + 8;

    public void Dispose()
    {
        values?.Dispose();
        scales?.Dispose();
        sums?.Dispose();
        offsets?.Dispose();
    }
}

/// <summary>An operation whose workers can round what they have computed, while they have it at hand, for a linear layer that comes next.</summary>
internal interface IRoundingWork : IQueuedWork
{
    /// <summary>Has the outputs rounded as well. Only while nobody has begun.</summary>
    /// <param name="output">What the layer reads.</param>
    /// <param name="rounded">Where it will find it.</param>
    /// <returns>False, and nothing is changed, where these are not the operation's outputs or where workers share blocks of them.</returns>
    bool TryRound(in Rows output, in QuantisedInput rounded);
}

/// <summary>Rounds many tokens' inputs for all workers.</summary>
internal sealed unsafe class RoundingWork(WorkerRooms rooms) : IQueuedWork
{
    private const int FewRows = 8; // which one worker rounds sooner than several do

    private Rows input;
    private QuantisedInput rounded;

    public RoundingWork Set(in Rows input, in QuantisedInput rounded)
    {
        (this.input, this.rounded) = (input, rounded);
        return this;
    }

    public int Parts => input.Count > FewRows ? rooms.Count : 1;

    public void Run(int part, int worker)
    {
        int step = Parts;
        AskFor(part);
        for (int token = part; token < input.Count; token += step)
        {
            AskFor(token + step);
            rounded.QuantiseRow(token, input.Row(token));
        }
    }

    // A row of the input: half of it may have been written by another core.
    private void AskFor(int token)
    {
        if (token < input.Count)
            Lanes.Prefetch(input.Row(token), input.Width);
    }
}
