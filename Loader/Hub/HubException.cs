namespace Managed.Loader.Hub;

/// <summary>The hub refused, could not be reached, or sent something that is not what it announced.</summary>
public sealed class HubException : Exception
{
    /// <summary>Describes what went wrong and what to do about it.</summary>
    /// <param name="message">What was found, what was expected, what to do.</param>
    /// <param name="cause">The exception behind this one, if any.</param>
    public HubException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
