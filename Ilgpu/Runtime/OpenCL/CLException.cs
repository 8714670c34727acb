namespace ILGPU.Runtime.OpenCL;

/// <summary>An OpenCL call failed, or a kernel did not build.</summary>
public sealed class CLException : AcceleratorException
{
    /// <summary>Without particulars.</summary>
    public CLException()
    {
    }

    /// <summary>With a message.</summary>
    public CLException(string message)
        : base(message)
    {
    }

    /// <summary>With a message and a cause.</summary>
    public CLException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal CLException(CLError error, string message)
        : base(message) => Error = error;

    /// <summary>The driver's code.</summary>
    public CLError Error { get; }

    /// <inheritdoc/>
    public override AcceleratorType AcceleratorType => AcceleratorType.OpenCL;

    /// <summary>Throws if a call failed; the message says what was tried and what the code means.</summary>
    internal static void ThrowIfFailed(int code, string attempt)
    {
        if (code != 0)
        {
            throw new CLException((CLError)code, $"OpenCL could not {attempt}: {Explain((CLError)code)}");
        }
    }

    internal static string Explain(CLError error) => error switch
    {
        CLError.CL_MEM_OBJECT_ALLOCATION_FAILURE => $"{error} ({(int)error}): the device's memory does not suffice.",
        CLError.CL_OUT_OF_RESOURCES => $"{error} ({(int)error}): the device has not enough registers, local memory or memory.",
        CLError.CL_OUT_OF_HOST_MEMORY => $"{error} ({(int)error}): the driver found no host memory.",
        CLError.CL_INVALID_BUFFER_SIZE => $"{error} ({(int)error}): the size is above what the device allows for one buffer.",
        CLError.CL_INVALID_WORK_GROUP_SIZE => $"{error} ({(int)error}): the group has more threads than the device or this kernel allows.",
        CLError.CL_INVALID_WORK_ITEM_SIZE => $"{error} ({(int)error}): the group is larger in one dimension than the device allows.",
        _ => $"{(Enum.IsDefined(error) ? error.ToString() : "error")} ({(int)error}).",
    };
}
