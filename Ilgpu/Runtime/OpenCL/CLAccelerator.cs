using System.Runtime.InteropServices;

namespace ILGPU.Runtime.OpenCL;

/// <summary>
/// An OpenCL device made ready. Kernels are compiled to OpenCL C 1.2 by this project and to machine code by the driver; warps are
/// emulated (see <see cref="Managed.Ilgpu.Compiler.OpenCL.WarpEmitter"/>), so that kernels written for 32 lanes run where no sub-groups are.
/// </summary>
public sealed unsafe class CLAccelerator : Accelerator
{
    private const int PageBytes = 4096;

    private readonly List<WeakReference<CLStream>> streams = [];

    internal CLAccelerator(Context context, CLDevice device)
        : base(context, device)
    {
        nint handle = device.DeviceId;
        int error;
        ContextPtr = CLLibrary.CreateContext(null, 1, &handle, 0, 0, &error);
        CLException.ThrowIfFailed(error, $"open {device.Name}");
        Programs = new CLProgramCache(ContextPtr, device.Info,
            (context.Properties.CachingMode & CachingMode.NoKernelCaching) == 0 ? CLProgramCache.DefaultFolder : null);
    }

    /// <summary>What it runs on.</summary>
    public new CLDevice Device => (CLDevice)base.Device;

    /// <summary>The driver's handle of the context.</summary>
    public nint ContextPtr { get; private set; }

    /// <summary>The driver's handle of the device.</summary>
    public nint DeviceId => Device.DeviceId;

    /// <summary>Built programs, in memory and on disk.</summary>
    internal CLProgramCache Programs { get; }

    internal override MemoryBuffer AllocateRawInternal(long length, int elementSize) => new CLMemoryBuffer(this, length, elementSize);

    internal override AcceleratorStream CreateStreamInternal()
    {
        CLStream stream = new(this);
        lock (streams)
        {
            streams.RemoveAll(entry => !entry.TryGetTarget(out CLStream? known) || known.IsDisposed);
            streams.Add(new(stream));
        }
        return stream;
    }

    internal override void SynchronizeInternal()
    {
        CLStream[] open;
        lock (streams)
        {
            open = [.. streams.Select(entry => entry.TryGetTarget(out CLStream? stream) && !stream.IsDisposed ? stream : null).OfType<CLStream>()];
        }
        foreach (CLStream stream in open)
        {
            stream.Synchronize();
        }
    }

    internal override void CopyFromHost(AcceleratorStream stream, MemoryBuffer target, long targetOffset, nint source, long bytes)
        => CLException.ThrowIfFailed(
            CLLibrary.EnqueueWriteBuffer(Queue(stream), Handle(target), 0, (nuint)targetOffset, (nuint)bytes, (void*)source, 0, null, null),
            $"copy {bytes} bytes to {Name}");

    internal override void CopyToHost(AcceleratorStream stream, nint target, MemoryBuffer source, long sourceOffset, long bytes)
        => CLException.ThrowIfFailed(
            CLLibrary.EnqueueReadBuffer(Queue(stream), Handle(source), 0, (nuint)sourceOffset, (nuint)bytes, (void*)target, 0, null, null),
            $"copy {bytes} bytes from {Name}");

    internal override void CopyOnDevice(
        AcceleratorStream stream, MemoryBuffer target, long targetOffset, MemoryBuffer source, long sourceOffset, long bytes)
        => CLException.ThrowIfFailed(
            CLLibrary.EnqueueCopyBuffer(Queue(stream), Handle(source), Handle(target), (nuint)sourceOffset, (nuint)targetOffset, (nuint)bytes, 0, null, null),
            $"copy {bytes} bytes on {Name}");

    internal override void Fill(AcceleratorStream stream, MemoryBuffer target, long targetOffset, long bytes, byte value)
        => CLException.ThrowIfFailed(
            CLLibrary.EnqueueFillBuffer(Queue(stream), Handle(target), &value, 1, (nuint)targetOffset, (nuint)bytes, 0, null, null),
            $"fill {bytes} bytes on {Name}");

    internal override Kernel LoadKernelInternal(KernelDescription description) => CLKernel.Load(this, description);

    // OpenCL has no call for pinning; a driver copies from whole pages as fast as it can.
    internal override nint AllocatePageLocked(long bytes) => (nint)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), PageBytes);

    internal override void FreePageLocked(nint address) => NativeMemory.AlignedFree((void*)address);

    internal override void DisposeInternal()
    {
        Programs.Dispose();
        CLLibrary.ReleaseContext(ContextPtr);
        ContextPtr = 0;
    }

    private static nint Queue(AcceleratorStream stream) => ((CLStream)stream).CommandQueue;

    private static nint Handle(MemoryBuffer buffer) => ((CLMemoryBuffer)buffer).Handle;
}
