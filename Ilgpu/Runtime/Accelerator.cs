using ILGPU.Util;

namespace ILGPU.Runtime;

/// <summary>A device made ready: it allocates memory, loads kernels and runs them in streams.</summary>
/// <remarks>
/// A back end derives from it and implements the members of "Accelerator.BackEnd.cs", <see cref="Kernel.LaunchInternal"/>,
/// <see cref="AcceleratorStream"/>, <see cref="ProfilingMarker"/> and a buffer class; everything else is common to all.
/// </remarks>
public abstract partial class Accelerator : DisposeBase, IDevice
{
    // Weak, so that buffers nobody holds any more can be collected.
    private readonly List<WeakReference<AcceleratorObject>> children = [];
    private readonly Lock childrenLock = new();
    private readonly Lock defaultStreamLock = new();
    private AcceleratorStream? defaultStream;

    /// <summary>On a device.</summary>
    protected Accelerator(Context context, Device device)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(device);
        Context = context;
        Device = device;
        context.Remember(this);
    }

    /// <summary>Raised before anything is freed.</summary>
    public event EventHandler? Disposed;

    /// <summary>Where it was made.</summary>
    public Context Context { get; }

    /// <summary>What it runs on.</summary>
    public Device Device { get; }

    /// <summary>The kind of accelerator.</summary>
    public AcceleratorType AcceleratorType => Device.AcceleratorType;

    /// <summary>The stream that work goes into where none is named.</summary>
    public AcceleratorStream DefaultStream
    {
        get
        {
            VerifyNotDisposed();
            if (defaultStream is null)
            {
                lock (defaultStreamLock)
                {
                    defaultStream ??= CreateStreamInternal();
                }
            }
            return defaultStream;
        }
        protected set => defaultStream = value;
    }

    /// <inheritdoc/>
    public string Name => Device.Name;

    /// <inheritdoc/>
    public long MemorySize => Device.MemorySize;

    /// <inheritdoc/>
    public Index3D MaxGridSize => Device.MaxGridSize;

    /// <inheritdoc/>
    public Index3D MaxGroupSize => Device.MaxGroupSize;

    /// <inheritdoc/>
    public int MaxNumThreadsPerGroup => Device.MaxNumThreadsPerGroup;

    /// <inheritdoc/>
    public int MaxSharedMemoryPerGroup => Device.MaxSharedMemoryPerGroup;

    /// <inheritdoc/>
    public int MaxConstantMemory => Device.MaxConstantMemory;

    /// <inheritdoc/>
    public int WarpSize => Device.WarpSize;

    /// <inheritdoc/>
    public int NumMultiprocessors => Device.NumMultiprocessors;

    /// <inheritdoc/>
    public int MaxNumThreadsPerMultiprocessor => Device.MaxNumThreadsPerMultiprocessor;

    /// <inheritdoc/>
    public int MaxNumThreads => Device.MaxNumThreads;

    /// <summary>The grid and group that fill the device once.</summary>
    public (Index1D GridDim, Index1D GroupDim) MaxNumGroupsExtent => (NumMultiprocessors * (MaxNumThreadsPerMultiprocessor / MaxNumThreadsPerGroup), MaxNumThreadsPerGroup);

    /// <summary>Buffers, streams, kernels that live on it.</summary>
    public int NumberChildObjects
    {
        get
        {
            lock (childrenLock)
            {
                return children.Count(child => child.TryGetTarget(out AcceleratorObject? target) && !target.IsDisposed);
            }
        }
    }

    /// <summary>A further stream.</summary>
    public AcceleratorStream CreateStream()
    {
        VerifyNotDisposed();
        return CreateStreamInternal();
    }

    /// <summary>Waits until all streams have done what was asked of them; throws what went wrong.</summary>
    public void Synchronize()
    {
        VerifyNotDisposed();
        SynchronizeInternal();
    }

    /// <inheritdoc/>
    public void PrintInformation(TextWriter writer) => Device.PrintInformation(writer);

    /// <inheritdoc/>
    public override string ToString() => Device.ToString();

    internal void Remember(AcceleratorObject child)
    {
        lock (childrenLock)
        {
            if (children.Count >= 64 && (children.Count & (children.Count - 1)) == 0)
            {
                children.RemoveAll(entry => !entry.TryGetTarget(out _));
            }
            children.Add(new(child));
        }
    }

    internal void Forget(AcceleratorObject child)
    {
        lock (childrenLock)
        {
            children.RemoveAll(entry => !entry.TryGetTarget(out AcceleratorObject? target) || ReferenceEquals(target, child));
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        Disposed?.Invoke(this, EventArgs.Empty);
        AcceleratorObject[] alive;
        lock (childrenLock)
        {
            alive = [.. children.Select(child => child.TryGetTarget(out AcceleratorObject? target) ? target : null).OfType<AcceleratorObject>()];
            children.Clear();
        }
        // Streams last: what is freed before may still have work in them.
        foreach (AcceleratorObject child in alive.OrderBy(child => child is AcceleratorStream))
        {
            child.Dispose();
        }
        Context.Forget(this);
        DisposeInternal();
        base.Dispose(disposing);
    }
}
