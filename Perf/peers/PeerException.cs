namespace Managed.Peers;

/// <summary>The other engine is missing, is another version than expected, or refused what it was given.</summary>
internal sealed class PeerException(string message) : Exception(message);
