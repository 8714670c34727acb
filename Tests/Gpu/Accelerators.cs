using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using Managed.Kernels.Gpu;

namespace Managed.Tests.Gpu;

/// <summary>The devices that tests of GPU kernels run on.</summary>
internal static class Accelerators
{
    public const string Cpu = "CPU accelerator", OpenCL = "OpenCL";

    /// <summary>A device of its own; where there is none of the kind, the test is skipped and says so.</summary>
    public static GpuDevice Open(string kind)
    {
        Context context = Context.Create(builder => builder.Default().EnableAlgorithms());
        Device? device = context.Devices.FirstOrDefault(known => known.AcceleratorType == (kind == Cpu ? AcceleratorType.CPU : AcceleratorType.OpenCL));
        if (device is null)
        {
            context.Dispose();
            Assert.Ignore($"There is no {kind} device here.");
        }
        return new GpuDevice(context, device!.CreateAccelerator(context));
    }
}
