namespace ILGPU.Runtime.Cuda;

/// <summary>A stream of a GPU; it does not wait for the driver's default stream.</summary>
public sealed class CudaStream : AcceleratorStream
{
    private const uint NonBlocking = 1;

    /// <summary>A power of two.</summary>
    private const int Remembered = 4;

    private readonly string?[] _recent = new string?[Remembered];
    private int _launches;

    internal CudaStream(CudaAccelerator accelerator) : base(accelerator)
    {
        accelerator.Check(accelerator.Driver.StreamCreate(out nint stream, NonBlocking), "cuStreamCreate");
        StreamPtr = stream;
    }

    /// <summary>The driver's handle.</summary>
    public nint StreamPtr { get; private set; }

    private CudaAccelerator Cuda => (CudaAccelerator)Accelerator;

    /// <summary>Names of the kernels launched last, newest first: one of them failed when a later call reports a failure.</summary>
    internal string RecentKernels
    {
        get
        {
            int launches = _launches;
            return string.Join(", ", Enumerable.Range(1, Math.Min(launches, Remembered)).Select(i => _recent[(launches - i) & (Remembered - 1)]));
        }
    }

    internal void Remember(string kernel)
    {
        _recent[_launches & (Remembered - 1)] = kernel;
        _launches++;
    }

    /// <inheritdoc/>
    public override void Synchronize()
    {
        Cuda.Bind();
        Cuda.Check(Cuda.Driver.StreamSynchronize(StreamPtr), "cuStreamSynchronize", stream: this);
    }

    /// <summary>Work put in from now on waits for what another stream has been asked for so far.</summary>
    internal void WaitFor(CudaProfilingMarker marker)
    {
        Cuda.Bind();
        Cuda.Check(Cuda.Driver.StreamWaitEvent(StreamPtr, marker.Handle, 0), "cuStreamWaitEvent", stream: this);
    }

    /// <summary>Work put in from now on waits for an event.</summary>
    internal void WaitFor(CudaEvent moment)
    {
        Cuda.Bind();
        Cuda.Check(Cuda.Driver.StreamWaitEvent(StreamPtr, moment.Handle, 0), "cuStreamWaitEvent", stream: this);
    }

    /// <inheritdoc/>
    protected override ProfilingMarker AddProfilingMarkerInternal() => new CudaProfilingMarker(this);

    /// <inheritdoc/>
    protected override void DisposeAcceleratorObject(bool disposing)
    {
        nint stream = StreamPtr;
        StreamPtr = 0;
        if (Cuda.TryBind())
        {
            Cuda.Check(Cuda.Driver.StreamDestroy(stream), "cuStreamDestroy", stream: this);
        }
    }
}

/// <summary>A moment in a stream, by an event of the driver.</summary>
internal sealed class CudaProfilingMarker : ProfilingMarker
{
    private readonly CudaStream _stream;

    public CudaProfilingMarker(CudaStream stream) : base(stream.Accelerator)
    {
        _stream = stream;
        Cuda.Bind();
        Cuda.Check(Cuda.Driver.EventCreate(out nint handle, 0), "cuEventCreate");
        Handle = handle;
        Cuda.Check(Cuda.Driver.EventRecord(handle, stream.StreamPtr), "cuEventRecord", stream: stream);
    }

    public nint Handle { get; private set; }

    private CudaAccelerator Cuda => (CudaAccelerator)Accelerator;

    public override void Synchronize()
    {
        Cuda.Bind();
        Cuda.Check(Cuda.Driver.EventSynchronize(Handle), "cuEventSynchronize", stream: _stream);
    }

    public override TimeSpan MeasureFrom(ProfilingMarker marker)
    {
        if (marker is not CudaProfilingMarker earlier || earlier.Accelerator != Accelerator)
        {
            throw new ArgumentException($"The marker belongs to {marker?.Accelerator.ToString() ?? "nothing"}, this one to {Accelerator}.", nameof(marker));
        }
        Synchronize();
        Cuda.Check(Cuda.Driver.EventElapsedTime(out float milliseconds, earlier.Handle, Handle), "cuEventElapsedTime", stream: _stream);
        return TimeSpan.FromMilliseconds(milliseconds);
    }

    protected override void DisposeAcceleratorObject(bool disposing)
    {
        nint handle = Handle;
        Handle = 0;
        if (Cuda.TryBind())
        {
            Cuda.Check(Cuda.Driver.EventDestroy(handle), "cuEventDestroy", stream: _stream);
        }
    }
}
