using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using Managed.Tests.Ilgpu.Ptx;
using Managed.Tests.Ilgpu.Samples;

namespace Managed.Tests.Ilgpu.Cuda;

/// <summary>
/// The samples from C# source to PTX and through the CUDA accelerator: the driver's place is taken by a strict fake that runs launches in the
/// interpreter. Results equal the CPU accelerator's, which runs the same methods as managed code, bit for bit.
/// </summary>
internal sealed class DeviceSampleTests
{
    private static IEnumerable<TestCaseData> Samples() => DeviceSamples.All.Select(sample => new TestCaseData(sample).SetArgDisplayNames(sample.Name));

    internal static byte[] OnCpu(DeviceSamples.Sample sample)
    {
        using Context context = Context.Create(builder => builder.CPU());
        using Accelerator accelerator = context.CreateCPUAccelerator(0);
        return sample.Run(accelerator);
    }

    [TestCaseSource(nameof(Samples))]
    public void The_interpreted_GPU_gives_the_CPUs_bits(DeviceSamples.Sample sample)
    {
        InterpretedCudaDriver driver = new();
        using Context context = Context.Create().ToContext();
        using CudaAccelerator accelerator = CudaDevice.GetDevices(driver).Single().CreateCudaAccelerator(context);
        byte[] expected = OnCpu(sample), actual = sample.Run(accelerator);
        Assert.That(actual, Is.EqualTo(expected), () => string.Join('\n', driver.Modules.Values));
    }

    [TestCaseSource(typeof(SampleCase), nameof(SampleCase.All))]
    public void The_interpreted_GPU_gives_what_plain_code_gives(SampleCase sample)
    {
        foreach ((int major, string architecture) in new[] { (9, "sm_90"), (8, "sm_80") })
        {
            InterpretedCudaDriver driver = new();
            driver.Attributes[CudaDeviceAttribute.ComputeCapabilityMajor] = major;
            using Context context = Context.Create().ToContext();
            using CudaAccelerator accelerator = CudaDevice.GetDevices(driver).Single().CreateCudaAccelerator(context);
            Assert.That(sample.Difference(accelerator), Is.Null, () => string.Join('\n', driver.Modules.Values));
            if (!Ptxas.IsInstalled)
            {
                continue;
            }
            foreach (string text in driver.Modules.Values)
            {
                Ptxas.Report report = Ptxas.Assemble(text, architecture);
                TestContext.Out.WriteLine($"{sample} for {architecture}: {report.Registers} registers, {report.StackBytes} bytes of stack");
                Assert.That(report.SpillBytes, Is.Zero, text);
            }
        }
    }

    [TestCaseSource(nameof(Samples))]
    public void Its_PTX_assembles_without_spills(DeviceSamples.Sample sample)
    {
        foreach ((int major, string architecture) in new[] { (8, "sm_80"), (9, "sm_90") })
        {
            FakeCudaDriver driver = new();
            driver.Attributes[CudaDeviceAttribute.ComputeCapabilityMajor] = major;
            using Context context = Context.Create().ToContext();
            using CudaAccelerator accelerator = CudaDevice.GetDevices(driver).Single().CreateCudaAccelerator(context);
            sample.Run(accelerator);
            foreach (string text in driver.Modules.Values)
            {
                Ptxas.Report report = Ptxas.Assemble(text, architecture);
                TestContext.Out.WriteLine($"{sample} for {architecture}: {report.Registers} registers, {report.StackBytes} bytes of stack");
                Assert.That(report.SpillBytes, Is.Zero, text);
            }
        }
    }

    [Test]
    public void PTX_in_a_kernel_reaches_tensor_cores()
    {
        InterpretedCudaDriver driver = new();
        driver.Attributes[CudaDeviceAttribute.ComputeCapabilityMajor] = 8;
        using Context context = Context.Create().ToContext();
        using CudaAccelerator accelerator = CudaDevice.GetDevices(driver).Single().CreateCudaAccelerator(context);
        ushort[] a = TensorCoreKernels.SmallNumbers(16 * 16, 1), b = TensorCoreKernels.SmallNumbers(8 * 16, 2);
        Assert.That(TensorCoreKernels.Run(accelerator, a, b), Is.EqualTo(TensorCoreKernels.Expected(a, b)), () => driver.Modules.Values.Single());
        Ptxas.Assemble(driver.Modules.Values.Single(), "sm_80");
    }
}
