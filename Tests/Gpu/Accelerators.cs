using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Managed.Kernels.Gpu;

namespace Managed.Tests.Gpu;

/// <summary>The devices that tests of GPU kernels run on.</summary>
internal static partial class Accelerators
{
    /// <summary>The kernels as managed code; as OpenCL C on whatever driver there is; as PTX on the tests' interpreter; on an NVIDIA GPU.</summary>
    public const string Cpu = "CPU accelerator", OpenCL = "OpenCL", Ptx = "interpreted PTX", Cuda = "CUDA";

    /// <summary>A device of its own; where there is none of the kind, the test is skipped and says so.</summary>
    public static GpuDevice Open(string kind)
    {
        if (kind == Ptx)
        {
            GpuDevice? interpreted = null;
            Interpret(ref interpreted);
            if (interpreted is null)
                Assert.Ignore("skipped: the tests' interpreter of PTX runs what this project's compiler makes, not the published package's.");
            return interpreted!;
        }
        Context context = Context.Create(builder => builder.Default().EnableAlgorithms());
        AcceleratorType wanted = kind switch { Cpu => AcceleratorType.CPU, Cuda => AcceleratorType.Cuda, _ => AcceleratorType.OpenCL };
        Device? device = context.Devices.FirstOrDefault(known => known.AcceleratorType == wanted);
        if (device is null)
        {
            context.Dispose();
            Assert.Ignore($"skipped: there is no {kind} device here.");
        }
        return new GpuDevice(context, device!.CreateAccelerator(context));
    }

    /// <summary>An NVIDIA GPU where there is one, else an OpenCL device; where there is neither, the test is skipped and says so.</summary>
    public static GpuDevice OpenGpu() => Open(CudaDevice.GetDevices(_ => true).IsEmpty ? OpenCL : Cuda);

    /// <summary>
    /// What a device compiles on the way assembles for sm_80 and sm_90 without spills. Launches do nothing there, so that results mean nothing.
    /// </summary>
    /// <param name="what">What the report calls it.</param>
    /// <param name="use">Launches the kernels.</param>
    /// <param name="mayHaveStack">Whether arrays in local memory, which are no spills, are as wanted.</param>
    public static void AssertAssembles(string what, Action<GpuDevice> use, bool mayHaveStack = false)
    {
        bool isAssembled = false;
        Assemble(what, use, mayHaveStack, ref isAssembled);
        if (!isAssembled)
            Assert.Ignore("skipped: the published package does not show the PTX that it makes.");
    }

    // With the published packages there is neither an interpreter nor an assembler behind the device: nothing then implements these two.
    static partial void Interpret(ref GpuDevice? device);

    static partial void Assemble(string what, Action<GpuDevice> use, bool mayHaveStack, ref bool isAssembled);
}
