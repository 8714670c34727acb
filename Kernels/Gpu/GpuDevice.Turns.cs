using ILGPU;
using Managed.Kernels.Gpu.Attention;

namespace Managed.Kernels.Gpu;

// Between the projections and attention: heads are normed and turned, keys and values stored. Where a sequence has one token, that waits for
// attention and is done in its launch.
internal sealed partial class GpuDevice
{
    private readonly record struct WaitingTurn(
        StepPlan Plan, CacheLayout Layout, Rows Queries, Rows Keys, Rows Values, NormSettings? QueryNorm, NormSettings? KeyNorm, int First, RopeTable? Table)
    {
        public int Heads => Queries.Width / Layout.KeyDimension;

        public RopeStoreShape Shape => new(0, Plan.Count, Heads, Layout.KeyHeads, First, Table is null ? 0 : Table.Dimensions / 2, Table?.Pairing ?? RopePairing.Halves);

        public bool Concerns(DeviceBuffer buffer) => buffer == Queries.Buffer || buffer == Keys.Buffer || buffer == Values.Buffer;
    }

    private WaitingTurn? waitingTurn;

    public void RotateAndStore(
        StepPlan plan, in CacheLayout layout, Rows queries, Rows keys, Rows values, NormSettings? queryNorm, NormSettings? keyNorm, int first, ReadOnlySpan<RopeTable> tables)
    {
        LaunchTurn();
        RopeTable? table = tables.IsEmpty ? null : tables[0];
        var turn = new WaitingTurn(plan, layout, queries, keys, values, queryNorm, keyNorm, first, table);
        if (!CanTurn(turn) || (table is not null && tables[..plan.SequenceCount].ContainsAnyExcept(table)))
            ComposedOperations.RotateAndStore(this, plan, layout, queries, keys, values, queryNorm, keyNorm, first, tables);
        else if (Joins && isInStep && plan.Precision == Precision.Fast && !KeepsBits && plan.Count == plan.SequenceCount)
            waitingTurn = turn;
        else
            Launch(turn);
    }

    private bool CanTurn(WaitingTurn turn) =>
        attentions is not null && Math.Max(turn.Layout.KeyDimension, turn.Layout.ValueDimension) <= RopeStoreShape.MostElements
        && (turn.QueryNorm is null || AttentionKernelSet.Fits(turn.QueryNorm, turn.Heads)) && (turn.KeyNorm is null || AttentionKernelSet.Fits(turn.KeyNorm, turn.Layout.KeyHeads));

    // Does what waits, by itself.
    private void LaunchTurn()
    {
        if (waitingTurn is not { } turn)
            return;
        waitingTurn = null;
        Launch(turn);
    }

    private void Launch(WaitingTurn turn) =>
        attentions!.RopeAndStore(View(turn.Queries), View(turn.Keys), View(turn.Values), step.Cache(turn.Plan, turn.Layout), step.Positions(turn.Plan), step.SequenceOf(turn.Plan),
            Angles(turn), OfHeads(turn.QueryNorm), OfHeads(turn.KeyNorm), turn.Shape);

    private HeadNorm OfHeads(NormSettings? norm) => new(norm, View(norm?.Gain));

    private ArrayView<float> Angles(WaitingTurn turn) => turn.Table is null ? nothing : AnglesOf(turn.Table).Reaching(Furthest(turn.Plan));

    // Attention that does what waits; false: nothing was done.
    private bool TryTurnAndAttend(Rows output, Rows queries, StepPlan plan, in CacheLayout layout, AttentionSettings settings)
    {
        if (waitingTurn is not { } turn || turn.Queries != queries || turn.Layout != layout || turn.Concerns(output.Buffer))
            return false;
        waitingTurn = null;
        CacheView cache = step.Cache(plan, layout);
        var prologue = new TurnsFirst(View(turn.Keys), View(turn.Values), cache, Angles(turn), OfHeads(turn.QueryNorm), OfHeads(turn.KeyNorm), turn.Shape);
        if (attentions!.TryDecode(View(output), Inputs(queries, plan, settings), cache, settings, plan.Count, Longest(plan), prologue))
            return true;
        waitingTurn = turn;
        return false;
    }
}
