namespace Managed.Tests.Ptx;

/// <summary>What is known to lie before what, for finding races.</summary>
internal sealed partial class Warp
{
    private readonly uint[] _knownWarps = new uint[32];
    private readonly List<(uint Mask, uint Time)> _partialSyncs = [];
    private uint _syncedTime;

    private void ForgetOrder()
    {
        Array.Clear(_knownWarps);
        _syncedTime = 0;
        _partialSyncs.Clear();
    }

    public ulong Stamp(int lane, bool strong) => AccessHistory.Stamp(Block.LinearIndex, ThreadOf(lane), Block.Launch.Time, strong);

    /// <summary>Whether an access of another thread at a time is ordered before what a lane does now.</summary>
    public bool HappensBefore(int block, int thread, uint time, int lane)
    {
        if (block != (Block.LinearIndex & AccessHistory.BlockMask))
            return Block.Launch.Order.IsKnown(Block.LinearIndex, block, thread / 32, time);
        int warp = thread / 32;
        if (warp != Index)
            return _knownWarps[warp] >= time;
        if (time <= _syncedTime)
            return true;
        uint pair = (1u << lane) | (1u << (thread & 31));
        foreach ((uint mask, uint synced) in _partialSyncs)
            if ((mask & pair) == pair && time <= synced)
                return true;
        return false;
    }

    /// <summary>bar.warp.sync: what its lanes did before is ordered before what they do after.</summary>
    public void Synchronise(uint mask)
    {
        uint now = Block.Launch.Tick();
        if ((_live & ~mask) == 0)
        {
            _syncedTime = now;
            _partialSyncs.Clear();
            return;
        }
        _partialSyncs.RemoveAll(entry => (entry.Mask & ~mask) == 0);
        _partialSyncs.Add((mask, now));
    }

    /// <summary>Times of all warps of the block up to which this one knows their accesses; its own is now.</summary>
    public uint[] Knowledge(uint now)
    {
        uint[] known = [.. _knownWarps];
        known[Index] = now;
        return known;
    }

    public void Learn(uint[] known)
    {
        for (int i = 0; i < known.Length; i++)
            _knownWarps[i] = Math.Max(_knownWarps[i], known[i]);
        _syncedTime = Math.Max(_syncedTime, known[Index]);
        _partialSyncs.RemoveAll(entry => entry.Time <= _syncedTime);
    }
}
