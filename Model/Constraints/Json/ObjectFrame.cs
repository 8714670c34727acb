namespace Managed.Constraints.Json;

/// <summary>A place between the tokens of an object.</summary>
internal sealed class ObjectFrame : Frame
{
    private enum Place { Open, AfterName, Value, AfterValue, Name }

    private readonly ObjectProgress members;
    private readonly Place place;
    private readonly int label; // of the member whose value comes next
    private readonly int space;

    private ObjectFrame(ObjectProgress members, Place place, int label = 0, int space = 0) =>
        (this.members, this.place, this.label, this.space) = (members, place, label, space);

    /// <summary>After the opening brace.</summary>
    public static Frame Open(ObjectProgress members) => new ObjectFrame(members, Place.Open);

    /// <summary>After a member's name.</summary>
    public static Frame AfterName(ObjectProgress members, int label) => new ObjectFrame(members, Place.AfterName, label);

    public override void Arrive(ParseStep step)
    {
        if (place == Place.Value)
            step.Call(members.Shape.RuleOf(label), new ObjectFrame(members, Place.AfterValue));
    }

    public override void Read(byte value, ParseStep step)
    {
        if (place == Place.Value)
            return; // the value's own rule reads
        if (WhiteSpace.Is(value))
        {
            if (WhiteSpace.Next(space, value) is >= 0 and int next)
                step.Go(new ObjectFrame(members, place, label, next));
            return;
        }
        switch ((char)value, place)
        {
            case (':', Place.AfterName):
                step.Go(new ObjectFrame(members, Place.Value, label));
                break;
            case ('"', Place.Open or Place.Name) when members.CanOpenName:
                step.Go(members.Unknown > 0 ? UnknownFrame.Instance : NameFrame.Begin(members));
                break;
            case (',', Place.AfterValue) when members.CanOpenName:
                step.Go(new ObjectFrame(members, Place.Name));
                break;
            case ('}', Place.Open or Place.AfterValue) when members.CanClose:
                step.Go(EndFrame.Instance);
                break;
        }
    }

    public override bool Equals(object? other) =>
        other is ObjectFrame frame && (frame.place, frame.label, frame.space) == (place, label, space) && frame.members.Equals(members);

    public override int GetHashCode() => HashCode.Combine(members, place, label, space);

    /// <summary>A name begins while another's letters are not known: whether the two are equal cannot be said.</summary>
    private sealed class UnknownFrame : Frame
    {
        public static UnknownFrame Instance { get; } = new();

        public override void Arrive(ParseStep step) => step.Undetermined();
    }
}
