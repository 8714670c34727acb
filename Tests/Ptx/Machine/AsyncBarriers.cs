namespace Managed.Tests.Ptx;

/// <summary>The mbarrier objects of a block: arrivals and announced bytes complete a phase; who waits for it knows what came before.</summary>
internal sealed class AsyncBarriers(Block block)
{
    /// <summary>A copy of the engine that will write shared memory and then count its bytes.</summary>
    private readonly record struct Flight(Warp Warp, int Lane, Operation Operation, int Target, byte[] Bytes);

    private sealed class AsyncBarrier(int expected)
    {
        public readonly int Expected = expected;
        public readonly List<Flight> Flights = [];
        public List<uint[]> Arrivals = [];
        public List<uint[]> Completed = [];
        public int Pending = expected;
        public long Bytes;
        public ulong Phase;
    }

    private readonly Dictionary<int, AsyncBarrier> _barriers = [];

    public void Reset() => _barriers.Clear();

    public void Initialise(Warp warp, Operation operation, int lane, int address, uint count)
    {
        if (count is 0 or > 0xFFFFF)
            throw operation.Error($"an mbarrier counts 1 to 1048575 arrivals, not {count}{warp.Who(1u << lane)}.");
        _barriers[address] = new AsyncBarrier((int)count);
    }

    public void Invalidate(Warp warp, Operation operation, int lane, int address)
    {
        Find(warp, operation, lane, address);
        _barriers.Remove(address);
    }

    private AsyncBarrier Find(Warp warp, Operation operation, int lane, int address) =>
        _barriers.GetValueOrDefault(address) ?? throw operation.Error($"there is no mbarrier at shared address 0x{address:X}{warp.Who(1u << lane)}.");

    /// <summary>Announces bytes, arrives; gives the phase it arrived in.</summary>
    public ulong Arrive(Warp warp, Operation operation, int lane, int address, uint count, long announced)
    {
        AsyncBarrier barrier = Find(warp, operation, lane, address);
        ulong phase = barrier.Phase;
        if (count > barrier.Pending)
            throw operation.Error($"{count} arrivals at an mbarrier that waits for {barrier.Pending}{warp.Who(1u << lane)}.");
        barrier.Bytes += announced;
        barrier.Pending -= (int)count;
        barrier.Arrivals.Add(warp.Knowledge(block.Launch.Tick()));
        CompleteIfDone(barrier);
        return phase;
    }

    public void Announce(Warp warp, Operation operation, int lane, int address, long bytes)
    {
        AsyncBarrier barrier = Find(warp, operation, lane, address);
        barrier.Bytes += bytes;
        CompleteIfDone(barrier);
    }

    /// <summary>Sends bytes on their way; they land when somebody waits, and until then their place may not be touched.</summary>
    public void Send(Warp warp, Operation operation, int lane, int address, int target, byte[] bytes)
    {
        AsyncBarrier barrier = Find(warp, operation, lane, address);
        block.BeginCopy(warp, operation, lane, (ulong)target, bytes.Length);
        barrier.Flights.Add(new Flight(warp, lane, operation, target, bytes));
    }

    /// <summary>Whether a phase is over: the current one for a state token, or that of a parity.</summary>
    public bool Test(Warp warp, Operation operation, int lane, int address, ulong value, bool parity)
    {
        AsyncBarrier barrier = Find(warp, operation, lane, address);
        foreach (Flight flight in barrier.Flights)
        {
            block.EndCopy(flight.Warp, flight.Operation, flight.Lane, (ulong)flight.Target, flight.Bytes, byEngine: true);
            barrier.Bytes -= flight.Bytes.Length;
            barrier.Arrivals.Add(flight.Warp.Knowledge(block.Launch.Tick()));
        }
        if (barrier.Flights.Count > 0)
        {
            barrier.Flights.Clear();
            CompleteIfDone(barrier);
        }
        bool over = parity ? (barrier.Phase & 1) != (value & 1) : barrier.Phase > value;
        if (over)
            foreach (uint[] known in barrier.Completed)
                warp.Learn(known);
        return over;
    }

    private static void CompleteIfDone(AsyncBarrier barrier)
    {
        if (barrier.Pending > 0 || barrier.Bytes != 0)
            return;
        barrier.Phase++;
        barrier.Pending = barrier.Expected;
        barrier.Completed = barrier.Arrivals;
        barrier.Arrivals = [];
    }
}
