using System.Collections.Immutable;
using Managed.Ilgpu.Compiler.OpenCL;

namespace ILGPU.Runtime.OpenCL;

/// <summary>What kind of device an OpenCL driver offers; the standard's values.</summary>
[Flags]
public enum CLDeviceType : long
{
    /// <summary>The platform's default device.</summary>
    CL_DEVICE_TYPE_DEFAULT = 1,
    /// <summary>The host's processor.</summary>
    CL_DEVICE_TYPE_CPU = 2,
    /// <summary>A GPU.</summary>
    CL_DEVICE_TYPE_GPU = 4,
    /// <summary>Another accelerator.</summary>
    CL_DEVICE_TYPE_ACCELERATOR = 8,
}

/// <summary>A device of any OpenCL driver. OpenCL C 1.2 without extensions suffices.</summary>
public sealed class CLDevice : Device, IEquatable<CLDevice>
{
    internal CLDevice(CLDeviceInfo info)
    {
        Info = info;
        Name = info.Name;
        MemorySize = info.GlobalMemory;
        MaxGridSize = new Index3D(int.MaxValue, int.MaxValue, int.MaxValue);
        MaxGroupSize = new Index3D(info.MaxGroupDimensions.X, info.MaxGroupDimensions.Y, info.MaxGroupDimensions.Z);
        MaxNumThreadsPerGroup = info.MaxGroupSize;
        MaxSharedMemoryPerGroup = info.LocalMemory;
        MaxConstantMemory = info.ConstantMemory;
        WarpSize = OpenCLTarget.WarpSize;
        NumMultiprocessors = info.ComputeUnits;
        // The driver does not tell how many groups a compute unit holds.
        MaxNumThreadsPerMultiprocessor = info.MaxGroupSize;
    }

    internal CLDeviceInfo Info { get; }

    /// <inheritdoc/>
    public override AcceleratorType AcceleratorType => AcceleratorType.OpenCL;

    /// <summary>The driver's handle of the platform.</summary>
    public nint PlatformId => Info.Platform;

    /// <summary>The driver's name.</summary>
    public string PlatformName => Info.PlatformTitle;

    /// <summary>The driver's handle of the device.</summary>
    public nint DeviceId => Info.Device;

    /// <summary>CPU, GPU or other.</summary>
    public CLDeviceType DeviceType => (CLDeviceType)Info.DeviceType;

    /// <summary>Who made it.</summary>
    public string VendorName => Info.Vendor;

    /// <summary>The driver's version.</summary>
    public string DriverVersion => Info.DriverVersion;

    /// <summary>What it has beyond the standard.</summary>
    public ImmutableArray<string> Extensions => [.. Info.Extensions.Order(StringComparer.Ordinal)];

    /// <summary>MHz.</summary>
    public int ClockRate => Info.MaxClock;

    /// <summary>All devices that satisfy a condition; none where no driver is installed.</summary>
    public static ImmutableArray<CLDevice> GetDevices(Predicate<CLDevice> predicate)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        return [.. CLDeviceInfo.All().Select(info => new CLDevice(info)).Where(device => predicate(device))];
    }

    /// <inheritdoc/>
    public override Accelerator CreateAccelerator(Context context) => CreateCLAccelerator(context);

    /// <summary>Makes an accelerator on this device.</summary>
    public CLAccelerator CreateCLAccelerator(Context context) => new(context, this);

    /// <inheritdoc/>
    public bool Equals(CLDevice? other) => other is not null && other.DeviceId == DeviceId;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CLDevice);

    /// <inheritdoc/>
    public override int GetHashCode() => DeviceId.GetHashCode();

    /// <inheritdoc/>
    protected override void PrintGeneralInfo(TextWriter writer)
    {
        base.PrintGeneralInfo(writer);
        writer.WriteLine($"  {PlatformName}, driver {DriverVersion}, {Info.DeviceVersion}, {Info.LanguageVersion}");
        writer.WriteLine($"  double: {(Info.Target.HasFloat64 ? "yes" : "no")}, 64-bit atomics: {(Info.Target.HasInt64Atomics ? "yes" : "no")}, "
            + $"correctly rounded division: {(Info.HasCorrectlyRoundedDivideSqrt ? "yes" : "no")}");
    }
}

/// <summary>OpenCL devices in a context.</summary>
public static class CLContextExtensions
{
    /// <summary>Adds all OpenCL devices.</summary>
    public static Context.Builder OpenCL(this Context.Builder builder) => builder.OpenCL(_ => true);

    /// <summary>Adds the OpenCL devices that satisfy a condition.</summary>
    public static Context.Builder OpenCL(this Context.Builder builder, Predicate<CLDevice> predicate)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(CLDevice.GetDevices(predicate));
    }

    /// <summary>One of the context's OpenCL devices.</summary>
    public static CLDevice GetCLDevice(this Context context, int clDeviceIndex)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.GetDevice<CLDevice>(clDeviceIndex);
    }

    /// <summary>The context's OpenCL devices.</summary>
    public static Context.DeviceCollection<CLDevice> GetCLDevices(this Context context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.GetDevices<CLDevice>();
    }

    /// <summary>Makes an accelerator on one of the context's OpenCL devices.</summary>
    public static CLAccelerator CreateCLAccelerator(this Context context, int clDeviceIndex)
        => context.GetCLDevice(clDeviceIndex).CreateCLAccelerator(context);
}
