using System.Numerics;
using System.Runtime.CompilerServices;

namespace Managed.Tests.Ptx;

/// <summary>Shuffles, votes and reductions of a warp. The last operand is the mask of lanes that take part.</summary>
internal static class WarpRules
{
    public static readonly Rule[] All =
    [
        new("shfl sync mode=idx|up|down|bfly b32", "=b32| b32! b32 b32 b32", Shuffle),
        new("vote sync mode=all|any|uni pred", "=pred pred^ b32", Vote),
        new("vote sync ballot b32", "=b32 pred^ b32", Ballot),
        new("match any sync T=b32|b64", "=b32 T! b32", MatchAny),
        new("match all sync T=b32|b64", "=b32| T! b32", MatchAll),
        new("redux sync op=add|min|max T=u32|s32", "=T T! b32", Reduce, 70, 80),
        new("redux sync op=and|or|xor T=b32", "=T T! b32", Reduce, 70, 80),
        new("elect sync", "=b32| b32", Elect, 80, 90),
        new("bar warp sync", "b32", (operation, _) =>
        {
            SetUp(operation);
            operation.Class = InstructionClass.Barrier;
            operation.Run = (warp, _, mask) => warp.Synchronise(mask);
        }),
        new("activemask b32", "=b32", (operation, _) =>
        {
            operation.Class = InstructionClass.WarpWide;
            operation.Run = (warp, op, mask) => Fill(warp, op.D, mask, mask);
        }, 62),
    ];

    private static void SetUp(Operation operation)
    {
        operation.Class = InstructionClass.WarpWide;
        operation.Kind = OperationKind.WarpSync;
    }

    private static void Fill(Warp warp, int slot, uint mask, ulong value)
    {
        for (; mask != 0; mask &= mask - 1)
            Unsafe.Add(ref warp.Register(slot), BitOperations.TrailingZeroCount(mask)) = value;
    }

    /// <summary>The lane a shuffle reads, and whether it lies in the segment; from the operand and the word of clamp and segment mask.</summary>
    private static (int Source, bool InRange) SourceOf(string mode, int lane, int operand, int control)
    {
        int segment = (control >> 8) & 31, clamp = control & 31;
        int last = (lane & segment) | (clamp & ~segment), first = lane & segment;
        int source = mode switch
        {
            "up" => lane - operand,
            "down" => lane + operand,
            "bfly" => lane ^ operand,
            _ => first | (operand & ~segment),
        };
        bool inRange = mode == "up" ? source >= last : source <= last;
        return (inRange ? source : lane, inRange);
    }

    private static void Shuffle(Operation operation, RuleMatch match)
    {
        SetUp(operation);
        string mode = match["mode"];
        operation.Run = (warp, op, mask) =>
        {
            Span<uint> values = stackalloc uint[32];
            for (int lane = 0; lane < 32; lane++)
                values[lane] = Lanes.Get<uint>(ref warp.Register(op.B), lane);
            uint found = 0;
            for (uint rest = mask; rest != 0; rest &= rest - 1)
            {
                int lane = BitOperations.TrailingZeroCount(rest);
                int operand = Lanes.Get<int>(ref warp.Register(op.C), lane) & 31, control = Lanes.Get<int>(ref warp.Register(op.Slots[4]), lane);
                (int source, bool inRange) = SourceOf(mode, lane, operand, control);
                if (((mask >> source) & 1) == 0)
                    throw op.Error($"lane {lane} reads lane {source}, which is not in the mask 0x{mask:X8}{warp.Who(1u << lane)}.");
                Unsafe.Add(ref warp.Register(op.D), lane) = values[source];
                found |= inRange ? 1u << lane : 0;
            }
            warp.SetPredicate(op.A, mask, found);
        };
    }

    private static void Vote(Operation operation, RuleMatch match)
    {
        SetUp(operation);
        string mode = match["mode"];
        operation.Run = (warp, op, mask) =>
        {
            uint votes = warp.ReadPredicate(op, 1) & mask;
            bool result = mode switch { "all" => votes == mask, "any" => votes != 0, _ => votes == mask || votes == 0 };
            warp.SetPredicate(op.D, mask, result ? Lanes.All : 0);
        };
    }

    private static void Ballot(Operation operation, RuleMatch match)
    {
        SetUp(operation);
        operation.Run = (warp, op, mask) => Fill(warp, op.D, mask, warp.ReadPredicate(op, 1) & mask);
    }

    private static ulong Value(Warp warp, int slot, int lane, bool wide) =>
        wide ? Lanes.Get<ulong>(ref warp.Register(slot), lane) : Lanes.Get<uint>(ref warp.Register(slot), lane);

    private static uint Alike(Warp warp, int slot, int lane, uint mask, bool wide)
    {
        uint result = 0;
        ulong own = Value(warp, slot, lane, wide);
        for (uint rest = mask; rest != 0; rest &= rest - 1)
            if (Value(warp, slot, BitOperations.TrailingZeroCount(rest), wide) == own)
                result |= rest & (0 - rest);
        return result;
    }

    private static void MatchAny(Operation operation, RuleMatch match)
    {
        SetUp(operation);
        bool wide = match["T"] == "b64";
        operation.Run = (warp, op, mask) =>
        {
            Span<uint> results = stackalloc uint[32];
            for (uint rest = mask; rest != 0; rest &= rest - 1)
                results[BitOperations.TrailingZeroCount(rest)] = Alike(warp, op.A, BitOperations.TrailingZeroCount(rest), mask, wide);
            for (uint rest = mask; rest != 0; rest &= rest - 1)
                Unsafe.Add(ref warp.Register(op.D), BitOperations.TrailingZeroCount(rest)) = results[BitOperations.TrailingZeroCount(rest)];
        };
    }

    private static void MatchAll(Operation operation, RuleMatch match)
    {
        SetUp(operation);
        bool wide = match["T"] == "b64";
        operation.Run = (warp, op, mask) =>
        {
            bool all = Alike(warp, op.B, BitOperations.TrailingZeroCount(mask), mask, wide) == mask;
            Fill(warp, op.D, mask, all ? mask : 0);
            warp.SetPredicate(op.A, mask, all ? Lanes.All : 0);
        };
    }

    private static void Reduce(Operation operation, RuleMatch match)
    {
        SetUp(operation);
        bool signed = match["T"] == "s32";
        Func<uint, uint, uint> combine = match["op"] switch
        {
            "add" => (a, b) => a + b,
            "and" => (a, b) => a & b,
            "or" => (a, b) => a | b,
            "xor" => (a, b) => a ^ b,
            "min" when signed => (a, b) => (uint)Math.Min((int)a, (int)b),
            "max" when signed => (a, b) => (uint)Math.Max((int)a, (int)b),
            "min" => Math.Min,
            _ => Math.Max,
        };
        operation.Run = (warp, op, mask) =>
        {
            uint result = Lanes.Get<uint>(ref warp.Register(op.A), BitOperations.TrailingZeroCount(mask));
            for (uint rest = mask & (mask - 1); rest != 0; rest &= rest - 1)
                result = combine(result, Lanes.Get<uint>(ref warp.Register(op.A), BitOperations.TrailingZeroCount(rest)));
            Fill(warp, op.D, mask, result);
        };
    }

    private static void Elect(Operation operation, RuleMatch match)
    {
        SetUp(operation);
        operation.Run = (warp, op, mask) =>
        {
            int leader = BitOperations.TrailingZeroCount(mask);
            Fill(warp, op.D, mask, (ulong)leader);
            warp.SetPredicate(op.A, mask, 1u << leader);
        };
    }
}
