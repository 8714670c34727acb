using Managed.Kernels;

namespace Managed;

/// <summary>
/// A look of many rows whose lanes are looked at late: prompts, proposals and lanes of all of them go through the model together. A row that
/// has proposed all it may waits for the others, so that their lanes meet. A row's bits do not depend on its neighbours.
/// </summary>
internal sealed class LateLanesStep(LanguageModel model)
{
    private readonly List<LateLanesRun> running = []; // of the step
    private readonly List<LateLanesRun> proposing = [];
    private readonly List<Pass> passes = [], now = []; // to be made, and those of the newest pass through a model
    private StepInput[] inputs = new StepInput[2];

    /// <summary>Goes on with each of the rows: by a part of its prompts, or by a look.</summary>
    public void Step(List<LateLanesRun> runs, Precision precision)
    {
        running.Clear();
        foreach (LateLanesRun run in runs)
            if (run.Precision == precision && !run.IsDone)
                running.Add(run);
        Fill(precision);
        WithEach(static run => run.Begin());
        Propose(precision);
        Look(precision);
        WithEach(static run => run.Take());
    }

    // A row that fails does so alone.
    private void WithEach(Action<LateLanesRun> act)
    {
        foreach (LateLanesRun run in running)
            try
            {
                act(run);
            }
            catch (GenerationException failure)
            {
                run.Row.Fail(failure);
            }
    }

    // Parts of prompts, in all as many tokens as other rows' steps have; rows whose prompts are not all there are left out of the look.
    private void Fill(Precision precision)
    {
        int budget = GenerationBatch.PromptChunk;
        for (int i = running.Count - 1; i >= 0; i--)
        {
            LateLanesRun run = running[i];
            bool isFilled = true;
            for (int lane = 0; lane < run.Lanes.Length; lane++)
                if (run.Unfilled(run.Lanes[lane]) is > 0 and var missing)
                {
                    isFilled = false;
                    int share = run.Lanes[lane].Sequence.LongestStep(Math.Min(missing, budget));
                    if (share > 0)
                        passes.Add(new Pass(run, lane, run.Lanes[lane].Pending(share)));
                    budget -= share;
                }
            if (!isFilled)
                running.RemoveAt(i);
        }
        while (Forward(precision, LogitsWanted.None, out _) is not null)
            foreach (Pass pass in now)
                pass.Run.CheckGuard(pass.Run.Lanes[pass.Lane]);
    }

    private void Propose(Precision precision)
    {
        running.RemoveAll(static run => run.IsDone);
        proposing.Clear();
        proposing.AddRange(running);
        while (proposing.Count > 0)
        {
            foreach (LateLanesRun run in proposing)
                passes.Add(new Pass(run, 0, run.Newest));
            Span2D logits = Forward(precision, LogitsWanted.Last, out Rows rows)!.View(rows);
            proposing.Clear();
            for (int i = 0; i < now.Count; i++)
                try
                {
                    if (now[i].Run.Propose(logits.Row(i)))
                        proposing.Add(now[i].Run);
                }
                catch (GenerationException failure)
                {
                    now[i].Run.Row.Fail(failure);
                }
        }
        running.RemoveAll(static run => run.IsDone);
    }

    private void Look(Precision precision)
    {
        while (true)
        {
            foreach (LateLanesRun run in running)
                for (int lane = 1; lane < run.Lanes.Length; lane++)
                    if (run.Unseen(run.Lanes[lane]) is { IsEmpty: false } tokens)
                        passes.Add(new Pass(run, lane, tokens));
            if (passes.Count == 0)
                return;
            while (Forward(precision, LogitsWanted.All, out Rows rows) is { } by)
            {
                Span2D logits = by.View(rows);
                for (int i = 0; i < now.Count; i++)
                    if (!now[i].Run.IsDone)
                    {
                        (int first, int count) = by.RowsOf(i);
                        now[i].Run.Look(now[i].Lane, logits, first, count);
                    }
            }
            running.RemoveAll(static run => run.IsDone);
        }
    }

    // Those passes that one model makes, the first one's; null: there are none left.
    private Transformer? Forward(Precision precision, LogitsWanted wanted, out Rows rows)
    {
        now.Clear();
        rows = default;
        if (passes.Count == 0)
            return null;
        LanguageModel by = ModelOf(passes[0]);
        int left = 0;
        for (int i = 0; i < passes.Count; i++)
            if (ModelOf(passes[i]) == by)
                now.Add(passes[i]);
            else
                passes[left++] = passes[i];
        passes.RemoveRange(left, passes.Count - left);
        if (inputs.Length < now.Count)
            inputs = new StepInput[2 * now.Count];
        for (int i = 0; i < now.Count; i++)
            inputs[i] = new StepInput(now[i].Run.Lanes[now[i].Lane].Sequence, now[i].Tokens);
        by.Transformer.Precision = precision;
        rows = by.Transformer.Forward(inputs.AsSpan(0, now.Count), wanted, by.Hooks);
        return by.Transformer;
    }

    private LanguageModel ModelOf(in Pass pass) => pass.Run.Lanes[pass.Lane].Other ?? model;

    // What a lane of a row takes.
    private readonly record struct Pass(LateLanesRun Run, int Lane, ReadOnlyMemory<int> Tokens);
}
