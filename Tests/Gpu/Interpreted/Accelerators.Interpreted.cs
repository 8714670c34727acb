using ILGPU;
using ILGPU.Runtime.Cuda;
using Managed.Kernels.Gpu;
using Managed.Tests.Ilgpu.Cuda;
using Managed.Tests.Ilgpu.Ptx;

namespace Managed.Tests.Gpu;

/// <summary>Devices behind the tests' own CUDA driver: one that computes by interpreting PTX, one that only writes down what it is asked.</summary>
internal static partial class Accelerators
{
    /// <summary>A CUDA device behind a driver of the tests.</summary>
    public static GpuDevice OpenCuda(FakeCudaDriver driver)
    {
        Context context = Context.Create().ToContext();
        return new GpuDevice(context, OpenCuda(context, driver));
    }

    /// <inheritdoc cref="OpenCuda(FakeCudaDriver)"/>
    public static CudaAccelerator OpenCuda(Context context, FakeCudaDriver driver) => CudaDevice.GetDevices(driver).Single().CreateCudaAccelerator(context);

    /// <summary>
    /// What is compiled behind each of two drivers, of compute capability 8.0 and 9.0, assembles for it without spills.
    /// </summary>
    /// <param name="what">What the report calls it.</param>
    /// <param name="use">Launches the kernels.</param>
    /// <param name="mayHaveStack">Whether arrays in local memory, which are no spills, are as wanted.</param>
    public static void AssertAssembles(string what, Action<FakeCudaDriver> use, bool mayHaveStack = true)
    {
        foreach ((int major, string architecture) in new[] { (8, "sm_80"), (9, "sm_90") })
        {
            FakeCudaDriver driver = new();
            driver.Attributes[CudaDeviceAttribute.ComputeCapabilityMajor] = major;
            driver.Attributes[CudaDeviceAttribute.ComputeCapabilityMinor] = 0;
            use(driver);
            Assert.That(driver.Modules, Is.Not.Empty);
            foreach (string text in driver.Modules.Values)
            {
                Ptxas.Report report = Ptxas.Assemble(text, architecture);
                TestContext.Out.WriteLine($"{what} for {architecture}: {report.Registers} registers, {report.StackBytes} bytes of stack, {report.SpillBytes} of spills");
                Assert.That(report.SpillBytes, Is.Zero, text);
                Assert.That(mayHaveStack || report.StackBytes == 0, text);
            }
        }
    }

    static partial void Interpret(ref GpuDevice? device) => device = OpenCuda(new InterpretedCudaDriver());

    static partial void Assemble(string what, Action<GpuDevice> use, ref bool isAssembled)
    {
        AssertAssembles(
            what,
            (FakeCudaDriver driver) =>
            {
                using GpuDevice device = OpenCuda(driver);
                use(device);
            });
        isAssembled = true;
    }
}
