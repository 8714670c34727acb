using System.Numerics.Tensors;

namespace Managed.Kernels.Guidance;

/// <summary>
/// The choices of a step as parallel work. Of many choices each worker makes some; of few the workers share each one's vocabulary, in pieces
/// of a fixed size whose results are joined in their order, so that a choice is the same whoever makes it.
/// </summary>
internal sealed unsafe class LogitWork(int workers) : IParallelWork, IDisposable
{
    private const int Piece = LogSumExp.Piece;

    private readonly CpuBuffer?[] scores = new CpuBuffer?[workers]; // of a choice that has stages
    private LogSumExp.Part[] own = [], other = []; // of each piece
    private (float Score, int Id)[] best = []; // of each piece, or of each choice
    private LogitChoices choices = null!;
    private Rows logits;
    private int choice = -1; // whose vocabulary is shared; −1: choices are
    private int stage; // the stage that is next; behind the last one the greatest score is looked for
    private StageTotals totals; // for the stage before

    /// <summary>As <see cref="IDevice.TryBest"/>.</summary>
    public bool TryBest(WorkerPool pool, Span<int> tokens, Rows logits, LogitChoices choices)
    {
        if (choices.Count == 1 && choices.Stages.IsEmpty)
            return false; // the greatest of a row is found sooner than a worker is called
        (this.choices, this.logits) = (choices, logits);
        int pieces = (logits.Width + Piece - 1) / Piece;
        if (own.Length < pieces)
            (own, other) = (new LogSumExp.Part[pieces], new LogSumExp.Part[pieces]);
        if (best.Length < Math.Max(pieces, choices.Count))
            best = new (float, int)[Math.Max(pieces, choices.Count)];
        for (int i = 0; i < scores.Length; i++)
            if (scores[i] is not { } room || room.Length < logits.Width)
            {
                scores[i]?.Dispose();
                scores[i] = new CpuBuffer(logits.Width);
            }
        if (choices.Count >= 2 * workers)
        {
            choice = -1;
            pool.Run(this, workers);
            for (int i = 0; i < tokens.Length; i++)
                tokens[i] = Math.Max(best[i].Id, -1);
            return true;
        }
        for (int i = 0; i < tokens.Length; i++)
            tokens[i] = Shared(pool, i, pieces);
        return true;
    }

    public void Run(int index, int count)
    {
        if (choice >= 0)
        {
            int pieces = (logits.Width + Piece - 1) / Piece;
            for (int piece = pieces * index / count; piece < pieces * (index + 1) / count; piece++)
                RunPiece(piece, new Span<float>(scores[0]!.Data, logits.Width));
            return;
        }
        for (int i = choices.Count * index / count; i < choices.Count * (index + 1) / count; i++)
            best[i] = Whole(choices.All[i], new Span<float>(scores[index]!.Data, logits.Width));
    }

    private (float Score, int Id) Whole(in LogitChoice made, Span<float> room)
    {
        ReadOnlySpan<LogitStage> stages = StagesOf(made);
        ReadOnlySpan<float> result = Logits(made.Row);
        if (!stages.IsEmpty)
            result.CopyTo(room);
        foreach (ref readonly LogitStage step in stages)
            LogitStages.Apply(step, room, Logits(step.Lane), choices.Ids);
        return Best(stages.IsEmpty ? result : room, 0);
    }

    // Each time the workers meet, a stage has been applied, and what the next one has to know is known.
    private int Shared(WorkerPool pool, int wanted, int pieces)
    {
        LogitChoice made = choices.All[wanted];
        ReadOnlySpan<LogitStage> stages = StagesOf(made);
        foreach (ref readonly LogitStage step in stages)
            if (step.Kind == LogitStageKind.Window)
                return Whole(made, new Span<float>(scores[0]!.Data, logits.Width)).Id;
        choice = wanted;
        for (stage = 0; stage <= stages.Length; stage++)
        {
            pool.Run(this, workers);
            if (stage < stages.Length)
                totals = Join(stages[stage], pieces);
        }
        (float Score, int Id) first = best[0];
        for (int piece = 1; piece < pieces; piece++)
            if (first.Id < -1 || best[piece].Id < -1)
                return -1;
            else if (first.Id < 0 || (best[piece].Id >= 0 && best[piece].Score > first.Score))
                first = best[piece];
        return Math.Max(first.Id, -1);
    }

    private void RunPiece(int piece, Span<float> all)
    {
        LogitChoice made = choices.All[choice];
        ReadOnlySpan<LogitStage> stages = StagesOf(made);
        int from = piece * Piece, count = Math.Min(Piece, logits.Width - from);
        Span<float> part = all.Slice(from, count);
        if (stage > 0)
            LogitStages.ApplyTo(stages[stage - 1], part, Logits(stages[stage - 1].Lane).Slice(from, count), from, choices.Ids, totals);
        else if (!stages.IsEmpty)
            Logits(made.Row).Slice(from, count).CopyTo(part);
        if (stage == stages.Length)
            best[piece] = Best(stages.IsEmpty ? Logits(made.Row).Slice(from, count) : part, from);
        else if (stages[stage].Kind == LogitStageKind.Union)
            (own[piece], other[piece]) = (LogSumExp.RoundedPiece(part, part), LogSumExp.RoundedPiece(Logits(stages[stage].Lane).Slice(from, count), part));
        else if (stages[stage].Kind == LogitStageKind.Mix && stages[stage].Cut > 0)
            own[piece] = new LogSumExp.Part(TensorPrimitives.Max<float>(part), 0);
    }

    private StageTotals Join(in LogitStage step, int pieces)
    {
        LogSumExp.Part first = LogSumExp.Part.Empty, second = first;
        if (step.Kind == LogitStageKind.Union)
            for (int piece = 0; piece < pieces; piece++)
                (first, second) = (first.With(own[piece]), second.With(other[piece]));
        else if (step.Kind == LogitStageKind.Mix && step.Cut > 0)
            for (int piece = 0; piece < pieces; piece++)
                first = new LogSumExp.Part(Math.Max(first.Highest, own[piece].Highest), 0);
        return step.Kind == LogitStageKind.Union
            ? new StageTotals { Own = (float)first.Total, Other = (float)second.Total }
            : new StageTotals { Own = (float)first.Highest };
    }

    // The greatest score and the first token that has it; −1: none can come; −2: one is +∞ or not a number.
    private static (float Score, int Id) Best(ReadOnlySpan<float> values, int first)
    {
        float highest = TensorPrimitives.Max(values);
        if (float.IsNegativeInfinity(highest))
            return (highest, -1);
        return float.IsFinite(highest) ? (highest, first + values.IndexOf(highest)) : (0, -2);
    }

    private ReadOnlySpan<LogitStage> StagesOf(in LogitChoice made) => choices.Stages.Slice(made.FirstStage, made.StageCount);

    private ReadOnlySpan<float> Logits(int row) => new(logits.Row(row), logits.Width);

    public void Dispose()
    {
        foreach (CpuBuffer? buffer in scores)
            buffer?.Dispose();
    }
}
