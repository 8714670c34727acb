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
    public static void AssertAssembles(string what, Action<FakeCudaDriver> use, bool mayHaveStack = false)
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
                // what only that very architecture has, is text for it alone
                Ptxas.Report report = Ptxas.Assemble(text, text.Contains($".target {architecture}a\n", StringComparison.Ordinal) ? $"{architecture}a" : architecture);
                string entry = Ptxas.EntryOf(text);
                TestContext.Out.WriteLine($"{what} for {architecture}: {report.Registers} registers, {report.StackBytes} bytes of stack, {report.SpillBytes} of spills; {entry}");
                Assert.That(report.SpillBytes, Is.Zero, $"{entry} for {architecture} keeps in local memory what finds no register");
                Assert.That(mayHaveStack || report.StackBytes == 0, $"{entry} for {architecture} has {report.StackBytes} bytes of arrays in local memory that were meant to be registers");
            }
        }
    }

    static partial void Interpret(ref GpuDevice? device) => device = OpenCuda(new InterpretedCudaDriver());

    static partial void Assemble(string what, Action<GpuDevice> use, bool mayHaveStack, ref bool isAssembled)
    {
        AssertAssembles(
            what,
            (FakeCudaDriver driver) =>
            {
                using GpuDevice device = OpenCuda(driver);
                use(device);
            },
            mayHaveStack);
        isAssembled = true;
    }
}
