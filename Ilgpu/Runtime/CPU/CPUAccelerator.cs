using System.Runtime.InteropServices;

namespace ILGPU.Runtime.CPU;

/// <summary>How the groups of a launch are run.</summary>
public enum CPUAcceleratorMode
{
    /// <summary>In parallel where there are several.</summary>
    Auto = 0,
    /// <summary>One after the other: the same order of everything in each run.</summary>
    Sequential = 1,
    /// <summary>Several at once, on as many threads as the machine has processors.</summary>
    Parallel = 2,
}

/// <summary>
/// Runs the kernel's own C# method as managed code, so that it can be debugged like any other. Within a group one thread runs at a time, until it
/// comes to a barrier or a shuffle. Launches are done when they return.
/// </summary>
public sealed unsafe class CPUAccelerator : Accelerator
{
    private readonly Stack<CpuGroup> idle = new();

    internal CPUAccelerator(Context context, CPUDevice device, CPUAcceleratorMode mode) : base(context, device) => Mode = mode;

    /// <summary>How the groups of a launch are run.</summary>
    public CPUAcceleratorMode Mode { get; }

    /// <summary>Whether groups run one after the other.</summary>
    public bool UsesSequentialExecution => Mode == CPUAcceleratorMode.Sequential;

    /// <summary>Threads that it holds at once.</summary>
    public int NumThreads => MaxNumThreads;

    /// <summary>Runs all groups of a launch.</summary>
    internal void Run(CpuLaunch launch)
    {
        long groups = launch.GridDim.LongSize;
        int hosts = UsesSequentialExecution ? 1 : (int)Math.Min(Environment.ProcessorCount, groups);
        if (hosts <= 1)
        {
            RunGroups(launch, 0, groups);
            return;
        }
        // Shares of consecutive groups, several per host so that none waits long for another.
        long shares = Math.Min(groups, hosts * 8L);
        Parallel.For(
            0,
            shares,
            new ParallelOptions { MaxDegreeOfParallelism = hosts },
            (share, state) =>
            {
                if (!state.IsStopped)
                {
                    RunGroups(launch, groups * share / shares, groups * (share + 1) / shares);
                    if (launch.Failure is not null)
                    {
                        state.Stop();
                    }
                }
            });
    }

    private void RunGroups(CpuLaunch launch, long first, long end)
    {
        CpuGroup group = Rent();
        for (long index = first; index < end && launch.Failure is null; index++)
        {
            group.Run(launch, index);
        }
        lock (idle)
        {
            idle.Push(group);
        }
    }

    private CpuGroup Rent()
    {
        lock (idle)
        {
            return idle.TryPop(out CpuGroup? group) ? group : new CpuGroup(this);
        }
    }

    internal override MemoryBuffer AllocateRawInternal(long length, int elementSize) => new CPUMemoryBuffer(this, length, elementSize);

    internal override AcceleratorStream CreateStreamInternal() => new CPUStream(this);

    internal override void SynchronizeInternal()
    {
    }

    internal override void CopyFromHost(AcceleratorStream stream, MemoryBuffer target, long targetOffset, nint source, long bytes)
        => Buffer.MemoryCopy((void*)source, (byte*)target.NativePtr + targetOffset, bytes, bytes);

    internal override void CopyToHost(AcceleratorStream stream, nint target, MemoryBuffer source, long sourceOffset, long bytes)
        => Buffer.MemoryCopy((byte*)source.NativePtr + sourceOffset, (void*)target, bytes, bytes);

    internal override void CopyOnDevice(
        AcceleratorStream stream, MemoryBuffer target, long targetOffset, MemoryBuffer source, long sourceOffset, long bytes)
        => Buffer.MemoryCopy((byte*)source.NativePtr + sourceOffset, (byte*)target.NativePtr + targetOffset, bytes, bytes);

    internal override void Fill(AcceleratorStream stream, MemoryBuffer target, long targetOffset, long bytes, byte value)
        => NativeMemory.Fill((byte*)target.NativePtr + targetOffset, (nuint)bytes, value);

    internal override Kernel LoadKernelInternal(KernelDescription description) => new CPUKernel(this, description);

    internal override nint AllocatePageLocked(long bytes) => (nint)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), 64);

    internal override void FreePageLocked(nint address) => NativeMemory.AlignedFree((void*)address);

    internal override void DisposeInternal()
    {
        lock (idle)
        {
            while (idle.TryPop(out CpuGroup? group))
            {
                group.Dispose();
            }
        }
    }
}

/// <summary>Memory of the host.</summary>
internal sealed unsafe class CPUMemoryBuffer : MemoryBuffer
{
    public CPUMemoryBuffer(Accelerator accelerator, long length, int elementSize) : base(accelerator, length, elementSize)
        => NativePtr = (nint)NativeMemory.AlignedAlloc((nuint)Math.Max(LengthInBytes, 1), 64);

    ~CPUMemoryBuffer() => NativeMemory.AlignedFree((void*)NativePtr);

    internal override bool HostAccessible => !IsDisposed;

    protected override void DisposeAcceleratorObject(bool disposing)
    {
        NativeMemory.AlignedFree((void*)NativePtr);
        NativePtr = 0;
    }
}

/// <summary>A kernel that is run as managed code; what runs is the delegate of the launch.</summary>
internal sealed class CPUKernel(Accelerator accelerator, KernelDescription description) : Kernel(accelerator, description)
{
    internal override void LaunchInternal(
        AcceleratorStream stream, in KernelConfig config, ReadOnlySpan<long> slots, ReadOnlySpan<MemoryBuffer?> buffers)
        => throw new NotSupportedException("The CPU accelerator runs the delegate, not slots.");

    protected override void DisposeAcceleratorObject(bool disposing)
    {
    }
}

/// <summary>A stream of the CPU accelerator: everything is done at once.</summary>
internal sealed class CPUStream(Accelerator accelerator) : AcceleratorStream(accelerator)
{
    public override void Synchronize()
    {
    }

    protected override ProfilingMarker AddProfilingMarkerInternal() => new CPUProfilingMarker(Accelerator);

    protected override void DisposeAcceleratorObject(bool disposing)
    {
    }
}

/// <summary>A moment of the host's clock.</summary>
internal sealed class CPUProfilingMarker(Accelerator accelerator) : ProfilingMarker(accelerator)
{
    private readonly long timestamp = System.Diagnostics.Stopwatch.GetTimestamp();

    public override void Synchronize()
    {
    }

    public override TimeSpan MeasureFrom(ProfilingMarker marker)
        => marker is CPUProfilingMarker earlier
            ? System.Diagnostics.Stopwatch.GetElapsedTime(earlier.timestamp, timestamp)
            : throw new ArgumentException("The marker belongs to another kind of accelerator.", nameof(marker));

    protected override void DisposeAcceleratorObject(bool disposing)
    {
    }
}
