using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Managed.Kernels.Gpu;
using Managed.Tests.Ilgpu.Cuda;
using Managed.Tests.Ilgpu.Ptx;

namespace Managed.Tests.Gpu;

/// <summary>The devices that tests of GPU kernels run on.</summary>
internal static class Accelerators
{
    /// <summary>The kernels as managed code; as OpenCL C on whatever driver there is; as PTX on the tests' interpreter; on an NVIDIA GPU.</summary>
    public const string Cpu = "CPU accelerator", OpenCL = "OpenCL", Ptx = "interpreted PTX", Cuda = "CUDA";

    /// <summary>A device of its own; where there is none of the kind, the test is skipped and says so.</summary>
    public static GpuDevice Open(string kind)
    {
        if (kind == Ptx)
            return OpenCuda(new InterpretedCudaDriver());
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

    /// <summary>A CUDA device behind a driver of the tests.</summary>
    public static GpuDevice OpenCuda(FakeCudaDriver driver)
    {
        Context context = Context.Create().ToContext();
        return new GpuDevice(context, CudaDevice.GetDevices(driver).Single().CreateCudaAccelerator(context));
    }

    /// <summary>
    /// What a device compiles on the way assembles for sm_80 and sm_90 without spills. Launches do nothing there, so that results mean nothing.
    /// </summary>
    public static void AssertAssembles(string what, Action<GpuDevice> use)
    {
        foreach ((int major, string architecture) in new[] { (8, "sm_80"), (9, "sm_90") })
        {
            FakeCudaDriver driver = new();
            driver.Attributes[CudaDeviceAttribute.ComputeCapabilityMajor] = major;
            using GpuDevice device = OpenCuda(driver);
            use(device);
            Assert.That(driver.Modules, Is.Not.Empty);
            foreach (string text in driver.Modules.Values)
            {
                Ptxas.Report report = Ptxas.Assemble(text, architecture);
                TestContext.Out.WriteLine($"{what} for {architecture}: {report.Registers} registers, {report.StackBytes} bytes of stack");
                Assert.That(report.SpillBytes, Is.Zero, text);
            }
        }
    }
}
