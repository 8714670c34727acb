namespace Managed;

/// <summary>A hook point's name that means nothing for the loaded model, or an edit that does not fit it: why, and what was probably meant.</summary>
public sealed class HookPointException(string message) : Exception(message);
