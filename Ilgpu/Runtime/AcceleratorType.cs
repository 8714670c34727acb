namespace ILGPU.Runtime;

/// <summary>What kind of machine an accelerator is.</summary>
public enum AcceleratorType
{
    /// <summary>Managed code on the host's processor.</summary>
    CPU = 0,
    /// <summary>An NVIDIA GPU through the CUDA driver.</summary>
    Cuda = 1,
    /// <summary>Any device with an OpenCL driver.</summary>
    OpenCL = 2,
}

/// <summary>Something went wrong on an accelerator.</summary>
public abstract class AcceleratorException : Exception
{
    /// <summary>With no message.</summary>
    protected AcceleratorException()
    {
    }

    /// <summary>With a message.</summary>
    protected AcceleratorException(string message) : base(message)
    {
    }

    /// <summary>With a message and what caused it.</summary>
    protected AcceleratorException(string message, Exception? innerException) : base(message, innerException)
    {
    }

    /// <summary>The kind of accelerator.</summary>
    public abstract AcceleratorType AcceleratorType { get; }
}
