namespace Managed.Constraints;

/// <summary>One of several sequences of rules. Filled in after it is made, since grammars refer to themselves.</summary>
internal sealed class SequenceRule : Rule
{
    private Frame[] starts = [];

    /// <summary>Sets the sequences of which the rule derives one.</summary>
    public void Define(IEnumerable<IReadOnlyList<Rule>> sequences) =>
        starts = [.. sequences.Select(sequence => sequence.Reverse().Aggregate((Frame)EndFrame.Instance, (then, rule) => new CallFrame(rule, then)))];

    public override void Enter(ParseStep step)
    {
        foreach (var start in starts)
            step.Go(start);
    }

    private sealed class CallFrame(Rule rule, Frame then) : Frame
    {
        public override void Arrive(ParseStep step) => step.Call(rule, then);
    }
}
