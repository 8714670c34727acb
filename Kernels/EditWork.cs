using Managed.Kernels.Edits;
using Managed.Kernels.Linear;

namespace Managed.Kernels;

/// <summary>Runs <see cref="IDevice.Edit"/>, sequence by sequence.</summary>
internal sealed unsafe class EditWork(WorkerRooms rooms) : RowsWork(rooms)
{
    private readonly WorkerRooms rooms = rooms;
    private Rows values;
    private StepPlan plan = null!;
    private int site;

    public EditWork Set(in Rows values, StepPlan plan, int site)
    {
        (this.values, this.plan, this.site) = (values, plan, site);
        Set(plan.SequenceCount, plan.SequenceCount > 1 ? (long)values.Count * values.Width : 0);
        return this;
    }

    /// <summary>Whether a user's own code is among the edits, which is for the caller's thread.</summary>
    public static bool HasCustoms(StepPlan plan)
    {
        for (int s = 0; s < plan.SequenceCount; s++)
            if (plan.Edits[s] is { Program.Customs.Length: > 0 })
                return true;
        return false;
    }

    /// <summary>Does all of it here and now.</summary>
    public void RunAlone()
    {
        for (int sequence = 0; sequence < plan.SequenceCount; sequence++)
            Do(sequence, 0);
    }

    // A sequence's tokens in their order: each may read what the one before it wrote.
    protected override void Do(int sequence, int worker)
    {
        if (plan.Edits[sequence] is not { } state || state.Program.At(site) is not { Count: > 0 } part)
            return;
        float* room = rooms[worker].Floats(values.Width);
        for (int token = plan.SequenceStart[sequence]; token < plan.SequenceStart[sequence + 1]; token++)
        {
            Lanes.Prefetch(values.Row(token), values.Width); // half of it was written by another core
            EditKernel.Run(values.Row(token), values.Width, plan.Positions[token], state, part, room);
        }
    }
}
