using ILGPU;
using ILGPU.Runtime;

namespace Managed.Tests.Ilgpu.Runtime;

/// <summary>An accelerator that keeps what it is asked to launch and runs nothing.</summary>
internal sealed class RecordingAccelerator(Context context) : Accelerator(context, new RecordingDevice())
{
    public List<KernelDescription> Loaded { get; } = [];

    public KernelConfig LastConfig { get; private set; }

    public long[] LastSlots { get; } = new long[64];

    public int LastCount { get; private set; }

    public int Launches { get; private set; }

    internal override MemoryBuffer AllocateRawInternal(long length, int elementSize) => new Memory(this, length, elementSize);

    internal override AcceleratorStream CreateStreamInternal() => new Stream(this);

    internal override void SynchronizeInternal()
    {
    }

    internal override void CopyFromHost(AcceleratorStream stream, MemoryBuffer target, long targetOffset, nint source, long bytes)
        => throw new NotSupportedException();

    internal override void CopyToHost(AcceleratorStream stream, nint target, MemoryBuffer source, long sourceOffset, long bytes)
        => throw new NotSupportedException();

    internal override void CopyOnDevice(
        AcceleratorStream stream, MemoryBuffer target, long targetOffset, MemoryBuffer source, long sourceOffset, long bytes)
        => throw new NotSupportedException();

    internal override void Fill(AcceleratorStream stream, MemoryBuffer target, long targetOffset, long bytes, byte value)
        => throw new NotSupportedException();

    internal override Kernel LoadKernelInternal(KernelDescription description)
    {
        Loaded.Add(description);
        return new RecordedKernel(this, description);
    }

    internal override nint AllocatePageLocked(long bytes) => throw new NotSupportedException();

    internal override void FreePageLocked(nint address) => throw new NotSupportedException();

    internal override void DisposeInternal()
    {
    }

    private sealed class RecordingDevice : Device
    {
        public RecordingDevice()
        {
            Name = "recorder";
            MaxNumThreadsPerGroup = 1024;
            MaxGroupSize = new Index3D(1024, 1024, 64);
            MaxGridSize = new Index3D(int.MaxValue, 65535, 65535);
            MaxSharedMemoryPerGroup = 49152;
            WarpSize = 32;
        }

        public override AcceleratorType AcceleratorType => AcceleratorType.Cuda;

        public override Accelerator CreateAccelerator(Context context) => new RecordingAccelerator(context);
    }

    private sealed class RecordedKernel(RecordingAccelerator accelerator, KernelDescription description) : Kernel(accelerator, description)
    {
        internal override void LaunchInternal(
            AcceleratorStream stream, in KernelConfig config, ReadOnlySpan<long> slots, ReadOnlySpan<MemoryBuffer?> buffers)
        {
            accelerator.LastConfig = config;
            accelerator.LastCount = slots.Length;
            slots.CopyTo(accelerator.LastSlots);
            accelerator.Launches++;
        }

        protected override void DisposeAcceleratorObject(bool disposing)
        {
        }
    }

    private sealed class Memory : MemoryBuffer
    {
        public Memory(Accelerator accelerator, long length, int elementSize) : base(accelerator, length, elementSize) => NativePtr = 0x10000;

        protected override void DisposeAcceleratorObject(bool disposing)
        {
        }
    }

    private sealed class Stream(Accelerator accelerator) : AcceleratorStream(accelerator)
    {
        public override void Synchronize()
        {
        }

        protected override ProfilingMarker AddProfilingMarkerInternal() => throw new NotSupportedException();

        protected override void DisposeAcceleratorObject(bool disposing)
        {
        }
    }
}
