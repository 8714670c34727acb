namespace ILGPU.Runtime.Cuda;

/// <summary>
/// The calls of the CUDA driver that are used here, one member for each. The table is abstract so that everything above it can be run
/// and checked without a GPU. Handles are pointers, device addresses too.
/// </summary>
internal abstract unsafe class CudaDriver
{
    private static readonly Lazy<(CudaDriver? Driver, string Reason)> s_installed = new(NativeCudaDriver.TryLoad);

    /// <summary>The driver of this machine, ready for use, or null.</summary>
    public static CudaDriver? Installed => s_installed.Value.Driver;

    /// <summary>Why there is none; empty where there is one.</summary>
    public static string WhyAbsent => s_installed.Value.Reason;

    public abstract CudaError Init();
    public abstract CudaError DriverGetVersion(out int version);
    public abstract CudaError DeviceGetCount(out int count);
    public abstract CudaError DeviceGet(out int device, int ordinal);
    public abstract CudaError DeviceGetName(byte* name, int length, int device);
    public abstract CudaError DeviceGetAttribute(out int value, CudaDeviceAttribute attribute, int device);
    public abstract CudaError DeviceTotalMem(out nuint bytes, int device);

    public abstract CudaError PrimaryCtxRetain(out nint context, int device);
    public abstract CudaError PrimaryCtxRelease(int device);
    public abstract CudaError CtxSetCurrent(nint context);
    public abstract CudaError CtxSynchronize();

    public abstract CudaError ModuleLoadDataEx(out nint module, byte* image, uint optionCount, int* options, nint* values);
    public abstract CudaError ModuleUnload(nint module);
    public abstract CudaError ModuleGetFunction(out nint function, nint module, byte* name);
    public abstract CudaError FuncGetAttribute(out int value, CudaFunctionAttribute attribute, nint function);
    public abstract CudaError FuncSetAttribute(nint function, CudaFunctionAttribute attribute, int value);
    public abstract CudaError OccupancyMaxActiveBlocks(out int blocks, nint function, int groupSize, nuint dynamicShared);
    public abstract CudaError OccupancyMaxPotentialBlockSize(out int minGridSize, out int groupSize, nint function, nuint dynamicShared, int limit);
    public abstract CudaError LaunchKernel(nint function, in CudaLaunchShape shape, nint stream, void** parameters);
    public abstract CudaError LaunchCooperativeKernel(nint function, in CudaLaunchShape shape, nint stream, void** parameters);

    public abstract CudaError MemAlloc(out nint address, nuint bytes);
    public abstract CudaError MemFree(nint address);
    public abstract CudaError MemGetInfo(out nuint free, out nuint total);
    public abstract CudaError MemHostAlloc(out nint address, nuint bytes, uint flags);
    public abstract CudaError MemFreeHost(nint address);
    public abstract CudaError MemHostRegister(nint address, nuint bytes, uint flags);
    public abstract CudaError MemHostUnregister(nint address);
    public abstract CudaError MemcpyHtoDAsync(nint target, nint source, nuint bytes, nint stream);
    public abstract CudaError MemcpyDtoHAsync(nint target, nint source, nuint bytes, nint stream);
    public abstract CudaError MemcpyDtoDAsync(nint target, nint source, nuint bytes, nint stream);
    public abstract CudaError MemsetD8Async(nint target, byte value, nuint bytes, nint stream);

    public abstract CudaError StreamCreate(out nint stream, uint flags);
    public abstract CudaError StreamDestroy(nint stream);
    public abstract CudaError StreamSynchronize(nint stream);
    public abstract CudaError StreamWaitEvent(nint stream, nint marker, uint flags);
    public abstract CudaError EventCreate(out nint marker, uint flags);
    public abstract CudaError EventDestroy(nint marker);
    public abstract CudaError EventRecord(nint marker, nint stream);
    public abstract CudaError EventSynchronize(nint marker);
    public abstract CudaError EventElapsedTime(out float milliseconds, nint start, nint end);

    public abstract CudaError StreamBeginCapture(nint stream, CudaCaptureMode mode);
    public abstract CudaError StreamEndCapture(nint stream, out nint graph);
    public abstract CudaError ThreadExchangeStreamCaptureMode(ref CudaCaptureMode mode);
    public abstract CudaError GraphInstantiate(out nint executable, nint graph, ulong flags);
    public abstract CudaError GraphUpload(nint executable, nint stream);
    public abstract CudaError GraphLaunch(nint executable, nint stream);
    public abstract CudaError GraphExecDestroy(nint executable);
    public abstract CudaError GraphDestroy(nint graph);

    /// <summary>Drivers since 12.0 have it.</summary>
    public virtual CudaError TensorMapEncodeTiled(ulong* map, int type, uint rank, nint address, ulong* extents, ulong* strides, uint* box, uint* steps,
        int interleave, int swizzle, int promotion, int fill) => CudaError.CUDA_ERROR_NOT_SUPPORTED;

    /// <summary>The error's name and what it means, in the driver's words.</summary>
    public abstract string Describe(CudaError error);
}

/// <summary>
/// Groups, threads and dynamic shared memory of a launch; and whether it may begin before the launch in front of it has ended, for which the
/// kernel then waits itself.
/// </summary>
internal readonly record struct CudaLaunchShape(
    uint GridX, uint GridY, uint GridZ, uint GroupX, uint GroupY, uint GroupZ, uint DynamicSharedBytes, bool Overlaps = false);

/// <summary>Numbers of CUDA's public header.</summary>
internal enum CudaDeviceAttribute
{
    MaxThreadsPerBlock = 1,
    MaxBlockDimX = 2,
    MaxBlockDimY = 3,
    MaxBlockDimZ = 4,
    MaxGridDimX = 5,
    MaxGridDimY = 6,
    MaxGridDimZ = 7,
    MaxSharedMemoryPerBlock = 8,
    TotalConstantMemory = 9,
    WarpSize = 10,
    MaxPitch = 11,
    MaxRegistersPerBlock = 12,
    ClockRate = 13,
    MultiprocessorCount = 16,
    PciBusId = 33,
    PciDeviceId = 34,
    MemoryClockRate = 36,
    GlobalMemoryBusWidth = 37,
    L2CacheSize = 38,
    MaxThreadsPerMultiprocessor = 39,
    AsyncEngineCount = 40,
    ComputeCapabilityMajor = 75,
    ComputeCapabilityMinor = 76,
    MaxSharedMemoryPerMultiprocessor = 81,
    MaxRegistersPerMultiprocessor = 82,
    CooperativeLaunch = 95,
    MaxSharedMemoryPerBlockOptin = 97,
}

/// <summary>Numbers of CUDA's public header.</summary>
internal enum CudaFunctionAttribute
{
    MaxThreadsPerBlock = 0,
    StaticSharedBytes = 1,
    LocalBytes = 3,
    Registers = 4,
    MaxDynamicSharedBytes = 8,
}

/// <summary>Whom a capture forbids calls that could wait for it.</summary>
internal enum CudaCaptureMode
{
    Global = 0,
    ThreadLocal = 1,
    Relaxed = 2,
}
