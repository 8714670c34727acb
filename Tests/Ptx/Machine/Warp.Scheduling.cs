using System.Numerics;
using System.Runtime.CompilerServices;

namespace Managed.Tests.Ptx;

/// <summary>Which lanes run next, and how they meet.</summary>
internal sealed partial class Warp
{
    /// <summary>Instructions a group of lanes may run while others of the warp could run too: spinning lanes must let the others go on.</summary>
    private const int Slice = 256;

    private readonly int[] _places = new int[32];
    private uint _live;
    private uint _waiting;
    private uint _atBarrier;

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
                if (operation.IsUniform && active != mask)
                    throw operation.Error($"the branch is marked .uni, but only the lanes 0x{active:X8} of 0x{mask:X8} take it{Who(active)}.");
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
            throw operation.Error($"the member mask 0x{members:X8} names lanes that have ended or do not exist: 0x{members & ~_live:X8}"
                + $" (block {Block.Name}, warp {Index}).");
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
        for (uint rest = _atBarrier; rest != 0;)
        {
            // lanes at a barrier stand behind it already
            int place = _places[BitOperations.TrailingZeroCount(rest)];
            uint here = LanesAt(rest, place);
            Operation barrier = _program.Operations[place - 1];
            yield return $"warp {Index} lanes 0x{here:X8} wait at line {barrier.Line}: {barrier.Source.Trim()}";
            rest &= ~here;
        }
    }

    /// <summary>The first operation some lane waits at.</summary>
    public Operation? FirstWaiting => _waiting != 0 ? _program.Operations[_places[BitOperations.TrailingZeroCount(_waiting)]]
        : _atBarrier != 0 ? _program.Operations[Math.Max(0, _places[BitOperations.TrailingZeroCount(_atBarrier)] - 1)] : null;
}
