using Managed.Cache;
using Managed.Constraints;
using Managed.Kernels;
using Managed.Sampling;

namespace Managed;

/// <summary>
/// Beam search with a model: each running text is a fork of the cache, all of them take their newest token in one step,
/// and <see cref="BeamSearch"/> says which go on. A guard goes with each text; where it refuses one, it refuses the row.
/// </summary>
internal sealed class BeamRun : SoloRun
{
    private readonly LanguageModel model;
    private readonly Sequence prompt; // without its last token until the first step
    private readonly bool owned;
    private readonly BeamSearch search;
    private readonly bool rescores; // a chain of steps or a constraint changes the scores
    private Sequence[] sequences = []; // of the running texts
    private Sequence? chosen; // of the text that became the row's; null: it was not computed once more
    private int[][] texts; // prompt and new tokens of each
    private ConstraintState[] states;
    private readonly StepInput[] inputs;

    public BeamRun(GenerationRow row, Precision precision, int cachedTokens, LanguageModel model, Sequence prompt, bool owned, IReadOnlyCollection<int> endTokens)
        : base(row, precision, cachedTokens)
    {
        this.model = model;
        this.prompt = prompt;
        this.owned = owned;
        GenerationOptions options = row.Options;
        search = new BeamSearch(new BeamSearchOptions
        {
            Beams = options.Beams,
            LengthPenalty = options.LengthPenalty,
            EarlyStopping = options.EarlyStopping,
            MaxNewTokens = options.MaxTokens,
            EndTokens = endTokens,
        });
        rescores = row.Sampler.HasSteps || row.Constraint is not null;
        texts = [row.Ids.ToArray()];
        states = [row.State];
        inputs = new StepInput[options.Beams];
    }

    public override void Step()
    {
        model.Transformer.Precision = Precision;
        int pending = Row.PromptLength - prompt.Length;
        if (pending > 1)
        {
            ReadOnlyMemory<int> chunk = Row.From(prompt.Length)[..prompt.LongestStep(Math.Min(pending - 1, GenerationBatch.PromptChunk))];
            model.Transformer.Forward([new StepInput(prompt, chunk)], LogitsWanted.None, model.Hooks);
            GuardChecks.Refuse(Row, prompt);
            return;
        }
        if (sequences.Length == 0)
            sequences = [prompt.Fork()];
        if (sequences[0].Length >= model.Transformer.LongestText)
        {
            Adopt(StopReason.ContextFull);
            return;
        }
        for (int beam = 0; beam < search.Running; beam++)
            inputs[beam] = new StepInput(sequences[beam], texts[beam].AsMemory(texts[beam].Length - 1));
        Rows rows = model.Transformer.Forward(inputs.AsSpan(0, search.Running), LogitsWanted.Last, model.Hooks);
        for (int beam = 0; beam < search.Running; beam++)
            if (GuardChecks.Refuse(Row, sequences[beam]))
                return;
        Span2D logits = model.Transformer.View(rows);
        for (int beam = 0; rescores && beam < search.Running; beam++)
            Rescore(logits.Row(beam), beam);
        Func<int, int, bool>? ends = Row.Options.StopStrings.Count > 0 || Row.Constraint is not null ? EndsText : null;
        search.Advance(logits.Packed, rescores, ends);
        if (search.IsDone)
            Adopt(Row.Constraint is not null && search.Finished.Count == 0 ? StopReason.Constraint : StopReason.Length);
        else
            GoOn();
    }

    public override void Dispose()
    {
        foreach (Sequence sequence in sequences)
            sequence.Dispose();
        sequences = [];
        chosen?.Dispose();
        if (owned)
            prompt.Dispose();
    }

    protected override void Close()
    {
        if (Row.NewCount == 0 && Row.Failure is null)
            Adopt(Row.Reason); // cancelled: the best there is
        GuardChecks.RefuseIdle(Row, chosen ?? prompt);
    }

    protected override GenerationResult Finish(GenerationResult result) => GuardChecks.WithReceipt(result, Row, chosen ?? prompt) with
    {
        Beams = [.. Best().Take(Row.Options.ReturnedBeams).Select(beam => new BeamText(beam.Ids, TextOf(beam.Ids).ToString(), beam.Score, beam.LogProbability))],
    };

    private IEnumerable<FinishedBeam> Best() => search.IsDone ? search.Finished : search.Finished.Concat(search.Unfinished());

    // log p, then the chain's changes to it; nothing is renormalised.
    private void Rescore(Span<float> row, int beam)
    {
        double total = LogitFunctions.LogSumExp(row);
        foreach (ref float logit in row)
            logit = (float)(logit - total);
        ReadOnlySpan<ulong> allowed = Row.Constraint is null ? default : Row.Constraint.Allowed(states[beam]);
        if (Row.Constraint is not null && allowed.IsEmpty)
            row.Fill(float.NegativeInfinity);
        else
            Row.Sampler.Rescore(row, texts[beam], Row.PromptLength, allowed);
    }

    // Besides end tokens: a stop string, or a constraint that is met and allows nothing more.
    private bool EndsText(int beam, int token)
    {
        if (Row.Options.StopStrings.Count > 0 && TextOf([.. texts[beam].AsSpan(Row.PromptLength), token]).IsStopped)
            return true;
        if (Row.Constraint is not { } constraint)
            return false;
        ConstraintState state = constraint.After(states[beam], token);
        return state.IsAccepting && constraint.Allowed(state).IsEmpty;
    }

    // A text that runs on takes its parent's sequence over, or a fork where others need it too.
    private void GoOn()
    {
        int running = search.Running;
        ReadOnlySpan<int> parents = search.Parents, tokens = search.Tokens;
        var children = new int[sequences.Length];
        foreach (int parent in parents)
            children[parent]++;
        for (int beam = 0; beam < sequences.Length; beam++)
            if (children[beam] == 0)
                sequences[beam].Dispose();
        var nextSequences = new Sequence[running];
        var nextTexts = new int[running][];
        var nextStates = new ConstraintState[running];
        for (int beam = 0; beam < running; beam++)
        {
            int parent = parents[beam];
            nextSequences[beam] = --children[parent] == 0 ? sequences[parent] : sequences[parent].Fork();
            nextTexts[beam] = [.. texts[parent], tokens[beam]];
            nextStates[beam] = Row.Constraint is null ? default : Row.Constraint.After(states[parent], tokens[beam]);
        }
        (sequences, texts, states) = (nextSequences, nextTexts, nextStates);
    }

    // The best text becomes the row's.
    private void Adopt(StopReason reason)
    {
        if (Best().FirstOrDefault() is { } best)
        {
            if (Row.Options.Sampling.LogProbabilities is not null || Row.Options.Guard is not null)
                TakeAgain(best.Ids);
            else
                foreach (int id in best.Ids)
                    Row.Take(id, double.NaN);
        }
        Row.End(reason);
    }

    // Log-probabilities and the guard's receipt come of computing it once more, in as few steps as may be: the same bits.
    private void TakeAgain(int[] ids)
    {
        chosen = prompt.Fork();
        int[] tokens = [.. Row.Ids[^1..], .. ids[..^1]];
        for (int done = 0, count; done < ids.Length; done += count)
        {
            count = chosen.LongestStep(ids.Length - done);
            Rows rows = model.Transformer.Forward([new StepInput(chosen, tokens.AsMemory(done, count))], LogitsWanted.All, model.Hooks);
            Span2D logits = model.Transformer.View(rows.Slice(rows.Count - count, count));
            for (int i = 0; i < count; i++)
                Row.Take(ids[done + i], Row.Options.Sampling.LogProbabilities is null ? double.NaN : Row.Sampler.Report(ids[done + i], logits.Row(i)));
        }
    }

    private AnswerText TextOf(ReadOnlySpan<int> ids)
    {
        AnswerText text = model.CreateText(Row.Ids[..Row.PromptLength], Row.Options);
        foreach (int id in ids)
            if (!Row.Ends(id))
                text.Append(id);
        text.Flush();
        return text;
    }
}
