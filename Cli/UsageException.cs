namespace Managed.Cli;

/// <summary>What the user gave cannot be used: what was found, what was expected.</summary>
internal sealed class UsageException(string message, Exception? cause = null) : Exception(message, cause);
