using System.Text;
using Managed.Ilgpu.Compiler.OpenCL;

namespace ILGPU.Runtime.OpenCL;

/// <summary>What a device says of itself. Asks the driver once.</summary>
internal sealed unsafe class CLDeviceInfo
{
    private const uint PlatformName = 0x0902;
    private const uint PlatformVersion = 0x0901;
    private const ulong AllDevices = 0xFFFFFFFF;

    private CLDeviceInfo(IntPtr platform, IntPtr device)
    {
        Platform = platform;
        Device = device;
        PlatformTitle = Text(CLLibrary.GetPlatformInfo, platform, PlatformName);
        PlatformVersionText = Text(CLLibrary.GetPlatformInfo, platform, PlatformVersion);
        Name = Text(CLLibrary.GetDeviceInfo, device, 0x102B).Trim();
        Vendor = Text(CLLibrary.GetDeviceInfo, device, 0x102C).Trim();
        DriverVersion = Text(CLLibrary.GetDeviceInfo, device, 0x102D).Trim();
        DeviceVersion = Text(CLLibrary.GetDeviceInfo, device, 0x102F).Trim();
        LanguageVersion = Text(CLLibrary.GetDeviceInfo, device, 0x103D).Trim();
        Extensions = [.. Text(CLLibrary.GetDeviceInfo, device, 0x1030).Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        DeviceType = Number<ulong>(0x1000);
        ComputeUnits = (int)Number<uint>(0x1002);
        MaxGroupSize = (int)Math.Min(Number<nuint>(0x1004), int.MaxValue);
        MaxClock = (int)Number<uint>(0x100C);
        GlobalMemory = (long)Math.Min(Number<ulong>(0x101F), long.MaxValue);
        MaxAllocation = (long)Math.Min(Number<ulong>(0x1010), long.MaxValue);
        LocalMemory = (int)Math.Min(Number<ulong>(0x1023), int.MaxValue);
        ConstantMemory = (int)Math.Min(Number<ulong>(0x1020), int.MaxValue);
        AddressBits = (int)Number<uint>(0x100D);
        Available = Number<uint>(0x1027) != 0 && Number<uint>(0x1028) != 0;
        HasCorrectlyRoundedDivideSqrt = (Number<ulong>(0x101B) & (1 << 7)) != 0;
        uint dimensions = Math.Max(3, Number<uint>(0x1003));
        nuint* sizes = stackalloc nuint[(int)dimensions];
        CLException.ThrowIfFailed(CLLibrary.GetDeviceInfo(device, 0x1005, dimensions * (nuint)sizeof(nuint), sizes, null), "ask the device for its largest groups");
        MaxGroupDimensions = ((int)Math.Min(sizes[0], int.MaxValue), (int)Math.Min(sizes[1], int.MaxValue), (int)Math.Min(sizes[2], int.MaxValue));
    }

    public IntPtr Platform { get; }
    public IntPtr Device { get; }
    public string PlatformTitle { get; }
    public string PlatformVersionText { get; }
    public string Name { get; }
    public string Vendor { get; }
    public string DriverVersion { get; }
    public string DeviceVersion { get; }
    public string LanguageVersion { get; }
    public HashSet<string> Extensions { get; }

    /// <summary>Bits: 2 CPU, 4 GPU, 8 accelerator.</summary>
    public ulong DeviceType { get; }
    public int ComputeUnits { get; }
    public int MaxGroupSize { get; }
    public (int X, int Y, int Z) MaxGroupDimensions { get; }

    /// <summary>MHz.</summary>
    public int MaxClock { get; }
    public long GlobalMemory { get; }

    /// <summary>Bytes of the largest single buffer.</summary>
    public long MaxAllocation { get; }
    public int LocalMemory { get; }
    public int ConstantMemory { get; }
    public int AddressBits { get; }

    /// <summary>It is there and its driver has a compiler.</summary>
    public bool Available { get; }
    public bool HasCorrectlyRoundedDivideSqrt { get; }

    /// <summary>What generated code may use here.</summary>
    public OpenCLTarget Target => new()
    {
        DeviceName = Name,
        HasFloat64 = Extensions.Contains("cl_khr_fp64"),
        HasInt64Atomics = Extensions.Contains("cl_khr_int64_base_atomics") && Extensions.Contains("cl_khr_int64_extended_atomics"),
        CorrectlyRoundedDivideSqrt = HasCorrectlyRoundedDivideSqrt,
    };

    /// <summary>Options for every program: no fast-math, correctly rounded division and square root where the device offers them.</summary>
    public string BuildOptions => "-cl-std=CL1.2" + (HasCorrectlyRoundedDivideSqrt ? " -cl-fp32-correctly-rounded-divide-sqrt" : "");

    /// <summary>All devices of all platforms; none where OpenCL is not installed. A broken platform hides only itself.</summary>
    public static List<CLDeviceInfo> All()
    {
        List<CLDeviceInfo> found = [];
        if (!CLLibrary.IsAvailable)
        {
            return found;
        }
        uint count = 0;
        if (CLLibrary.GetPlatformIDs(0, null, &count) != 0 || count == 0)
        {
            return found;
        }
        IntPtr[] platforms = new IntPtr[count];
        fixed (IntPtr* list = platforms)
        {
            CLException.ThrowIfFailed(CLLibrary.GetPlatformIDs(count, list, null), "list the platforms");
        }
        foreach (IntPtr platform in platforms)
        {
            uint devices = 0;
            if (CLLibrary.GetDeviceIDs(platform, AllDevices, 0, null, &devices) != 0 || devices == 0)
            {
                continue;
            }
            IntPtr[] handles = new IntPtr[devices];
            fixed (IntPtr* list = handles)
            {
                CLException.ThrowIfFailed(CLLibrary.GetDeviceIDs(platform, AllDevices, devices, list, null), "list the devices of a platform");
            }
            found.AddRange(handles.Select(handle => new CLDeviceInfo(platform, handle)).Where(device => device.Available));
        }
        return found;
    }

    private T Number<T>(uint parameter)
        where T : unmanaged
    {
        T value = default;
        CLException.ThrowIfFailed(CLLibrary.GetDeviceInfo(Device, parameter, (nuint)sizeof(T), &value, null), $"ask the device for property 0x{parameter:x}");
        return value;
    }

    private static string Text(delegate* unmanaged<IntPtr, uint, nuint, void*, nuint*, int> query, IntPtr of, uint parameter)
    {
        nuint size = 0;
        CLException.ThrowIfFailed(query(of, parameter, 0, null, &size), $"ask for property 0x{parameter:x}");
        byte[] bytes = new byte[(int)size + 1];
        fixed (byte* start = bytes)
        {
            CLException.ThrowIfFailed(query(of, parameter, size, start, null), $"ask for property 0x{parameter:x}");
        }
        return Encoding.UTF8.GetString(bytes).TrimEnd('\0');
    }
}
