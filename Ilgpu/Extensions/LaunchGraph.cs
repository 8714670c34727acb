using ILGPU.Runtime;
#if !ILGPU_PACKAGE
using ILGPU.Runtime.Cuda;
#endif

namespace Managed.Ilgpu.Extensions;

/// <summary>
/// A row of launches, copies and fills, put into a stream as one piece again and again. On an NVIDIA GPU it is recorded once as a graph of the
/// driver: a launch then costs as much as one kernel's. On other devices the same calls are made each time.
/// </summary>
/// <remarks>
/// Arguments, addresses and sizes are those of the recording; what changes from launch to launch must lie in device memory. Buffers that it
/// uses must outlive it. The work must not wait for the device. Kernels are loaded and launched once before, or the recording is slow.
/// </remarks>
public sealed class LaunchGraph : IDisposable
{
    private readonly Action<AcceleratorStream> _work;
    private bool _disposed;

#if ILGPU_PACKAGE
    // The published package has no graphs: the calls are made each time.
    private LaunchGraph(Action<AcceleratorStream> work) => _work = work;

    /// <summary>Whether the driver holds it as a graph; else each launch makes the calls anew.</summary>
    public bool IsRecorded => false;
#else
    private readonly CudaGraph? _graph;

    private LaunchGraph(Action<AcceleratorStream> work, CudaGraph? graph) => (_work, _graph) = (work, graph);

    /// <summary>Whether the driver holds it as a graph; else each launch makes the calls anew.</summary>
    public bool IsRecorded => _graph is not null;
#endif

    /// <summary>Records what an action puts into a stream; nothing of it runs on an NVIDIA GPU, and nothing at all elsewhere.</summary>
    /// <param name="stream">The stream that the action uses.</param>
    /// <param name="work">Makes the calls, all of them in the stream it is given.</param>
    public static LaunchGraph Record(AcceleratorStream stream, Action<AcceleratorStream> work)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(work);
#if ILGPU_PACKAGE
        return new LaunchGraph(work);
#else
        return new LaunchGraph(work, stream is CudaStream cuda ? CudaGraph.Record(cuda, work) : null);
#endif
    }

    /// <summary>Puts all of it into a stream of the same accelerator; returns before it is done.</summary>
    public void Launch(AcceleratorStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ObjectDisposedException.ThrowIf(_disposed, this);
#if ILGPU_PACKAGE
        _work(stream);
#else
        if (_graph is null)
        {
            _work(stream);
        }
        else if (stream is CudaStream cuda && cuda.Accelerator == _graph.Accelerator)
        {
            _graph.Launch(cuda);
        }
        else
        {
            throw new ArgumentException($"The graph was recorded on {_graph.Accelerator}, the stream belongs to {stream.Accelerator}.", nameof(stream));
        }
#endif
    }

    /// <summary>Frees the recording.</summary>
    public void Dispose()
    {
        _disposed = true;
#if !ILGPU_PACKAGE
        _graph?.Dispose();
#endif
    }
}
