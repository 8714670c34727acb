namespace Managed.Kernels;

/// <summary>A device could not do what was asked: what failed, on which device, and what to do.</summary>
public sealed class DeviceException(string message, Exception? cause = null) : Exception(message, cause);
