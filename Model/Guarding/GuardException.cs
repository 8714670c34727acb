namespace Managed;

/// <summary>A guard that cannot be used as it stands, or a row that it refused: what was found, what was expected, where.</summary>
public sealed class GuardException : Exception
{
    /// <param name="message">What was found, what was expected, where, what to do.</param>
    public GuardException(string message) : base(message)
    {
    }

    /// <param name="message">What was found, what was expected, where, what to do.</param>
    /// <param name="cause">What went wrong underneath.</param>
    public GuardException(string message, Exception cause) : base(message, cause)
    {
    }
}
