using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Managed.Tests.Ptx;

/// <summary>
/// 32 threads with registers as arrays of lanes. Every lane has its own place in the program; lanes at the same place run together,
/// the hindmost first, so that they meet again after a divergence. A lane that synchronises waits until its partners are there.
/// </summary>
internal sealed class Warp
{
    /// <summary>Instructions a group of lanes may run while others of the warp could run too: spinning lanes must let the others go on.</summary>
    private const int Slice = 256;

    private readonly ulong[] _registers;
    private readonly uint[] _predicates;
    private readonly uint[] _written;
    private readonly uint[] _predicatesWritten;
    private readonly int[] _places = new int[32];
    private readonly CopyQueue?[] _copies = new CopyQueue?[32];
    private readonly PtxProgram _program;
    private readonly uint[] _knownWarps;
    private readonly List<(uint Mask, uint Time)> _partialSyncs = [];
    private uint _live;
    private uint _waiting;
    private uint _atBarrier;
    private uint _syncedTime;

    public Warp(Block block, int index)
    {
        Block = block;
        Index = index;
        _program = block.Launch.Program;
        _registers = new ulong[_program.RegisterCount * 32];
        _written = new uint[_program.RegisterCount];
        _predicates = new uint[_program.PredicateCount];
        _predicatesWritten = new uint[_program.PredicateCount];
        _knownWarps = new uint[32];
        foreach ((int slot, ulong value) in _program.Constants)
            _registers.AsSpan(slot * 32, 32).Fill(value);
    }

    public Block Block { get; }

    public int Index { get; }

    /// <summary>Carry flags of add.cc and the like.</summary>
    public uint Carry { get; set; }

    public uint Live => _live;

    public bool IsDone => _live == 0;

    /// <summary>Whether the warp has executed a fence: later strong writes publish what came before.</summary>
    public bool Fenced { get; set; }

    /// <summary>Room for the results of instructions whose lanes read each other's registers.</summary>
    public uint[] Scratch { get; } = new uint[128];

    /// <summary>wgmma products under way.</summary>
    public ProductQueue Products { get; } = new();

    /// <summary>When each lane last executed fence.proxy.async.</summary>
    public uint[] AsyncProxyFences { get; } = new uint[32];

    /// <summary>A lane's cp.async copies.</summary>
    public CopyQueue Copies(int lane) => _copies[lane] ??= new CopyQueue();

    public void Reset()
    {
        int threads = Math.Min(32, Block.ThreadCount - (Index * 32));
        _live = threads == 32 ? Lanes.All : (1u << threads) - 1;
        _waiting = _atBarrier = 0;
        Carry = 0;
        Fenced = false;
        Products.Clear();
        Array.Clear(AsyncProxyFences);
        foreach (CopyQueue? queue in _copies)
            queue?.Clear();
        Array.Clear(_places);
        Array.Clear(_written);
        Array.Clear(_predicatesWritten);
        Array.Clear(_knownWarps);
        _syncedTime = 0;
        _partialSyncs.Clear();
        foreach ((int slot, _) in _program.Constants)
            _written[slot] = Lanes.All;
        foreach ((int slot, uint value) in _program.PredicateConstants)
        {
            _predicates[slot] = value;
            _predicatesWritten[slot] = Lanes.All;
        }
        foreach ((int slot, SpecialRegister register) in _program.Specials)
        {
            _written[slot] = Lanes.All;
            for (int lane = 0; lane < 32; lane++)
                _registers[(slot * 32) + lane] = register.Value(this, lane);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref ulong Register(int slot) => ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_registers), slot * 32);

    /// <summary>A predicate operand's lanes, turned if the operand is negated.</summary>
    public uint ReadPredicate(Operation operation, int operand) =>
        _predicates[operation.Slots[operand]] ^ (((operation.Negated >> operand) & 1) != 0 ? Lanes.All : 0);

    public void SetPredicate(int slot, uint mask, uint value) => _predicates[slot] = (_predicates[slot] & ~mask) | (value & mask);

    /// <summary>Runs until all lanes wait or have ended, or the budget of instructions is used. Returns whether anything ran.</summary>
    public bool Run(int budget)
    {
        int start = budget;
        uint avoid = 0;
        while (budget > 0)
        {
            uint runnable = _live & ~_waiting & ~_atBarrier;
            if (runnable == 0 && !TryMeetAgain())
                break;
            runnable = _live & ~_waiting & ~_atBarrier;
            if ((runnable & ~avoid) == 0)
                avoid = 0;
            avoid |= RunGroup(runnable, runnable & ~avoid, ref budget);
        }
        return budget < start;
    }

    /// <summary>Runs the hindmost group of the candidates; returns its lanes if it was stopped for having run long.</summary>
    private uint RunGroup(uint runnable, uint candidates, ref int budget)
    {
        int place = int.MaxValue, next = int.MaxValue;
        uint mask = 0;
        for (uint rest = candidates; rest != 0; rest &= rest - 1)
            place = Math.Min(place, _places[BitOperations.TrailingZeroCount(rest)]);
        for (uint rest = runnable; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            if (_places[lane] == place)
                mask |= 1u << lane;
            else if (_places[lane] > place)
                next = Math.Min(next, _places[lane]);
        }
        int slice = mask == runnable ? budget : Math.Min(budget, Slice);
        int left = slice;
        Operation[] operations = _program.Operations;
        LaunchCounters counters = Block.Launch.Counters;
        while (left-- > 0)
        {
            Operation operation = operations[place];
            uint active = mask;
            if (operation.Guard >= 0)
            {
                if ((mask & ~_predicatesWritten[operation.Guard]) != 0)
                    throw operation.Error($"the guard is read before it was written{Who(mask & ~_predicatesWritten[operation.Guard])}.");
                active &= _predicates[operation.Guard] ^ operation.GuardFlip;
            }
            counters.Note(place, active);
            if (active != 0)
                CheckReads(operation, active);
            if (operation.Kind == OperationKind.Plain)
            {
                if (active != 0)
                {
                    operation.Run(this, operation, active);
                    NoteWrites(operation, active);
                }
                place++;
            }
            else if (operation.Kind == OperationKind.Branch && active == mask)
                place = operation.Targets[0];
            else if (active == 0)
                place++;
            else
            {
                SetPlaces(mask & ~active, place + 1);
                SetPlaces(active, place);
                budget -= operation.Kind == OperationKind.Pause ? budget : slice - left;
                Control(operation, place, active);
                return 0;
            }
            if (place >= next)
                break;
        }
        budget -= slice - Math.Max(left, 0);
        SetPlaces(mask, place);
        return left < 0 && mask != runnable ? mask : 0;
    }

    private void CheckReads(Operation operation, uint active)
    {
        foreach (int slot in operation.Reads)
            if ((active & ~_written[slot]) != 0)
                throw operation.Error($"register {_program.NameOfRegister(slot)} is read before it was written{Who(active & ~_written[slot])}.");
        foreach (int slot in operation.PredicateReads)
            if ((active & ~_predicatesWritten[slot]) != 0)
                throw operation.Error($"predicate {_program.NameOfPredicate(slot)} is read before it was written{Who(active & ~_predicatesWritten[slot])}.");
    }

    private void NoteWrites(Operation operation, uint active)
    {
        foreach (int slot in operation.Writes)
            _written[slot] |= active;
        foreach (int slot in operation.PredicateWrites)
            _predicatesWritten[slot] |= active;
    }

    public void MarkWritten(int[] registers, bool written)
    {
        foreach (int slot in registers)
            _written[slot] = written ? Lanes.All : 0;
    }

    public void RequireWritten(Operation operation, int[] registers)
    {
        foreach (int slot in registers)
            if (_written[slot] != Lanes.All)
                throw operation.Error($"register {_program.NameOfRegister(slot)} is added to before it was written{Who(~_written[slot])}.");
    }

    private void SetPlaces(uint mask, int place)
    {
        for (; mask != 0; mask &= mask - 1)
            _places[BitOperations.TrailingZeroCount(mask)] = place;
    }

    private void Control(Operation operation, int place, uint active)
    {
        switch (operation.Kind)
        {
            case OperationKind.Branch:
                SetPlaces(active, operation.Targets[0]);
                break;
            case OperationKind.IndexedBranch:
                for (uint rest = active; rest != 0; rest &= rest - 1)
                {
                    int lane = BitOperations.TrailingZeroCount(rest);
                    uint index = (uint)Unsafe.Add(ref Register(operation.D), lane);
                    if (index >= operation.Targets.Length)
                        throw operation.Error($"index {index} is not below the {operation.Targets.Length} branch targets{Who(1u << lane)}.");
                    _places[lane] = operation.Targets[index];
                }
                break;
            case OperationKind.Pause:
                operation.Run(this, operation, active);
                NoteWrites(operation, active);
                SetPlaces(active, place + 1);
                break;
            case OperationKind.Exit:
                operation.Run(this, operation, active);
                _live &= ~active;
                Block.ThreadsEnded();
                break;
            default:
                _waiting |= active;
                TryMeet(operation, place);
                break;
        }
    }

    /// <summary>Lets lanes that wait at an operation go on if all their partners wait there too.</summary>
    private bool TryMeet(Operation operation, int place)
    {
        uint here = LanesAt(_waiting, place);
        uint members = operation.Kind switch
        {
            OperationKind.WarpSync => MembersOf(operation, here),
            OperationKind.WarpAligned => Lanes.All,
            _ => operation.Data is BarrierSettings { Aligned: true } ? _live : here,
        };
        if (operation.Kind == OperationKind.WarpSync && (members & ~_live) != 0)
            throw operation.Error($"the member mask 0x{members:X8} names lanes that have ended or do not exist: 0x{members & ~_live:X8} (block {Block.Name}, warp {Index}).");
        if (operation.Kind == OperationKind.WarpAligned && _live != Lanes.All)
            throw operation.Error($"all 32 lanes of a warp must execute this; only 0x{_live:X8} are there (block {Block.Name}, warp {Index}).");
        if ((members & ~here) != 0)
            return false;
        _waiting &= ~members;
        if (operation.Kind == OperationKind.Barrier)
        {
            _atBarrier |= members;
            SetPlaces(members, place + 1);
            NoteWrites(operation, members);
            Block.Barriers.Arrive(this, operation, members);
            return true;
        }
        operation.Run(this, operation, members);
        NoteWrites(operation, members);
        SetPlaces(members, place + 1);
        return true;
    }

    private uint LanesAt(uint mask, int place)
    {
        uint result = 0;
        for (; mask != 0; mask &= mask - 1)
        {
            int lane = BitOperations.TrailingZeroCount(mask);
            if (_places[lane] == place)
                result |= 1u << lane;
        }
        return result;
    }

    private uint MembersOf(Operation operation, uint here)
    {
        ref ulong masks = ref Register(operation.Slots[^1]);
        uint members = (uint)Unsafe.Add(ref masks, BitOperations.TrailingZeroCount(here));
        for (uint rest = here; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            uint own = (uint)Unsafe.Add(ref masks, lane);
            if (((own >> lane) & 1) == 0)
                throw operation.Error($"lane {lane} is not in its own member mask 0x{own:X8} (block {Block.Name}, warp {Index}).");
            if (own != members)
                throw operation.Error($"lanes give different member masks, 0x{members:X8} and 0x{own:X8} (block {Block.Name}, warp {Index}).");
        }
        return members;
    }

    /// <summary>After lanes have ended, aligned meetings may be complete.</summary>
    private bool TryMeetAgain()
    {
        for (uint rest = _waiting; rest != 0;)
        {
            int place = _places[BitOperations.TrailingZeroCount(rest)];
            if (TryMeet(_program.Operations[place], place))
                return (_live & ~_waiting & ~_atBarrier) != 0;
            rest &= ~LanesAt(rest, place);
        }
        return false;
    }

    public void ReleaseFromBarrier(uint lanes) => _atBarrier &= ~lanes;

    /// <summary>Where the lanes of a stuck warp wait, for the report of a deadlock.</summary>
    public IEnumerable<string> DescribeWaiting()
    {
        for (uint rest = _waiting; rest != 0;)
        {
            int place = _places[BitOperations.TrailingZeroCount(rest)];
            uint here = LanesAt(rest, place);
            yield return $"warp {Index} lanes 0x{here:X8} wait at line {_program.Operations[place].Line}: {_program.Operations[place].Source.Trim()}";
            rest &= ~here;
        }
        if (_atBarrier != 0)
            yield return $"warp {Index} lanes 0x{_atBarrier:X8} wait at a barrier before line {_program.Operations[Math.Min(_places[BitOperations.TrailingZeroCount(_atBarrier)], _program.Operations.Length - 1)].Line}";
    }

    /// <summary>The first operation some lane waits at.</summary>
    public Operation? FirstWaiting => _waiting != 0 ? _program.Operations[_places[BitOperations.TrailingZeroCount(_waiting)]]
        : _atBarrier != 0 ? _program.Operations[Math.Max(0, _places[BitOperations.TrailingZeroCount(_atBarrier)] - 1)] : null;

    public int ThreadOf(int lane) => (Index * 32) + lane;

    public string Who(uint lanes) => $" (block {Block.Name}, thread {ThreadOf(BitOperations.TrailingZeroCount(lanes))})";

    public ref byte Touch(Operation operation, MemorySpace space, ulong address, int bytes, int lane, Access access) =>
        ref Block.Touch(this, operation, space, address, bytes, lane, access);

    // ---- what is known to lie before what, for finding races

    public ulong Stamp(int lane, bool strong) => AccessHistory.Stamp(Block.LinearIndex, ThreadOf(lane), Block.Launch.Time, strong);

    /// <summary>Whether an access of another thread at a time is ordered before what a lane does now.</summary>
    public bool HappensBefore(int block, int thread, uint time, int lane)
    {
        if (block != Block.LinearIndex)
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
