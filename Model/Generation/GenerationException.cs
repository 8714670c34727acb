namespace Managed;

/// <summary>A text that cannot be generated or continued; the message says why and what to do.</summary>
public sealed class GenerationException : Exception
{
    /// <summary>An error with its message.</summary>
    public GenerationException(string message) : base(message) { }

    /// <summary>An error with its message and the error below it.</summary>
    public GenerationException(string message, Exception inner) : base(message, inner) { }
}
