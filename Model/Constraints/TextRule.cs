namespace Managed.Constraints;

/// <summary>The texts that an automaton accepts, read as UTF-8.</summary>
internal sealed class TextRule : Rule
{
    private readonly Dfa dfa;
    private readonly TextFrame?[] frames; // the frames between code points, made once

    public TextRule(Dfa dfa)
    {
        this.dfa = dfa;
        frames = new TextFrame?[dfa.States];
    }

    public override void Enter(ParseStep step)
    {
        if (!dfa.IsEmpty)
            step.Go(At(dfa.Start));
    }

    /// <summary>Reads the first byte of a text on behalf of a rule that begins with it.</summary>
    public void Begin(byte value, ParseStep step)
    {
        if (!dfa.IsEmpty)
            At(dfa.Start).Read(value, step);
    }

    private TextFrame At(int state) => frames[state] ??= new(this, state, default);

    private sealed class TextFrame(TextRule rule, int state, CodePointDecoder decoder) : Frame
    {
        public override void Arrive(ParseStep step)
        {
            if (!decoder.IsPartial && rule.dfa.Accepts(state))
                step.Complete();
        }

        public override void Read(byte value, ParseStep step)
        {
            if (!decoder.Take(value, out var next, out int first, out int last))
                return;
            if (!next.IsPartial)
            {
                if (rule.dfa.Step(state, first) is var to and not Dfa.Dead)
                    step.Go(rule.At(to));
            }
            else if (rule.dfa.CanRead(state, first, last))
                step.Go(new TextFrame(rule, state, next));
        }

        private (TextRule, int, CodePointDecoder) Key => (rule, state, decoder);
        public override bool Equals(object? other) => other is TextFrame frame && frame.Key == Key;
        public override int GetHashCode() => HashCode.Combine(state, decoder);
    }
}
