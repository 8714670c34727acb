namespace Managed.Constraints;

/// <summary>A schema, regex or grammar that cannot be used as a constraint; the message says where and why.</summary>
public sealed class ConstraintException : ArgumentException
{
    /// <summary>An error with its message.</summary>
    public ConstraintException(string message) : base(message) { }

    /// <summary>An error with its message and the error below it.</summary>
    public ConstraintException(string message, Exception inner) : base(message, inner) { }
}
