namespace ILGPU.Runtime.CPU;

/// <summary>A kernel failed on the CPU accelerator; the message names the kernel, the thread and the reason.</summary>
/// <param name="message">What happened.</param>
/// <param name="innerException">What the kernel threw.</param>
public sealed class CPUKernelException(string message, Exception? innerException) : AcceleratorException(message, innerException)
{
    /// <inheritdoc/>
    public override AcceleratorType AcceleratorType => AcceleratorType.CPU;
}
