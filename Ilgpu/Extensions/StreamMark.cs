using ILGPU.Runtime;
#if !ILGPU_PACKAGE
using ILGPU.Runtime.Cuda;
#endif

namespace Managed.Ilgpu.Extensions;

/// <summary>
/// A moment in a stream that other streams are made to wait for, set again and again. On an NVIDIA GPU the device does the waiting; elsewhere
/// the host does, where the streams are different ones.
/// </summary>
public sealed class StreamMark : IDisposable
{
    private AcceleratorStream? _marked;
#if !ILGPU_PACKAGE
    private CudaEvent? _event;
#endif

    /// <summary>The mark is what the stream has been asked for so far.</summary>
    public void Set(AcceleratorStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _marked = stream;
#if !ILGPU_PACKAGE
        if (stream is CudaStream cuda)
        {
            (_event ??= new CudaEvent((CudaAccelerator)cuda.Accelerator)).Record(cuda);
        }
#endif
    }

    /// <summary>What a stream of the same accelerator is asked for from now on begins after the mark; at once where none was set.</summary>
    public void Hold(AcceleratorStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (_marked is null || _marked == stream)
        {
            return;
        }
#if !ILGPU_PACKAGE
        if (_event is not null && stream is CudaStream cuda)
        {
            cuda.WaitFor(_event);
            return;
        }
#endif
        _marked.Synchronize();
    }

    /// <summary>Frees the driver's event.</summary>
    public void Dispose()
    {
#if !ILGPU_PACKAGE
        _event?.Dispose();
        _event = null;
#endif
        _marked = null;
    }
}
