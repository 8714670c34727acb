using System.Runtime.InteropServices;

namespace Managed.Kernels;

/// <summary>
/// What workers have left of an operation's units: each a run of its own, from whose beginning it takes the half, again and again, so that what it reads
/// goes on where it was; who has none left takes from the end of another's (Blumofe, Leiserson: Scheduling Multithreaded Computations by Work Stealing, 1999).
/// </summary>
internal sealed class WorkShares(int workers)
{
    // Apart, since each is written by its owner while others look at theirs.
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct Share
    {
        [FieldOffset(0)]
        public long Left; // first unit, and in the upper half the one behind the last
    }

    private readonly Share[] shares = new Share[workers];

    /// <summary>Gives each worker as many units as another. Only while nobody takes any.</summary>
    public void Set(int units)
    {
        for (int worker = 0; worker < workers; worker++)
            shares[worker].Left = Pack((int)((long)units * worker / workers), (int)((long)units * (worker + 1) / workers));
    }

    /// <summary>Units [first, end) that a worker would take now if nobody else took any.</summary>
    public (int First, int End) Own(int worker)
    {
        long left = Volatile.Read(ref shares[worker].Left);
        return ((int)left, (int)(left >> 32));
    }

    /// <summary>Takes the half, or at least so many if there are, of the worker's own units [first, end), or of another's; false: all are taken.</summary>
    public bool TryTake(int worker, int least, out int first, out int end) => TryTake(worker, least, int.MaxValue, out first, out end);

    /// <summary>Takes one.</summary>
    public bool TryTakeOne(int worker, out int unit) => TryTake(worker, 1, 1, out unit, out _);

    private bool TryTake(int worker, int least, int most, out int first, out int end)
    {
        for (int i = 0; i < workers; i++)
            if (TryTake(ref shares[(worker + i) % workers].Left, least, most, fromEnd: i > 0, out first, out end))
                return true;
        (first, end) = (0, 0);
        return false;
    }

    private static bool TryTake(ref long share, int least, int most, bool fromEnd, out int first, out int end)
    {
        while (true)
        {
            long left = Volatile.Read(ref share);
            (first, end) = ((int)left, (int)(left >> 32));
            if (first >= end)
                return false;
            int taken = Math.Min(Math.Min(Math.Max(least, (end - first + 1) / 2), most), end - first);
            if (Interlocked.CompareExchange(ref share, fromEnd ? Pack(first, end - taken) : Pack(first + taken, end), left) != left)
                continue;
            (first, end) = fromEnd ? (end - taken, end) : (first, first + taken);
            return true;
        }
    }

    private static long Pack(int first, int end) => (uint)first | ((long)end << 32);
}
