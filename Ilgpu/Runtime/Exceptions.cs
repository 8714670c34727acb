namespace ILGPU;

/// <summary>A function that exists inside kernels only was called outside, or the other way round.</summary>
/// <param name="message">What was called.</param>
public sealed class InvalidKernelOperationException(string message) : InvalidOperationException(message);

/// <summary>The device lacks something that the kernel needs.</summary>
/// <param name="message">What is lacking.</param>
public sealed class CapabilityNotSupportedException(string message) : Exception(message);
