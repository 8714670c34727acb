namespace Managed.Constraints.Json;

/// <summary>A place inside a member's name.</summary>
internal sealed class NameFrame : Frame
{
    private readonly ObjectProgress members;
    private readonly int state;
    private readonly JsonTextDecoder decoder;
    private readonly NameSet.NameRange same; // the members' names that begin alike
    private readonly string? name;           // the letters so far; null where they are left open

    private NameFrame(ObjectProgress members, int state, JsonTextDecoder decoder, NameSet.NameRange same, string? name) =>
        (this.members, this.state, this.decoder, this.same, this.name) = (members, state, decoder, same, name);

    /// <summary>After the opening quote.</summary>
    public static Frame Begin(ObjectProgress members) => new NameFrame(members, members.Shape.Names.Start, default, members.Others.All, "");

    public override Frame WithoutName => name is null ? this : new NameFrame(members, state, decoder, same, null);

    public override void Read(byte value, ParseStep step)
    {
        var shape = members.Shape;
        if (!decoder.IsPartial && value == '"')
        {
            if (shape.Names.Label(state) is var label and not Dfa.Dead && shape.CanAfford(members, label) && members.With(label, name, same) is { } more)
                step.Go(ObjectFrame.AfterName(more, label));
        }
        else if (decoder.Take(value, out var next, out var reach))
        {
            if (!next.IsPartial)
            {
                int to = shape.Names.Step(state, reach.First);
                var range = same.Step(reach.First);
                if (shape.CanName(members, to, range, 0))
                    step.Go(new NameFrame(members, to, default, range, name is null ? null : name + char.ConvertFromUtf32(reach.First)));
            }
            else if (shape.CanReadName(members, state, same, reach.First, reach.Last) || shape.CanReadName(members, state, same, reach.SecondFirst, reach.SecondLast))
                step.Go(new NameFrame(members, state, next, same, name));
        }
    }

    private (int, JsonTextDecoder, NameSet.NameRange) Key => (state, decoder, same);
    public override bool Equals(object? other) =>
        other is NameFrame frame && frame.name == name && frame.Key == Key && frame.members.Equals(members);
    public override int GetHashCode() => HashCode.Combine(members, state, decoder, name);
}
