namespace Managed.Constraints;

/// <summary>
/// A place inside a rule: what may be read there, which rules may be called, whether the rule may end. Immutable;
/// two parses whose frames are equal are one parse.
/// </summary>
internal abstract class Frame
{
    /// <summary>What can happen before the next byte is read: calls, jumps, the end of the rule.</summary>
    public virtual void Arrive(ParseStep step) { }

    /// <summary>Goes to the frames that follow once a byte is read; to none if the byte does not fit.</summary>
    public virtual void Read(byte value, ParseStep step) { }

    /// <summary>The same place in an object's member name, less the letters of the name: see <see cref="ParseNode.Nameless"/>.</summary>
    public virtual Frame WithoutName => this;
}

/// <summary>A rule has ended.</summary>
internal sealed class EndFrame : Frame
{
    public static EndFrame Instance { get; } = new();

    public override void Arrive(ParseStep step) => step.Complete();
}

/// <summary>Something that derives texts: a grammar's rule, a schema's value, a text that an automaton accepts.</summary>
internal abstract class Rule
{
    /// <summary>Goes to the frames with which the rule begins.</summary>
    public abstract void Enter(ParseStep step);
}
