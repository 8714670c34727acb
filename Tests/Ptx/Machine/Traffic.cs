namespace Managed.Tests.Ptx;

/// <summary>Collects one warp instruction's addresses and counts what the memory system would do: sectors of 32 bytes, passes over the banks.</summary>
internal unsafe ref struct Traffic
{
    private readonly Warp _warp;
    private readonly Operation _operation;
    private readonly int _bytes;
    private fixed ulong _addresses[32];
    private int _count;

    public Traffic(Warp warp, Operation operation, int bytes)
    {
        _warp = warp;
        _operation = operation;
        _bytes = bytes;
    }

    public void Add(ulong address) => _addresses[_count++] = address;

    public void Count()
    {
        LaunchStatistics statistics = _warp.Block.Launch.Statistics;
        MemorySpace space = _operation.Space;
        if (space == MemorySpace.Generic && _count > 0)
            space = (_addresses[0] & AddressWindows.Mask) switch { AddressWindows.Shared => MemorySpace.Shared, 0 => MemorySpace.Global, _ => MemorySpace.Local };
        bool stores = (_operation.Access & Access.Write) != 0;
        if (space == MemorySpace.Global)
        {
            int sectors = CountDistinct(32);
            statistics.GlobalSectors += sectors;
            (stores ? ref statistics.GlobalBytesStored : ref statistics.GlobalBytesLoaded) += (long)_count * _bytes;
        }
        else if (space == MemorySpace.Shared)
        {
            statistics.SharedRequests++;
            statistics.SharedPasses += CountPasses();
        }
    }

    private int CountDistinct(ulong unit)
    {
        ulong* seen = stackalloc ulong[128];
        int distinct = 0;
        for (int i = 0; i < _count; i++)
            for (ulong sector = _addresses[i] / unit; sector <= (_addresses[i] + (ulong)_bytes - 1) / unit; sector++)
            {
                // neighbours mostly share the sector noted last
                int j = distinct - 1;
                while (j >= 0 && seen[j] != sector)
                    j--;
                if (j < 0 && distinct < 128)
                    seen[distinct++] = sector;
            }
        return distinct;
    }

    /// <summary>32 banks of 4 bytes: lanes are served in groups that move at most 128 bytes; a pass serves one word of each bank.</summary>
    private int CountPasses()
    {
        int group = Math.Clamp(128 / Math.Max(_bytes, 4), 1, 32);
        int passes = 0;
        ulong* words = stackalloc ulong[32 * 8];
        int* depth = stackalloc int[32];
        for (int first = 0; first < _count; first += group)
        {
            new Span<int>(depth, 32).Clear();
            int most = 0;
            for (int i = first; i < Math.Min(first + group, _count); i++)
                for (ulong word = _addresses[i] / 4; word <= (_addresses[i] + (ulong)_bytes - 1) / 4; word++)
                {
                    int bank = (int)(word & 31);
                    int d = 0;
                    while (d < depth[bank] && words[(bank * 8) + d] != word)
                        d++;
                    if (d == depth[bank] && d < 8)
                        words[(bank * 8) + depth[bank]++] = word;
                    most = Math.Max(most, depth[bank]);
                }
            passes += most;
        }
        return passes;
    }
}
