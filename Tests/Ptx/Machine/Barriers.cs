using System.Numerics;

namespace Managed.Tests.Ptx;

internal enum BarrierAction { Sync, Arrive, ReduceAnd, ReduceOr, ReduceCount }

/// <summary>What a barrier instruction does. Slots hold the result if there is one, the identifier, the count if there is one, the predicate.</summary>
internal sealed record BarrierSettings(BarrierAction Action, bool Aligned, bool HasCount)
{
    private bool Reduces => Action >= BarrierAction.ReduceAnd;

    public int IdentifierOperand => Reduces ? 1 : 0;

    public int PredicateOperand => HasCount ? 3 : 2;
}

/// <summary>The 16 barriers of a block.</summary>
internal sealed class Barriers(Block block)
{
    private sealed class Barrier
    {
        public readonly List<(Warp Warp, Operation Operation, uint Lanes)> Waiting = [];
        public readonly List<uint[]> Knowledge = [];
        public int Arrived;
        public int Expected;
        public bool IsOpen;
        public int TrueCount;
    }

    private readonly Barrier[] _barriers = [.. Enumerable.Range(0, 16).Select(_ => new Barrier())];

    public void Reset()
    {
        foreach (Barrier barrier in _barriers)
            Clear(barrier);
    }

    private static void Clear(Barrier barrier)
    {
        barrier.Waiting.Clear();
        barrier.Knowledge.Clear();
        barrier.Arrived = barrier.TrueCount = 0;
        barrier.IsOpen = false;
    }

    public void Arrive(Warp warp, Operation operation, uint lanes)
    {
        var settings = (BarrierSettings)operation.Data!;
        int lane = BitOperations.TrailingZeroCount(lanes);
        uint identifier = Uniform(warp, operation, settings.IdentifierOperand, lanes, lane);
        if (identifier > 15)
            throw operation.Error($"barrier {identifier} does not exist; a block has 0 to 15 (block {block.Name}, warp {warp.Index}).");
        int expected = settings.HasCount ? (int)Uniform(warp, operation, settings.IdentifierOperand + 1, lanes, lane) : 0;
        if (expected % 32 != 0)
            throw operation.Error($"a barrier's count must be a multiple of 32, not {expected} (block {block.Name}, warp {warp.Index}).");
        Barrier barrier = _barriers[identifier];
        if (barrier.IsOpen && barrier.Expected != expected)
            throw operation.Error($"barrier {identifier} is under way with count {barrier.Expected}, this thread gives {expected}"
                + $" (block {block.Name}, warp {warp.Index}).");
        barrier.IsOpen = true;
        barrier.Expected = expected;
        barrier.Arrived += settings is { Aligned: true, HasCount: true } ? 32 : BitOperations.PopCount(lanes);
        barrier.Knowledge.Add(warp.Knowledge(block.Launch.Tick()));
        if (settings.Action == BarrierAction.Arrive)
            warp.ReleaseFromBarrier(lanes);
        else
            barrier.Waiting.Add((warp, operation, lanes));
        if (settings.Action >= BarrierAction.ReduceAnd)
            barrier.TrueCount += BitOperations.PopCount(warp.ReadPredicate(operation, settings.PredicateOperand) & lanes);
        Check(barrier);
    }

    /// <summary>After threads have ended: a barrier without a count waits for those that live.</summary>
    public void CheckAll()
    {
        foreach (Barrier barrier in _barriers)
            if (barrier.IsOpen)
                Check(barrier);
    }

    private void Check(Barrier barrier)
    {
        if (barrier.Expected > 0 && barrier.Arrived > barrier.Expected)
            throw barrier.Waiting[^1].Operation.Error($"{barrier.Arrived} threads came to a barrier for {barrier.Expected} (block {block.Name}).");
        if (barrier.Arrived < (barrier.Expected > 0 ? barrier.Expected : block.LiveThreads))
            return;
        block.Launch.Tick();
        int threads = barrier.Waiting.Sum(entry => BitOperations.PopCount(entry.Lanes));
        foreach ((Warp warp, Operation operation, uint lanes) in barrier.Waiting)
        {
            foreach (uint[] known in barrier.Knowledge)
                warp.Learn(known);
            warp.ReleaseFromBarrier(lanes);
            switch (((BarrierSettings)operation.Data!).Action)
            {
                case BarrierAction.ReduceAnd:
                    warp.SetPredicate(operation.D, lanes, barrier.TrueCount == threads ? Lanes.All : 0);
                    break;
                case BarrierAction.ReduceOr:
                    warp.SetPredicate(operation.D, lanes, barrier.TrueCount > 0 ? Lanes.All : 0);
                    break;
                case BarrierAction.ReduceCount:
                    for (uint rest = lanes; rest != 0; rest &= rest - 1)
                        Lanes.Put(ref warp.Register(operation.D), BitOperations.TrailingZeroCount(rest), (uint)barrier.TrueCount);
                    break;
            }
        }
        Clear(barrier);
    }

    private uint Uniform(Warp warp, Operation operation, int operand, uint lanes, int lane)
    {
        uint value = Lanes.Get<uint>(ref warp.Register(operation.Slots[operand]), lane);
        for (; lanes != 0; lanes &= lanes - 1)
            if (Lanes.Get<uint>(ref warp.Register(operation.Slots[operand]), BitOperations.TrailingZeroCount(lanes)) != value)
                throw operation.Error($"the threads of a warp give different barriers or counts (block {block.Name}, warp {warp.Index}).");
        return value;
    }
}
