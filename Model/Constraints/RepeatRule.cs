namespace Managed.Constraints;

/// <summary>Between `min` and `max` of an item, counted rather than written out.</summary>
internal sealed class RepeatRule(Rule item, int min, int max) : Rule
{
    public override void Enter(ParseStep step) => step.Go(new CountFrame(this, 0));

    private sealed class CountFrame(RepeatRule rule, int count) : Frame
    {
        private readonly RepeatRule rule = rule;
        private readonly int count = count;

        public override void Arrive(ParseStep step)
        {
            if (count >= rule.min)
                step.Complete();
            if (count < rule.max)
                step.Call(rule.Item, new CountFrame(rule, rule.max == Expression.Unbounded ? Math.Min(count + 1, rule.min) : count + 1));
        }

        public override bool Equals(object? other) => other is CountFrame frame && frame.rule == rule && frame.count == count;
        public override int GetHashCode() => HashCode.Combine(rule, count);
    }

    private readonly int min = min, max = max;
    private Rule Item { get; } = item;
}
