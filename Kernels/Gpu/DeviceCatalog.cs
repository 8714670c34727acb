using System.Globalization;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;

namespace Managed.Kernels.Gpu;

/// <summary>A device beside the processor, as `--device` names it.</summary>
/// <param name="Id">cuda, cuda:1, opencl, …</param>
/// <param name="Name">As the driver names it.</param>
/// <param name="MemoryBytes">Memory that it has.</param>
/// <param name="Multiprocessors">Groups that it runs at a time at least.</param>
/// <param name="WarpSize">Threads that run in step; 1: the driver does not say.</param>
internal sealed record DeviceDescription(string Id, string Name, long MemoryBytes, int Multiprocessors, int WarpSize);

/// <summary>The devices of this machine by name: auto, cpu, cuda[:n], opencl[:n], and debug for the kernels as managed code.</summary>
internal static class DeviceCatalog
{
    /// <summary>What a user may give.</summary>
    public const string Names = "auto, cpu, cuda[:n], opencl[:n] or debug";

    private static readonly string[] s_cudaLibraries = OperatingSystem.IsWindows() ? ["nvcuda.dll"] : ["libcuda.so.1", "libcuda.so"];

    /// <summary>Whether a name is one of <see cref="Names"/>, whether or not there is such a device.</summary>
    public static bool IsName(string name) => name is "auto" or "cpu" || Parse(name) is not null;

    /// <summary>Opens a device.</summary>
    /// <param name="name">One of <see cref="Names"/>; auto: the first CUDA device, else the processor.</param>
    /// <param name="threads">For the processor.</param>
    /// <exception cref="DeviceException">There is no such device, or it does not answer.</exception>
    public static IDevice Open(string name, int threads)
    {
        if (name == "auto")
            name = HasCudaDriver() && List().Any(device => device.Id == "cuda") ? "cuda" : "cpu";
        if (name == "cpu")
            return new CpuDevice(threads);
        if (Parse(name) is not (AcceleratorType type, int index))
            throw new DeviceException($"device: found '{name}'; expected {Names}");
        Context context = CreateContext();
        try
        {
            Device[] devices = [.. context.Devices.Where(device => device.AcceleratorType == type)];
            if (index >= devices.Length)
                throw new DeviceException($"device {name}: this machine has {Count(devices.Length, type)}; `managed devices` lists what there is");
            return new GpuDevice(context, devices[index].CreateAccelerator(context));
        }
        catch (AcceleratorException failure)
        {
            context.Dispose();
            throw new DeviceException($"device {name} does not answer: {failure.Message}", failure);
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    /// <summary>What there is beside the processor.</summary>
    public static DeviceDescription[] List()
    {
        using Context context = CreateContext();
        var seen = new Dictionary<AcceleratorType, int>();
        var found = new List<DeviceDescription>();
        foreach (Device device in context.Devices.Where(device => device.AcceleratorType != AcceleratorType.CPU))
        {
            int index = seen.GetValueOrDefault(device.AcceleratorType);
            seen[device.AcceleratorType] = index + 1;
            found.Add(new DeviceDescription(Id(device.AcceleratorType, index), device.Name, device.MemorySize, device.NumMultiprocessors, device.WarpSize));
        }
        return [.. found];
    }

    private static Context CreateContext() => Context.Create(builder => builder.Default().EnableAlgorithms());

    private static string Id(AcceleratorType type, int index) =>
        type.ToString().ToLowerInvariant() + (index == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $":{index}"));

    private static (AcceleratorType Type, int Index)? Parse(string name)
    {
        string[] parts = name.Split(':');
        int index = 0;
        if (parts.Length > 2 || (parts.Length == 2 && !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out index)))
            return null;
        return parts[0] switch
        {
            "cuda" => (AcceleratorType.Cuda, index),
            "opencl" => (AcceleratorType.OpenCL, index),
            "debug" when parts.Length == 1 => (AcceleratorType.CPU, 0),
            _ => null,
        };
    }

    private static string Count(int count, AcceleratorType type) =>
        count == 0 ? $"no {type} device" : string.Create(CultureInfo.InvariantCulture, $"{count} {type} device{(count == 1 ? "" : "s")}");

    // Asking for the driver's library costs nothing where there is none; making a context does.
    private static bool HasCudaDriver()
    {
        foreach (string library in s_cudaLibraries)
            if (NativeLibrary.TryLoad(library, out nint handle))
            {
                NativeLibrary.Free(handle);
                return true;
            }
        return false;
    }
}
