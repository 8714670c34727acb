using Managed.Cache;
using Managed.Kernels.Edits;

namespace Managed;

/// <summary>Makes a receipt of a row's state, and says what is wrong with the row.</summary>
internal static class ReceiptWriter
{
    /// <summary>What a guard did in a sequence as far as it was computed.</summary>
    public static GuardReceipt Write(CompiledGuard guard, Sequence sequence, IReadOnlyList<string> decisions, Exception? refusal, IReadOnlyDictionary<string, double?>? decided = null)
    {
        EditState? state = sequence.Edits;
        IReadOnlyDictionary<string, double?> registers = new Dictionary<string, double?>();
        var steps = new List<StepReceipt>();
        if (state is not null && (state.Program == guard.Pass?.Program ? guard.Pass : guard.Decide) is { } pass)
        {
            registers = Registers(pass, state, sequence.Length);
            for (int i = 0; i < pass.Lines.Count; i++)
                steps.Add(Step(pass.Lines[i], state, i, sequence.Length));
        }
        return new GuardReceipt { Guard = guard.Name, Steps = steps, Registers = registers, Decisions = decisions, Refused = refusal?.Message, Decided = decided ?? new Dictionary<string, double?>() };
    }

    /// <summary>A pass's registers behind so many tokens; one that nothing was written to is null.</summary>
    public static Dictionary<string, double?> Registers(GuardPass pass, EditState state, int length)
    {
        var registers = new Dictionary<string, double?>();
        ReadOnlySpan<float> last = state.Line(length - 1), given = state.Line(-1);
        for (int register = 0; register < pass.Registers.Count; register++)
        {
            float value = register < pass.Given ? given[register] : last[register];
            registers[pass.Registers[register]] = float.IsFinite(value) ? value : null;
        }
        return registers;
    }

    /// <summary>Why a row may not go on: numbers that are not finite, a user's code that threw. Null: nothing.</summary>
    public static GuardException? Failure(string guard, GuardPass pass, EditState? state)
    {
        if (state is not { HasFailed: true })
            return null;
        GuardLine line = pass.Lines[state.FailedInstruction];
        string where = $"guard {guard}, step {line.Step} ({line.Does}) at {line.At}, position {state.FailedPosition}";
        return state.FailureCause is { } cause
            ? new GuardException($"{where}: its code threw \"{cause.Message}\". The row is refused.", cause)
            : new GuardException($"{where}: found a number that is not finite, or a stream too large for float32; expected finite numbers. The row is refused.");
    }

    /// <summary>A step that was made for positions that never came; null: none.</summary>
    public static GuardException? Idle(string guard, GuardPass pass, Sequence sequence, int promptLength)
    {
        if (sequence.Edits is not { } state)
            return null;
        for (int i = 0; i < pass.Lines.Count; i++)
        {
            GuardLine line = pass.Lines[i];
            PositionRule rule = state.Program.Instructions[i].Positions;
            bool awaitsAnswer = rule.FirstFromPromptEnd == 1 && rule.First >= 0;
            if (line.AllowIdle || rule.FirstIn(promptLength) < sequence.Length || (awaitsAnswer && sequence.Length <= promptLength + rule.First))
                continue;
            return new GuardException(
                $"guard {guard}, step {line.Step} ({line.Does}) at {line.At}: it never acted, since none of its positions came in {sequence.Length} tokens; " +
                "expected it to act at least once. If that may be, give the step \"allow_idle\": true.");
        }
        return null;
    }

    private static StepReceipt Step(GuardLine line, EditState state, int index, int length)
    {
        EditInstruction op = state.Program.Instructions[index];
        int matched = 0, fired = 0, first = -1, last = -1;
        double sum = 0, most = 0;
        for (int position = 0; position < length; position++)
        {
            if (!op.Positions.Contains(position, state.PromptLength))
                continue;
            matched++;
            float moved = op.Kind == EditKind.Record ? 0 : state.Line(position)[op.Slot];
            if (float.IsNaN(moved))
                continue;
            fired++;
            first = first < 0 ? position : first;
            last = position;
            (sum, most) = (sum + moved, Math.Max(most, moved));
        }
        bool edit = !op.IsRead && fired > 0;
        return new StepReceipt(line.Step, line.At, line.Does, op.IsRead, matched, fired, first < 0 ? null : first, last < 0 ? null : last,
            edit && double.IsFinite(sum) ? sum / fired : null, edit && double.IsFinite(most) ? most : null);
    }
}
