using Managed.Kernels;
using Managed.Kernels.Guidance;

namespace Managed;

/// <summary>
/// Several texts that are generated together. Each step takes, in one pass through the model, the newest token of every
/// running row and as much of the prompts as fits beside them; rows join and end when they like. A row's bits do not
/// depend on its neighbours.
/// </summary>
internal sealed class GenerationBatch(LanguageModel model) : IDisposable
{
    /// <summary>Tokens of prompts that go through the model in one step; more steps give the same bits.</summary>
    public const int PromptChunk = 512;

    private readonly List<GenerationRun> all = [];
    private readonly List<PlainRun> together = [];
    private readonly List<SoloRun> alone = [];
    private readonly List<LateLanesRun> late = [];
    private readonly LateLanesStep lateStep = new(model);
    private readonly LogitChoices choices = new();
    private readonly List<(RowLane Lane, int Share)> beside = [], waiting = []; // lanes of other checkpoints in this step
    private StepInput[] inputs = new StepInput[2], inputsBeside = new StepInput[2];
    private RowLane[] placed = new RowLane[2]; // the lane of each of the inputs
    private int[] chosen = []; // tokens of the runs that are ready

    /// <summary>Every run that was added, in that order.</summary>
    public IReadOnlyList<GenerationRun> Runs => all;

    /// <summary>Takes a run in; it belongs to the batch from then on.</summary>
    public void Add(GenerationRun run)
    {
        all.Add(run);
        if (run.IsDone)
            Complete(run);
        else if (run is SoloRun solo)
            alone.Add(solo);
        else if (run is LateLanesRun look)
            late.Add(look);
        else
            together.Add((PlainRun)run);
    }

    /// <summary>Makes one step with all running rows. False: none is left.</summary>
    public bool Step()
    {
        StepTogether(Precision.Exact);
        StepTogether(Precision.Fast);
        if (late.Count > 0)
        {
            lateStep.Step(late, Precision.Exact);
            lateStep.Step(late, Precision.Fast);
        }
        foreach (SoloRun run in alone)
            try
            {
                run.Step();
            }
            catch (GenerationException failure)
            {
                run.Row.Fail(failure);
            }
        Retire(together);
        Retire(alone);
        Retire(late);
        return together.Count + alone.Count + late.Count > 0;
    }

    /// <summary>Ends all running rows; what they have is kept.</summary>
    public void Cancel()
    {
        foreach (GenerationRun run in all)
            run.Row.End(Sampling.StopReason.Cancelled);
        Retire(together);
        Retire(alone);
        Retire(late);
    }

    public void Dispose()
    {
        together.ForEach(run => run.Dispose());
        alone.ForEach(run => run.Dispose());
        late.ForEach(run => run.Dispose());
    }

    private void StepTogether(Precision precision)
    {
        int count = Collect(precision, out bool anyReady);
        StepBeside(precision);
        if (count == 0)
            return;
        model.Transformer.Precision = precision;
        Rows rows = model.Transformer.Forward(inputs.AsSpan(0, count), anyReady ? LogitsWanted.Last : LogitsWanted.None, model.Hooks);
        foreach (PlainRun run in together)
            if (run.Precision == precision)
                run.CheckGuard();
        if (!anyReady)
            return;
        bool isChosen = TryChoose(precision, rows);
        var logits = new StepLogits(model.Transformer, rows);
        if (!isChosen)
            model.Transformer.View(rows); // all that will be looked at in one copy
        foreach (PlainRun run in together)
            if (run.Precision == precision && !run.IsDone && run.IsReady)
                try
                {
                    if (!isChosen || !run.TryTake(chosen, choices))
                        run.Choose(logits);
                }
                catch (GenerationException failure)
                {
                    run.Row.Fail(failure);
                }
    }

    // Lanes of other checkpoints: for each of these a step of its own, whose logits are kept until the row's token is chosen.
    private void StepBeside(Precision precision)
    {
        while (beside.Count > 0)
        {
            LanguageModel other = beside[0].Lane.Other!;
            int count = 0;
            foreach ((RowLane Lane, int Share) item in beside)
            {
                if (item.Lane.Other != other)
                {
                    waiting.Add(item);
                    continue;
                }
                if (count == inputsBeside.Length)
                    Array.Resize(ref inputsBeside, count * 2);
                inputsBeside[count++] = new StepInput(item.Lane.Sequence, item.Lane.Pending(item.Share));
            }
            other.Transformer.Precision = precision;
            Span2D logits = other.Transformer.View(other.Transformer.Forward(inputsBeside.AsSpan(0, count), LogitsWanted.Last, other.Hooks));
            int row = 0;
            foreach ((RowLane lane, _) in beside)
                if (lane.Other == other)
                    lane.Keep(logits.Row(row++)[..model.VocabularySize]);
            beside.Clear();
            beside.AddRange(waiting);
            waiting.Clear();
        }
    }

    // Has the device choose the tokens of the runs that are ready, so that their logits stay there; false: it has chosen none.
    private bool TryChoose(Precision precision, Rows logits)
    {
        choices.Clear();
        foreach (PlainRun run in together)
            if (run.Precision == precision && !run.IsDone && run.IsReady)
                run.Describe(choices, model.Device.ListsTokens);
        if (choices.Count == 0)
            return false;
        if (chosen.Length < choices.Count)
            chosen = new int[2 * choices.Count];
        return model.Device.TryBest(chosen.AsSpan(0, choices.Count), logits, choices);
    }

    // The step's inputs; whether any row will have the logits for its next token.
    private int Collect(Precision precision, out bool anyReady)
    {
        int count = 0, budget = PromptChunk;
        anyReady = false;
        foreach (PlainRun run in together)
        {
            if (run.Precision != precision)
                continue;
            bool ready = true;
            foreach (RowLane lane in run.Lanes)
            {
                lane.Place = -1;
                int share = lane.Sequence.LongestStep(run.Share(lane, budget));
                ready &= !lane.IsNeeded || share == lane.PendingCount;
                if (share == 0)
                    continue;
                if (lane.Sequence.Length + share > (lane.Other ?? model).Transformer.LongestText)
                {
                    run.Row.End(Sampling.StopReason.ContextFull);
                    break;
                }
                if (lane.Other is not null)
                {
                    lane.Place = 0;
                    beside.Add((lane, share));
                    continue;
                }
                if (count == inputs.Length)
                {
                    Array.Resize(ref inputs, count * 2);
                    Array.Resize(ref placed, count * 2);
                }
                ReadOnlyMemory<int> tokens = lane.Pending(share);
                (inputs[count], placed[count]) = (new StepInput(lane.Sequence, tokens), lane);
                lane.Place = count++;
                if (share > 1)
                    budget -= tokens.Length;
            }
            anyReady |= ready && !run.IsDone;
        }
        SortByAdapter(count);
        return count;
    }

    // Sequences with the same adapter stand beside each other, in their order otherwise, so that it is applied to all of them at once.
    private void SortByAdapter(int count)
    {
        for (int next = 0; next < count;)
        {
            Adapter? adapter = inputs[next++].Sequence.Adapter;
            for (int i = next; i < count; i++)
            {
                if (inputs[i].Sequence.Adapter != adapter)
                    continue;
                if (i > next)
                {
                    Move(inputs, i, next);
                    Move(placed, i, next);
                }
                next++;
            }
        }
        for (int place = 0; place < count; place++)
            placed[place].Place = place;
    }

    private static void Move<T>(T[] items, int from, int to)
    {
        T item = items[from];
        Array.Copy(items, to, items, to + 1, from - to);
        items[to] = item;
    }

    private void Retire<TRun>(List<TRun> runs) where TRun : GenerationRun
    {
        for (int i = runs.Count - 1; i >= 0; i--)
            if (runs[i].IsDone)
            {
                Complete(runs[i]);
                runs.RemoveAt(i);
            }
    }

    private void Complete(GenerationRun run)
    {
        run.Complete();
        model.Note(run.Result!);
    }
}
