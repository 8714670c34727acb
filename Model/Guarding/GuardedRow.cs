using Managed.Cache;
using Managed.Kernels.Edits;
using Managed.Kernels.Guidance;
using Managed.Sampling;

namespace Managed;

/// <summary>
/// What a guard does to one row between steps: it decides before the answer, tries a few tokens, goes on with another head, answers
/// in the model's stead, and makes one set of scores of the lanes' logits.
/// </summary>
internal sealed class GuardedRow(CompiledGuard guard, GenerationRow row, RowLane[] lanes)
{
    private enum Phase
    {
        Deciding,
        PromptEnd,
        Piloting,
        Answering,
    }

    private readonly List<string> decisions = [];
    private readonly List<int> pilot = [];
    private readonly float[] scores = guard.Stages.Length > 0 ? new float[guard.Model.VocabularySize] : [];
    private Phase phase = guard.Decide is not null ? Phase.Deciding : guard.Flow.Count > 0 ? Phase.PromptEnd : Phase.Answering;
    private FlowRule? rule;

    /// <summary>What was decided, for the receipt.</summary>
    public IReadOnlyList<string> Decisions => decisions;

    /// <summary>The registers when the head or the answer was decided; null: nothing was.</summary>
    public IReadOnlyDictionary<string, double?>? Decided { get; private set; }

    /// <summary>The lanes that take part in the next step.</summary>
    public RowLane[] Lanes { get; private set; } = guard.Decide is null ? lanes : [lanes[0].With([.. lanes[0].Prompt, .. guard.DecideSuffix])];

    private Sequence Sequence => lanes[0].Sequence;

    private int PromptLength => row.PromptLength;

    // Tokens behind the prompt, those that are tried among them.
    private int NewCount => row.NewCount + pilot.Count;

    /// <summary>Looks at a step's result before a token is chosen. True: no token is to be chosen from it.</summary>
    public bool Intervene(in StepLogits logits)
    {
        switch (phase)
        {
            case Phase.Deciding:
                Decide();
                return true;
            case Phase.PromptEnd:
                phase = Phase.Answering;
                foreach (FlowRule candidate in guard.Flow)
                    if (Holds(candidate.When))
                    {
                        rule = candidate;
                        if (candidate.PilotTokens == 0)
                            return Follow();
                        phase = Phase.Piloting;
                        return Pilot(logits);
                    }
                return false;
            case Phase.Piloting:
                return Pilot(logits);
            default:
                return false;
        }
    }

    /// <summary>Whether the next token may be chosen where the logits lie.</summary>
    /// <param name="isElsewhere">They lie on a device, which has no windows.</param>
    public bool CanDescribe(bool isElsewhere)
    {
        if (phase != Phase.Answering || Lanes.Length != guard.Lanes.Count + 1 || Array.Exists(Lanes, lane => lane.Other is not null))
            return false;
        foreach (ref readonly LogitStage stage in guard.Stages.AsSpan())
            if (stage.Rounded == 1 || (isElsewhere && stage.Kind == LogitStageKind.Window && NewCount < stage.Tokens))
                return false;
        return true;
    }

    /// <summary>Puts the stages before the choice of the next token behind the newest choice.</summary>
    public void Describe(LogitChoices choices)
    {
        foreach (ref readonly LogitStage stage in guard.Stages.AsSpan())
            if (NewCount < stage.Tokens)
                choices.Add(stage, Lanes[stage.Lane].Place, guard.StageIds);
    }

    /// <summary>The scores that a token is chosen from.</summary>
    public ReadOnlySpan<float> Scores(in StepLogits logits)
    {
        ReadOnlySpan<float> own = logits.Row(Lanes[0].Place);
        bool mixed = false;
        foreach (ref readonly LogitStage stage in guard.Stages.AsSpan())
        {
            if (NewCount >= stage.Tokens)
                continue;
            if (!mixed)
                own.CopyTo(scores);
            mixed = true;
            LogitStages.Apply(stage, scores, stage.Lane == 0 ? own : Lanes[stage.Lane].LogitsIn(logits), guard.StageIds);
        }
        return mixed ? scores : own;
    }

    /// <summary>The logits that classifier-free guidance leads away from; empty: there is none.</summary>
    public ReadOnlySpan<float> Guidance(in StepLogits logits) => Lanes.Length > guard.Lanes.Count + 1 ? logits.Row(Lanes[^1].Place) : default;

    /// <summary>Why the row may not go on; null: nothing.</summary>
    public GuardException? Failure()
    {
        GuardPass? own = phase == Phase.Deciding ? guard.Decide : guard.Pass;
        if (own is not null && ReceiptWriter.Failure(guard.Name, own, Sequence.Edits) is { } failure)
            return failure;
        for (int lane = 0; lane < guard.Lanes.Count; lane++)
            if (guard.Lanes[lane].Pass is { } pass && lanes[lane + 1].Sequence.Edits is { HasFailed: true } edits
                && ReceiptWriter.Failure($"{guard.Name}, lane {guard.Lanes[lane].Name}", pass, edits) is { } beside)
                return beside;
        return null;
    }

    // The pass over the prompt has read what it was made for: its registers are given to the answer's pass.
    private void Decide()
    {
        EditState decided = Sequence.Edits!;
        EditState? state = guard.CreateState(PromptLength);
        if (state is not null)
            decided.Line(Sequence.Length - 1)[..guard.Pass!.Given].CopyTo(state.Line(-1));
        int first = state?.Program.FirstPosition(PromptLength) ?? PositionRule.Unbounded;
        Sequence.Truncate(Math.Min(Math.Min(first, PromptLength - 1), Sequence.Length));
        Sequence.Edits = state;
        decided.Dispose();
        decisions.Add($"decided in a pass of its own, {PromptLength - Sequence.Length} tokens again");
        Lanes = lanes;
        phase = guard.Flow.Count > 0 ? Phase.PromptEnd : Phase.Answering;
    }

    // Greedy tokens that nobody sees yet.
    private bool Pilot(in StepLogits logits)
    {
        bool ended = pilot.Count > 0 && row.Ends(pilot[^1]);
        if (!ended && pilot.Count < rule!.PilotTokens)
        {
            int id = LogitFunctions.IndexOfHighest(Scores(logits));
            pilot.Add(id);
            if (!row.Ends(id))
            {
                Lanes = Array.ConvertAll(lanes, lane => lane.With([.. lane.Prompt, .. pilot]));
                return true;
            }
        }
        int tried = pilot.Count;
        bool follow = Holds(rule!.Switch);
        decisions.Add($"pilot of {tried} tokens {(follow ? "discarded" : "kept")}");
        phase = Phase.Answering;
        Lanes = lanes;
        if (follow)
            return Follow();
        if (!row.Sampler.IsGreedy || row.Sampler.HasSteps || row.Constraint is not null || row.Options.Sampling.LogProbabilities is not null)
            return Again(); // its own way of choosing begins at the prompt's end
        foreach (int id in pilot)
            if (!row.IsDone)
                row.Take(id, double.NaN);
        pilot.Clear();
        return row.IsDone;
    }

    private bool Follow()
    {
        decisions.Add(rule!.Words);
        if (rule.Answer is not { } answer)
        {
            Sequence.Head = rule.Head;
            return Again();
        }
        foreach (int id in answer)
            if (!row.IsDone)
                row.Take(id, double.NaN);
        row.End(StopReason.Guard);
        return true;
    }

    // The prompt's last token once more: no second pass over the prompt.
    private bool Again()
    {
        pilot.Clear();
        foreach (RowLane lane in lanes)
            lane.Sequence.Truncate(lane.Prompt.Length - 1);
        return true;
    }

    private bool Holds(ConditionOp[] condition)
    {
        if (guard.Pass is { } pass && Sequence.Edits is { } edits)
            Decided = ReceiptWriter.Registers(pass, edits, Sequence.Length);
        if (condition.Length == 0)
            return true;
        unsafe
        {
            fixed (float* lines = guard.Model.Device.Span(Sequence.Edits!.Lines, 0, (int)Sequence.Edits.Lines.Length))
                return Conditions.Evaluate(condition, new StateLines(lines, Sequence.Edits.Program.Slots, Sequence.Length - 1, PromptLength)) != 0;
        }
    }
}
