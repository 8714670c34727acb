namespace ILGPU.Runtime;

/// <summary>Work that an accelerator does one piece after the other.</summary>
public abstract class AcceleratorStream : AcceleratorObject
{
    /// <summary>On an accelerator.</summary>
    protected AcceleratorStream(Accelerator accelerator) : base(accelerator) => accelerator.Remember(this);

    /// <summary>Waits until all that was asked for is done; throws what went wrong in it.</summary>
    public abstract void Synchronize();

    /// <summary>Waits without blocking the caller's thread.</summary>
    public Task SynchronizeAsync() => Task.Run(Synchronize);

    /// <summary>A mark in the stream, to measure time from mark to mark.</summary>
    public ProfilingMarker AddProfilingMarker()
    {
        VerifyNotDisposed();
        return AddProfilingMarkerInternal();
    }

    /// <summary>A mark in the stream.</summary>
    protected abstract ProfilingMarker AddProfilingMarkerInternal();
}

/// <summary>A moment in a stream.</summary>
public abstract class ProfilingMarker : AcceleratorObject
{
    /// <summary>On an accelerator.</summary>
    protected ProfilingMarker(Accelerator accelerator) : base(accelerator) => accelerator.Remember(this);

    /// <summary>Waits until the stream has come to it.</summary>
    public abstract void Synchronize();

    /// <summary>The time from an earlier mark to this one, once both were reached.</summary>
    public abstract TimeSpan MeasureFrom(ProfilingMarker marker);
}

/// <summary>Marks in an accelerator's default stream.</summary>
public static class ProfilingMarkers
{
    /// <summary>A mark in the default stream.</summary>
    public static ProfilingMarker AddProfilingMarker(this Accelerator accelerator)
    {
        ArgumentNullException.ThrowIfNull(accelerator);
        return accelerator.DefaultStream.AddProfilingMarker();
    }
}
