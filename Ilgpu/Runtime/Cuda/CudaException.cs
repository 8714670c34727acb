namespace ILGPU.Runtime.Cuda;

/// <summary>The CUDA driver refused something, or a kernel failed.</summary>
public sealed class CudaException : AcceleratorException
{
    /// <summary>Without particulars.</summary>
    public CudaException()
    {
    }

    /// <summary>From what the driver returned.</summary>
    public CudaException(CudaError error)
        : this(CudaDriver.Installed?.Describe(error) ?? error.ToString()) => Code = error;

    /// <summary>With a message.</summary>
    public CudaException(string message) : base(message)
    {
    }

    /// <summary>With a message and a cause.</summary>
    public CudaException(string message, Exception innerException) : base(message, innerException)
    {
    }

    internal CudaException(CudaError error, string message) : base(message) => Code = error;

    /// <summary>What the driver returned.</summary>
    internal CudaError Code { get; } = CudaError.CUDA_ERROR_UNKNOWN;

    /// <summary>The name of what the driver returned.</summary>
    public string Error => Code.ToString();

    /// <inheritdoc/>
    public override AcceleratorType AcceleratorType => AcceleratorType.Cuda;

    /// <summary>Throws unless the call succeeded.</summary>
    public static void ThrowIfFailed(CudaError cudaStatus)
    {
        if (cudaStatus != CudaError.CUDA_SUCCESS)
        {
            throw new CudaException(cudaStatus);
        }
    }
}
