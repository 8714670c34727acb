using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Managed.Ilgpu.Compiler.Ptx;

namespace ILGPU.Runtime.Cuda;

/// <summary>An NVIDIA GPU of compute capability 7.0 or later.</summary>
public sealed class CudaDevice : Device, IEquatable<CudaDevice>
{
    private const int LeastComputeCapability = 70;

    private CudaDevice(CudaDriver driver, int ordinal, int handle)
    {
        (Driver, DeviceId, Handle) = (driver, ordinal, handle);
        Check(driver.DriverGetVersion(out int driverVersion), "cuDriverGetVersion");
        DriverVersion = new Version(driverVersion / 1000, driverVersion % 1000 / 10);
        Name = ReadName();
        Check(driver.DeviceTotalMem(out nuint memory, handle), "cuDeviceTotalMem");
        MemorySize = (long)memory;
        ComputeCapability = (10 * Read(CudaDeviceAttribute.ComputeCapabilityMajor)) + Read(CudaDeviceAttribute.ComputeCapabilityMinor);
        MaxGridSize = new Index3D(Read(CudaDeviceAttribute.MaxGridDimX), Read(CudaDeviceAttribute.MaxGridDimY), Read(CudaDeviceAttribute.MaxGridDimZ));
        MaxGroupSize = new Index3D(Read(CudaDeviceAttribute.MaxBlockDimX), Read(CudaDeviceAttribute.MaxBlockDimY), Read(CudaDeviceAttribute.MaxBlockDimZ));
        MaxNumThreadsPerGroup = Read(CudaDeviceAttribute.MaxThreadsPerBlock);
        MaxSharedMemoryPerGroup = Math.Max(Read(CudaDeviceAttribute.MaxSharedMemoryPerBlock), Read(CudaDeviceAttribute.MaxSharedMemoryPerBlockOptin));
        MaxSharedMemoryPerMultiprocessor = Read(CudaDeviceAttribute.MaxSharedMemoryPerMultiprocessor);
        MaxConstantMemory = Read(CudaDeviceAttribute.TotalConstantMemory);
        WarpSize = Read(CudaDeviceAttribute.WarpSize);
        NumMultiprocessors = Read(CudaDeviceAttribute.MultiprocessorCount);
        MaxNumThreadsPerMultiprocessor = Read(CudaDeviceAttribute.MaxThreadsPerMultiprocessor);
        L2CacheSize = Read(CudaDeviceAttribute.L2CacheSize);
        ClockRate = Read(CudaDeviceAttribute.ClockRate);
        MemoryClockRate = Read(CudaDeviceAttribute.MemoryClockRate);
        MemoryBusWidth = Read(CudaDeviceAttribute.GlobalMemoryBusWidth);
        TotalNumRegistersPerMultiprocessor = Read(CudaDeviceAttribute.MaxRegistersPerMultiprocessor);
        TotalNumRegistersPerGroup = Read(CudaDeviceAttribute.MaxRegistersPerBlock);
    }

    internal CudaDriver Driver { get; }

    /// <summary>The driver's handle.</summary>
    internal int Handle { get; }

    /// <summary>Its number among the machine's GPUs, as the driver counts them.</summary>
    public int DeviceId { get; }

    /// <summary>The CUDA release that the driver belongs to.</summary>
    public Version DriverVersion { get; }

    /// <summary>Ten times the major number plus the minor one: 90 is 9.0.</summary>
    internal int ComputeCapability { get; }

    /// <summary>The compute capability.</summary>
    public CudaArchitecture? Architecture => new(ComputeCapability / 10, ComputeCapability % 10);

    /// <summary>What modules for this device are written for.</summary>
    internal PtxTarget Target => PtxTarget.ForDevice(ComputeCapability, NewestPtx(DriverVersion));

    /// <summary>Bytes of shared memory of a multiprocessor.</summary>
    public int MaxSharedMemoryPerMultiprocessor { get; }

    /// <summary>Bytes of the level 2 cache.</summary>
    public int L2CacheSize { get; }

    /// <summary>Clock of the multiprocessors in kHz; 0 where the driver no longer tells.</summary>
    public int ClockRate { get; }

    /// <summary>Clock of the memory in kHz; 0 where the driver no longer tells.</summary>
    public int MemoryClockRate { get; }

    /// <summary>Width of the memory bus in bits.</summary>
    public int MemoryBusWidth { get; }

    /// <summary>Registers of a multiprocessor.</summary>
    public int TotalNumRegistersPerMultiprocessor { get; }

    /// <summary>Registers that a group can have.</summary>
    public int TotalNumRegistersPerGroup { get; }

    /// <inheritdoc/>
    public override AcceleratorType AcceleratorType => AcceleratorType.Cuda;

    /// <summary>The GPUs of this machine that satisfy a condition; none where there is no driver.</summary>
    public static ImmutableArray<Device> GetDevices(Predicate<CudaDevice> predicate)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        return CudaDriver.Installed is { } driver ? [.. GetDevices(driver).Where(device => predicate(device))] : [];
    }

    /// <summary>The GPUs that a driver knows and kernels can run on.</summary>
    internal static IEnumerable<CudaDevice> GetDevices(CudaDriver driver)
    {
        if (driver.DeviceGetCount(out int count) != CudaError.CUDA_SUCCESS)
        {
            yield break;
        }
        for (int ordinal = 0; ordinal < count; ordinal++)
        {
            if (driver.DeviceGet(out int handle, ordinal) == CudaError.CUDA_SUCCESS
                && driver.DeviceGetAttribute(out int major, CudaDeviceAttribute.ComputeCapabilityMajor, handle) == CudaError.CUDA_SUCCESS
                && 10 * major >= LeastComputeCapability)
            {
                yield return new CudaDevice(driver, ordinal, handle);
            }
        }
    }

    /// <summary>
    /// The newest PTX that a driver reads, in tenths. Releases 11.x read 7.x; 12.0 to 12.5 read 8.0 to 8.5, then one was skipped; 13.x read 9.x.
    /// </summary>
    internal static int NewestPtx(Version driver) => driver.Major switch
    {
        < 10 => 60 + (driver.Major == 9 ? driver.Minor : 0),
        10 => 63 + driver.Minor,
        11 => 70 + Math.Min(driver.Minor, 8),
        12 => 80 + (driver.Minor < 6 ? driver.Minor : Math.Min(driver.Minor - 1, 8)),
        _ => 90 + (driver.Major == 13 ? driver.Minor : 0),
    };

    /// <inheritdoc/>
    public override Accelerator CreateAccelerator(Context context) => CreateCudaAccelerator(context);

    /// <summary>Makes an accelerator on this GPU.</summary>
    public CudaAccelerator CreateCudaAccelerator(Context context) => new(context, this);

    /// <inheritdoc/>
    public bool Equals(CudaDevice? other) => other is not null && other.Driver == Driver && other.DeviceId == DeviceId;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CudaDevice);

    /// <inheritdoc/>
    public override int GetHashCode() => DeviceId;

    /// <inheritdoc/>
    protected override void PrintGeneralInfo(TextWriter writer)
    {
        base.PrintGeneralInfo(writer);
        writer.WriteLine($"  compute capability: {Architecture}, driver: CUDA {DriverVersion}, kernels for {Target}");
        writer.WriteLine($"  level 2 cache: {L2CacheSize / (1 << 20)} MiB, memory bus: {MemoryBusWidth} bits, registers of a multiprocessor: {TotalNumRegistersPerMultiprocessor}");
    }

    private int Read(CudaDeviceAttribute attribute)
    {
        Check(Driver.DeviceGetAttribute(out int value, attribute, Handle), "cuDeviceGetAttribute");
        return value;
    }

    private unsafe string ReadName()
    {
        byte* name = stackalloc byte[256];
        Check(Driver.DeviceGetName(name, 256, Handle), "cuDeviceGetName");
        return Marshal.PtrToStringUTF8((nint)name) ?? "";
    }

    private void Check(CudaError error, string call)
    {
        if (error != CudaError.CUDA_SUCCESS)
        {
            throw new CudaException(error, $"GPU {DeviceId}: {call}: {Driver.Describe(error)}");
        }
    }
}
