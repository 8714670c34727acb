namespace ILGPU.Runtime.OpenCL;

/// <summary>An in-order command queue.</summary>
public sealed unsafe class CLStream : AcceleratorStream
{
    private const ulong ProfilingEnabled = 2;

    private readonly bool profiles;

    internal CLStream(CLAccelerator accelerator)
        : base(accelerator)
    {
        profiles = accelerator.Context.Properties.EnableProfiling;
        int error;
        CommandQueue = CLLibrary.CreateCommandQueue(accelerator.ContextPtr, accelerator.DeviceId, profiles ? ProfilingEnabled : 0, &error);
        CLException.ThrowIfFailed(error, $"make a queue on {accelerator.Name}");
    }

    /// <summary>The driver's handle of the queue.</summary>
    public nint CommandQueue { get; private set; }

    /// <summary>The kernel launched last: errors that surface later are most likely its.</summary>
    internal string? LastKernel { get; set; }

    /// <inheritdoc/>
    public override void Synchronize()
    {
        int result = CLLibrary.Finish(CommandQueue);
        if (result != 0)
        {
            throw new CLException((CLError)result, "The work in the queue failed"
                + (LastKernel is null ? ": " : $" (the last kernel was {LastKernel}): ") + CLException.Explain((CLError)result));
        }
    }

    /// <inheritdoc/>
    protected override ProfilingMarker AddProfilingMarkerInternal()
    {
        if (!profiles)
        {
            throw new NotSupportedException("Streams measure time only in a context made with profiling: Context.Create(builder => builder.Default().Profiling()).");
        }
        nint marker;
        CLException.ThrowIfFailed(CLLibrary.EnqueueMarkerWithWaitList(CommandQueue, 0, null, &marker), "put a marker into a queue");
        return new CLProfilingMarker(Accelerator, marker);
    }

    /// <inheritdoc/>
    protected override void DisposeAcceleratorObject(bool disposing)
    {
        if (CommandQueue != 0)
        {
            CLLibrary.ReleaseCommandQueue(CommandQueue);
            CommandQueue = 0;
        }
    }
}

/// <summary>A moment in a queue, by the device's clock.</summary>
internal sealed unsafe class CLProfilingMarker(Accelerator accelerator, nint handle) : ProfilingMarker(accelerator)
{
    private const uint End = 0x1283;

    private nint marker = handle;

    public override void Synchronize()
    {
        nint waitFor = marker;
        CLException.ThrowIfFailed(CLLibrary.WaitForEvents(1, &waitFor), "wait for a marker");
    }

    public override TimeSpan MeasureFrom(ProfilingMarker marker) => marker is CLProfilingMarker earlier
        ? TimeSpan.FromTicks((Nanoseconds() - earlier.Nanoseconds()) / TimeSpan.NanosecondsPerTick)
        : throw new ArgumentException("The marker belongs to another kind of accelerator.", nameof(marker));

    protected override void DisposeAcceleratorObject(bool disposing)
    {
        if (marker != 0)
        {
            CLLibrary.ReleaseEvent(marker);
            marker = 0;
        }
    }

    private long Nanoseconds()
    {
        Synchronize();
        long time;
        CLException.ThrowIfFailed(CLLibrary.GetEventProfilingInfo(marker, End, sizeof(long), &time, null), "read a marker's time");
        return time;
    }
}
