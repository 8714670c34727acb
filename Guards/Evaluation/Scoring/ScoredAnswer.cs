using Managed.Kernels.Guidance;

namespace Managed.Guards.Evaluation;

/// <summary>
/// An answer that is given, as a model scores it. With a guard, its row and its lanes read the answer behind their prompts, and the
/// guard's stages make one set of scores of their logits, as they do where an answer is written.
/// </summary>
internal sealed class ScoredAnswer : IDisposable
{
    private readonly CompiledGuard? guard;
    private readonly LogitRun[] runs; // the row, then the guard's lanes
    private readonly int[][] texts; // the last token of each one's prompt, then the answer
    private int done;

    private ScoredAnswer(CompiledGuard? guard, (LogitSource Source, int[] Prompt)[] rows, int[] answer)
    {
        this.guard = guard;
        runs = [.. rows.Select(row => row.Source.Begin(row.Prompt.Length + answer.Length))];
        texts = [.. rows.Select(row => (int[])[row.Prompt[^1], .. answer])];
        for (int i = 0; i < runs.Length; i++)
            runs[i].Skip(rows[i].Prompt.AsSpan(0, rows[i].Prompt.Length - 1));
    }

    /// <summary>Why a guard's scores of a given answer cannot be had; null: they can.</summary>
    /// <param name="guard">The guard.</param>
    /// <param name="isChat">Whether the answer stands behind a conversation, from which lanes with a system message get their prompts.</param>
    public static string? Refusal(CompiledGuard guard, bool isChat) =>
        guard.Flow.Count > 0 || guard.Decide is not null ? "not measured: its decisions need an answer that is being written"
        : !isChat && guard.Lanes.Any(lane => lane.System is not null) ? "not measured: its lane's system message needs a conversation"
        : null;

    /// <summary>By a model without lanes.</summary>
    public static ScoredAnswer Of(LogitSource source, int[] prompt, int[] answer) => new(null, [(source, prompt)], answer);

    /// <summary>By a guard.</summary>
    /// <param name="guard">The guard.</param>
    /// <param name="adapter">What acts in its row besides; null: nothing.</param>
    /// <param name="prompt">The row's prompt.</param>
    /// <param name="lanePrompts">Prompts of lanes that have their own; null: none has.</param>
    /// <param name="answer">The answer.</param>
    public static ScoredAnswer Of(CompiledGuard guard, Adapter? adapter, int[] prompt, IReadOnlyDictionary<string, IReadOnlyList<int>>? lanePrompts, int[] answer)
    {
        Adapter? own = guard.Adapter is not { } also ? adapter : adapter is null ? also : Adapter.Together(adapter, also);
        var row = new GuardLane("", guard.Pass, own, guard.Head, null);
        return new ScoredAnswer(guard,
        [
            (new LogitSource(guard.Model) { Lane = row, PromptLength = prompt.Length }, prompt),
            .. guard.Lanes.Select(lane =>
            {
                int[] its = lanePrompts?.GetValueOrDefault(lane.Name)?.ToArray() ?? prompt;
                return (new LogitSource(lane.Model ?? guard.Model) { Lane = lane, PromptLength = its.Length }, its);
            }),
        ], answer);
    }

    /// <summary>The scores before each of the next tokens of the answer, [tokens, vocabulary].</summary>
    /// <param name="count">At most <see cref="LogitRun.Chunk"/>.</param>
    public float[] Next(int count)
    {
        float[][] logits = [.. runs.Select((run, i) => run.Next(texts[i].AsSpan(done, count)).ToArray())];
        if (guard?.Stages.Length > 0)
        {
            int vocabulary = logits[0].Length / count;
            float[] scores = [.. logits[0]];
            for (int i = 0; i < count; i++)
                foreach (ref readonly LogitStage stage in guard.Stages.AsSpan())
                    if (done + i < stage.Tokens)
                        LogitStages.Apply(stage, scores.AsSpan(i * vocabulary, vocabulary), logits[stage.Lane].AsSpan(i * vocabulary, vocabulary), guard.StageIds);
            logits[0] = scores;
        }
        done += count;
        return logits[0];
    }

    public void Dispose() => Array.ForEach(runs, run => run.Dispose());
}
