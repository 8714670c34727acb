
namespace Managed.Constraints.Json;

/// <summary>JSON values of one schema: what may stand where a value begins. Filled in by the compiler once its schema is understood.</summary>
internal sealed class ValueRule : Rule
{
    /// <summary>Numbers, true, false and null, as they are written.</summary>
    public IReadOnlyList<TextRule> Plain { get; set; } = [];
    public IReadOnlyList<StringShape> Strings { get; set; } = [];
    public IReadOnlyList<ArrayShape> Arrays { get; set; } = [];
    public IReadOnlyList<ObjectShape> Objects { get; set; } = [];

    /// <summary>Whether any value satisfies the schema.</summary>
    public bool Satisfiable { get; set; }

    public override void Enter(ParseStep step) => step.Go(new BeginFrame(this, 0));

    /// <summary>White space, then the value's first byte.</summary>
    private sealed class BeginFrame(ValueRule rule, int space) : Frame
    {
        public override void Read(byte value, ParseStep step)
        {
            if (WhiteSpace.Is(value))
            {
                if (WhiteSpace.Next(space, value) is >= 0 and int next)
                    step.Go(new BeginFrame(rule, next));
                return;
            }
            switch ((char)value)
            {
                case '"':
                    foreach (var shape in rule.Strings)
                        step.Go(shape.Begin());
                    break;
                case '[':
                    foreach (var shape in rule.Arrays)
                        step.Go(shape.Begin());
                    break;
                case '{':
                    foreach (var shape in rule.Objects)
                        step.Go(shape.Begin());
                    break;
                default:
                    foreach (var plain in rule.Plain)
                        plain.Begin(value, step);
                    break;
            }
        }

        private (ValueRule, int) Key => (rule, space);
        public override bool Equals(object? other) => other is BeginFrame frame && frame.Key == Key;
        public override int GetHashCode() => HashCode.Combine(rule, space);
    }
}
