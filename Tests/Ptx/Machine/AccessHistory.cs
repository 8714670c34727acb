namespace Managed.Tests.Ptx;

/// <summary>
/// Finds data races: two accesses to a byte by different threads, one of them a write, with no synchronisation between.
/// For every byte it keeps the last writer and the last two readers; an older reader that only they hide is missed.
/// </summary>
internal sealed class AccessHistory(int bytes)
{
    // a stamp: block 21 bits, thread of the block 10 bits, time 32 bits, and the top bit for strong accesses; 0 is none
    private const ulong StrongBit = 1UL << 63;
    private readonly ulong[] _writers = new ulong[bytes];
    private readonly ulong[] _readers = new ulong[bytes];
    private readonly ulong[] _earlierReaders = new ulong[bytes];

    public void Clear()
    {
        Array.Clear(_writers);
        Array.Clear(_readers);
        Array.Clear(_earlierReaders);
    }

    public static ulong Stamp(int block, int thread, uint time, bool strong) => ((ulong)block << 42) | ((ulong)thread << 32) | time | (strong ? StrongBit : 0);

    public static (int Block, int Thread, uint Time) Read(ulong stamp) => ((int)((stamp >> 42) & 0x1FFFFF), (int)(stamp >> 32) & 0x3FF, (uint)stamp);

    public ulong WriterOf(int offset) => _writers[offset];

    public bool IsWritten(int offset, int bytes) => !_writers.AsSpan(offset, bytes).Contains(0UL);

    /// <summary>Notes an access. Returns the stamp it races with, or 0.</summary>
    public ulong Note(Warp warp, int lane, int offset, int bytes, Access access)
    {
        ulong own = warp.Stamp(lane, (access & Access.Strong) != 0);
        bool writes = (access & Access.Write) != 0;
        for (int i = offset; i < offset + bytes; i++)
        {
            ulong writer = _writers[i];
            if (Races(writer, own, warp, lane))
                return writer;
            if (!writes)
            {
                ulong reader = _readers[i];
                if (reader == own)
                    continue;
                if (!SameThread(reader, own))
                    _earlierReaders[i] = reader;
                _readers[i] = own;
                continue;
            }
            if (Races(_readers[i], own, warp, lane))
                return _readers[i];
            if (Races(_earlierReaders[i], own, warp, lane))
                return _earlierReaders[i];
            _writers[i] = own;
            _readers[i] = _earlierReaders[i] = 0;
        }
        return 0;
    }

    private static bool SameThread(ulong a, ulong b) => ((a ^ b) & ~StrongBit) >> 32 == 0;

    private static bool Races(ulong stamp, ulong own, Warp warp, int lane)
    {
        if (stamp == 0 || SameThread(stamp, own) || (stamp & own & StrongBit) != 0)
            return false;
        (int block, int thread, uint time) = Read(stamp);
        return !warp.HappensBefore(block, thread, time, lane);
    }
}
