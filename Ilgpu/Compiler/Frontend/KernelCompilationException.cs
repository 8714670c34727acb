using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>A kernel uses something that cannot run on a device.</summary>
public sealed class KernelCompilationException : Exception
{
    internal KernelCompilationException(string kernel, string reason, SourceLocation? location)
        : base($"Kernel {kernel} cannot be compiled: {reason}" + (location is null ? "" : $" (in {location})"))
    {
        Reason = reason;
        Location = location?.ToString();
    }

    /// <summary>What is not supported and what to do instead.</summary>
    public string Reason { get; }

    /// <summary>The method, the IL offset and, where there are symbols, the line.</summary>
    public string? Location { get; }
}
