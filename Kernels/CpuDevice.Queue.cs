using Managed.Kernels.Experts;
using Managed.Kernels.Linear;

namespace Managed.Kernels;

/// <content>How operations of a short step wait for each other, and which are done together.</content>
internal sealed unsafe partial class CpuDevice
{
    private readonly WorkStore<LinearWork> linears;
    private readonly WorkStore<RoundingWork> roundings;
    private readonly WorkStore<AttentionWork> attentions;
    private readonly WorkStore<TokenAttention> tokenAttentions;
    private readonly WorkStore<NormWork> norms;
    private readonly WorkStore<RotateWork> rotations;
    private readonly WorkStore<EditWork> edits;
    private readonly VectorAdds adds = new();
    private readonly WorkStore<VectorAddsNote> notes;
    private readonly WorkStore<AddWork> additions;
    private readonly WorkStore<ScaleWork> scalings;
    private readonly WorkStore<ActivateWork> activations;
    private readonly WorkStore<KeepWork> keeps;
    private readonly WorkStore<ExpertInputWork> gathers;
    private readonly WorkStore<ExpertWork> experts;
    private readonly WorkStore<CombineWork> combinations;
    private (Rows Output, Rows Input, NormSettings Settings)? waitingNorm; // which the layer behind it may do
    private RotateWork? waitingRotation; // which the attention behind it may do
    private IQueuedWork? held, heldRider; // the last operation, until it is known what follows it
    private KeepWork? waitingKeep; // which somebody may do while others begin with the layer behind it
    private int queueingThread; // the thread whose step is queued; 0: none

    public void Synchronize()
    {
        if (queueingThread == Environment.CurrentManagedThreadId)
        {
            QueueWaiting();
            QueueNotes();
            QueueHeld();
            queue.Settle();
        }
    }

    // For whoever needs the pool.
    private void Finish()
    {
        Synchronize();
        queue.Finish();
    }

    public Rows Step(StepPlan plan, in CacheLayout layout, StepKey? key, Func<Rows> operations)
    {
        // Where no layer was worth a call to others the time before, they would only look on.
        bool isWorthIt = (rooms.Greatest > rooms.ToBeCalled || rooms.ToBeCalled == 0) && plan.Count <= LinearArguments.TokenBlock;
        rooms.Greatest = 0;
        if (!isWorthIt)
            return operations();
        bool isDone = false;
        queueingThread = Environment.CurrentManagedThreadId;
        rooms.AreQueueing = true;
        adds.Begin(plan);
        try
        {
            Rows results = operations();
            Finish();
            isDone = true;
            return results;
        }
        finally
        {
            (waitingNorm, waitingRotation, waitingKeep, held, heldRider) = (null, null, null, null, null);
            if (!isDone)
                queue.Abandon();
            adds.End();
            queueingThread = 0;
            rooms.AreQueueing = false;
            ResetStores();
        }
    }

    private bool IsQueueing => queueingThread != 0;

    private void Queue(IQueuedWork work)
    {
        QueueWaiting();
        Queue(work, rider: null);
    }

    private void Queue(IQueuedWork work, IQueuedWork? rider)
    {
        if (IsQueueing)
        {
            if (held is not null && work.Parts == 1 && rider is null)
            {
                QueueHeld(follower: work);
                return;
            }
            QueueHeld();
            (held, heldRider) = (work, rider);
            return;
        }
        if (work.Parts == 1)
            work.Run(0, 0);
        else
        {
            queue.Add(work);
            queue.Finish();
        }
        ResetStores();
    }

    private void QueueHeld(IQueuedWork? follower = null)
    {
        if (held is not null)
            queue.Add(held, heldRider, follower);
        (held, heldRider) = (null, null);
    }

    // What the next operation does not do itself.
    private void QueueWaiting()
    {
        QueueKeep();
        QueueNormAndRotation();
    }

    private void QueueKeep()
    {
        if (waitingKeep is not { } keep)
            return;
        waitingKeep = null;
        Queue(keep, rider: null);
    }

    private void QueueNormAndRotation()
    {
        if (waitingNorm is { } norm)
        {
            waitingNorm = null;
            Queue(norms.Next().Set(norm.Output, norm.Input, norm.Settings), rider: null);
        }
        if (waitingRotation is { } rotation)
        {
            waitingRotation = null;
            Queue(rotation, rider: null);
        }
    }

    private void ResetStores()
    {
        linears.Reset();
        roundings.Reset();
        attentions.Reset();
        tokenAttentions.Reset();
        norms.Reset();
        rotations.Reset();
        edits.Reset();
        notes.Reset();
        additions.Reset();
        scalings.Reset();
        activations.Reset();
        gathers.Reset();
        experts.Reset();
        combinations.Reset();
        keeps.Reset(static work => work.Forget());
    }

    private void Queue(KeepWork work)
    {
        QueueWaiting();
        if (IsQueueing && work.Parts == 1)
            waitingKeep = work;
        else
            Queue(work, rider: null);
    }

    // With the norm that makes its input, where that waits and the layer leaves alone what is normed; and with what is to be kept, likewise.
    private void Queue(LinearWork work, in Rows input)
    {
        if (waitingKeep is { } kept && work.Writes(kept.Buffer))
            QueueKeep();
        if (waitingNorm is { } norm && norm.Output == input && !work.Writes(norm.Input.Buffer))
        {
            waitingNorm = null;
            work.Norm(norm.Input, norm.Settings);
        }
        else
            QueueNormAndRotation();
        Round(work, input);
        IQueuedWork? rider = waitingKeep;
        waitingKeep = null;
        if (rider is null && adds.IsOver)
            rider = TakeNote();
        Queue(work, rider);
    }

    // The layer's input is rounded by those who make it, where they still can; by another operation, where tokens are many; or by the layer itself.
    private void Round(LinearWork work, in Rows input)
    {
        if (work.IsFast && !work.Norms && held is IRoundingWork)
        {
            (rounded, roundedBefore) = (roundedBefore, rounded);
            QuantisedInput made = RoundedMemory(input);
            if (held is IRoundingWork maker && maker.TryRound(input, made)) // new memory takes until what is queued is done, and that as well
                work.TakeRounded(made);
        }
        if (!work.WantsRounded)
            return;
        QuantisedInput values = RoundedMemory(input);
        work.TakeRounded(values);
        Queue(roundings.Next().Set(input, values));
    }

    // Vectors that are added to what the last layer makes need no operation of their own.
    private bool TryAddInLayer(in Rows values, int site)
    {
        QueueWaiting();
        if (held is not LinearWork layer || !layer.AddsTo(values) || adds.Give(values.Width, site) is var vectors && vectors is null)
            return false;
        layer.Add(vectors);
        return true;
    }

    private void QueueNotes()
    {
        if (TakeNote() is { } note)
            Queue(note, rider: null);
    }

    private VectorAddsNote? TakeNote() => adds.Announce() is > 0 and int layers ? notes.Next().Set(layers) : null;

    private QuantisedInput RoundedMemory(in Rows input)
    {
        if (!rounded.Fits(input.Count, input.Width))
            Synchronize();
        return rounded.For(input.Count, input.Width);
    }
}
