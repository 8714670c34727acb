namespace ILGPU.Runtime.OpenCL;

/// <summary>
/// Memory of an OpenCL device. OpenCL 1.2 has handles of buffers, not addresses, and views need addresses that can be added to: each buffer
/// gets a range of numbers that no other buffer ever has, and a launch passes the handle and the distance from the range's start.
/// </summary>
internal sealed unsafe class CLMemoryBuffer : MemoryBuffer
{
    // Above all addresses of the process: what goes astray is not taken for memory of the host. A step keeps any alignment.
    private const long FirstAddress = 1L << 56;
    private const long Step = 1L << 16;
    private const ulong ReadWrite = 1;

    private static long next = FirstAddress;

    public CLMemoryBuffer(CLAccelerator accelerator, long length, int elementSize)
        : base(accelerator, length, elementSize)
    {
        long bytes = Math.Max(LengthInBytes, 1);
        Handle = Create(accelerator, bytes);
        long steps = (bytes / Step + 2) * Step;
        NativePtr = (nint)(Interlocked.Add(ref next, steps) - steps);
    }

    ~CLMemoryBuffer() => Release();

    /// <summary>The driver's handle.</summary>
    public nint Handle { get; private set; }

    protected override void DisposeAcceleratorObject(bool disposing)
    {
        Release();
        NativePtr = 0;
    }

    private static nint Create(CLAccelerator accelerator, long bytes)
    {
        int error;
        nint handle = CLLibrary.CreateBuffer(accelerator.ContextPtr, ReadWrite, (nuint)bytes, null, &error);
        if (error != 0)
        {
            // Buffers that nobody holds any more may be waiting for their finalizers.
            GC.Collect();
            GC.WaitForPendingFinalizers();
            handle = CLLibrary.CreateBuffer(accelerator.ContextPtr, ReadWrite, (nuint)bytes, null, &error);
        }
        return error == 0 ? handle : throw new CLException((CLError)error,
            $"{accelerator.Name} could not give {bytes} bytes: {CLException.Explain((CLError)error)} "
            + $"It has {accelerator.MemorySize} bytes and gives at most {accelerator.Device.Info.MaxAllocation} to one buffer.");
    }

    // The driver keeps the memory until commands that use it have run, and its context as long as the memory.
    private void Release()
    {
        if (Handle != 0)
        {
            CLLibrary.ReleaseMemObject(Handle);
            Handle = 0;
        }
    }
}
