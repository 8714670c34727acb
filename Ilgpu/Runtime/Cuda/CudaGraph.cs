namespace ILGPU.Runtime.Cuda;

/// <summary>
/// What a stream was asked for, recorded once and launched as one piece: a launch costs as much as a single kernel's. Arguments, addresses
/// and grid sizes are frozen; what changes from launch to launch must lie in device memory.
/// </summary>
internal sealed class CudaGraph : AcceleratorObject
{
    private readonly string _kernels;
    private nint _graph, _executable;

    private CudaGraph(CudaAccelerator accelerator, nint graph, nint executable, string kernels)
        : base(accelerator)
    {
        (_graph, _executable, _kernels) = (graph, executable, kernels);
        accelerator.Remember(this);
    }

    private CudaAccelerator Cuda => (CudaAccelerator)Accelerator;

    /// <summary>Records what the action puts into the stream; nothing of it runs.</summary>
    public static CudaGraph Record(CudaStream stream, Action<AcceleratorStream> work)
    {
        CudaAccelerator accelerator = (CudaAccelerator)stream.Accelerator;
        accelerator.Bind();
        accelerator.Check(accelerator.Driver.StreamBeginCapture(stream.StreamPtr, CudaCaptureMode.ThreadLocal), "cuStreamBeginCapture", stream: stream);
        CudaAccelerator.EnterCapture();
        nint graph;
        try
        {
            work(stream);
        }
        catch
        {
            // the capture must be ended, or the stream stays unusable; what the action threw says more than what this returns
            CudaAccelerator.LeaveCapture();
            if (accelerator.Driver.StreamEndCapture(stream.StreamPtr, out graph) == CudaError.CUDA_SUCCESS)
            {
                _ = accelerator.Driver.GraphDestroy(graph);
            }
            throw;
        }
        CudaAccelerator.LeaveCapture();
        accelerator.Bind();
        accelerator.Check(accelerator.Driver.StreamEndCapture(stream.StreamPtr, out graph), "cuStreamEndCapture",
            "the recorded work waits for the device or leaves another stream unjoined", stream);
        CudaError error = accelerator.Driver.GraphInstantiate(out nint executable, graph, 0);
        if (error != CudaError.CUDA_SUCCESS)
        {
            _ = accelerator.Driver.GraphDestroy(graph);
            accelerator.Check(error, "cuGraphInstantiateWithFlags", stream: stream);
        }
        CudaGraph result = new(accelerator, graph, executable, stream.RecentKernels);
        accelerator.Check(accelerator.Driver.GraphUpload(executable, stream.StreamPtr), "cuGraphUpload", stream: stream);
        return result;
    }

    /// <summary>Puts all of it into a stream.</summary>
    public void Launch(CudaStream stream)
    {
        VerifyNotDisposed();
        Cuda.Bind();
        stream.Remember(_kernels.Length > 0 ? $"a graph that ends with {_kernels}" : "a graph");
        Cuda.Check(Cuda.Driver.GraphLaunch(_executable, stream.StreamPtr), "cuGraphLaunch", stream: stream);
    }

    protected override void DisposeAcceleratorObject(bool disposing)
    {
        if (Cuda.TryBind())
        {
            Cuda.Check(Cuda.Driver.GraphExecDestroy(_executable), "cuGraphExecDestroy");
            Cuda.Check(Cuda.Driver.GraphDestroy(_graph), "cuGraphDestroy");
        }
        (_graph, _executable) = (0, 0);
    }
}
