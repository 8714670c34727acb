namespace Managed.Tests.Ptx;

/// <summary>
/// Finds data races: two accesses to a byte by different threads, one of them a write, with no synchronisation between.
/// For every byte it keeps the last writer and the last two readers; an older reader that only they hide is missed.
/// </summary>
internal sealed class AccessHistory(int bytes)
{
    /// <summary>Blocks are told apart by this many of their number's bits.</summary>
    public const int BlockMask = 0x1FFFFF;

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

    public static ulong Stamp(int block, int thread, uint time, bool strong) => ((ulong)(block & BlockMask) << 42) | ((ulong)thread << 32) | time | (strong ? StrongBit : 0);

    public static (int Block, int Thread, uint Time) Read(ulong stamp) => ((int)(stamp >> 42) & BlockMask, (int)(stamp >> 32) & 0x3FF, (uint)stamp);

    public ulong WriterOf(int offset) => _writers[offset];

    public bool IsWritten(int offset, int bytes) => !_writers.AsSpan(offset, bytes).Contains(0UL);

    /// <summary>Notes an access. Returns the stamp it races with, or 0.</summary>
    public ulong Note(Warp warp, int lane, int offset, int bytes, Access access)
    {
        ulong own = warp.Stamp(lane, (access & Access.Strong) != 0);
        Span<ulong> writers = _writers.AsSpan(offset, bytes), readers = _readers.AsSpan(offset, bytes), earlier = _earlierReaders.AsSpan(offset, bytes);
        // mostly all bytes have one history, and are judged once
        if (!writers.ContainsAnyExcept(writers[0]) && !readers.ContainsAnyExcept(readers[0]) && !earlier.ContainsAnyExcept(earlier[0]))
            return NoteAlike(warp, lane, own, writers, readers, earlier, access);
        ulong other = 0;
        for (int i = 0; i < bytes && other == 0; i++)
            other = NoteAlike(warp, lane, own, writers.Slice(i, 1), readers.Slice(i, 1), earlier.Slice(i, 1), access);
        return other;
    }

    private static ulong NoteAlike(Warp warp, int lane, ulong own, Span<ulong> writers, Span<ulong> readers, Span<ulong> earlier, Access access)
    {
        if (Races(writers[0], own, warp, lane))
            return writers[0];
        if ((access & Access.Write) == 0)
        {
            if (readers[0] == own)
                return 0;
            if (!SameThread(readers[0], own))
                earlier.Fill(readers[0]);
            readers.Fill(own);
            return 0;
        }
        if (Races(readers[0], own, warp, lane))
            return readers[0];
        if (Races(earlier[0], own, warp, lane))
            return earlier[0];
        writers.Fill(own);
        readers.Clear();
        earlier.Clear();
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
