namespace ILGPU.Runtime.Cuda;

/// <summary>An event of the driver that keeps no time: it orders streams.</summary>
internal sealed class CudaEvent : AcceleratorObject
{
    private const uint WithoutTime = 2;

    public CudaEvent(CudaAccelerator accelerator) : base(accelerator)
    {
        accelerator.Bind();
        accelerator.Check(accelerator.Driver.EventCreate(out nint handle, WithoutTime), "cuEventCreate");
        Handle = handle;
        accelerator.Remember(this);
    }

    public nint Handle { get; private set; }

    private CudaAccelerator Cuda => (CudaAccelerator)Accelerator;

    /// <summary>The event is what the stream has been asked for so far.</summary>
    public void Record(CudaStream stream)
    {
        Cuda.Bind();
        Cuda.Check(Cuda.Driver.EventRecord(Handle, stream.StreamPtr), "cuEventRecord", stream: stream);
    }

    protected override void DisposeAcceleratorObject(bool disposing)
    {
        nint handle = Handle;
        Handle = 0;
        if (Cuda.TryBind())
        {
            Cuda.Check(Cuda.Driver.EventDestroy(handle), "cuEventDestroy");
        }
    }
}
