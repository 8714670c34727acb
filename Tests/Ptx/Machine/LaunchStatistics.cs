namespace Managed.Tests.Ptx;

/// <summary>What a launch executed.</summary>
internal sealed class LaunchStatistics
{
    public long GlobalBytesLoaded, GlobalBytesStored;

    /// <summary>Sectors of 32 bytes of global memory that warp instructions touched, each counted once per instruction.</summary>
    public long GlobalSectors;

    /// <summary>
    /// Warp instructions on shared memory, and passes over its banks they need (equal without bank conflicts, wide accesses aside).
    /// More than 8 words in one bank count as 8.
    /// </summary>
    public long SharedRequests, SharedPasses;

    private readonly long[] _threads = new long[Enum.GetValues<InstructionClass>().Length];
    private readonly long[] _warps = new long[Enum.GetValues<InstructionClass>().Length];

    /// <summary>Instructions executed, summed over threads.</summary>
    public long ThreadInstructions => _threads.Sum();

    /// <summary>Instructions issued, summed over warps.</summary>
    public long WarpInstructions => _warps.Sum();

    public long Threads(InstructionClass kind) => _threads[(int)kind];

    public long Warps(InstructionClass kind) => _warps[(int)kind];

    public void Add(InstructionClass kind, long warps, long threads)
    {
        _warps[(int)kind] += warps;
        _threads[(int)kind] += threads;
    }

    public override string ToString() =>
        string.Join(", ", Enum.GetValues<InstructionClass>().Where(kind => Warps(kind) > 0).Select(kind => $"{kind} {Threads(kind)}"))
        + $"; global {GlobalBytesLoaded} bytes loaded, {GlobalBytesStored} stored in {GlobalSectors} sectors; shared {SharedRequests} requests, {SharedPasses} passes";
}
