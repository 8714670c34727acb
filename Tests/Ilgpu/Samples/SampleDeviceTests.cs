using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using Managed.Tests.Ilgpu.Cuda;

namespace Managed.Tests.Ilgpu.Samples;

/// <summary>The same kernels, compiled: to OpenCL C where a device is installed, to PTX that the interpreter runs.</summary>
public sealed class SampleDeviceTests
{
    [TestCaseSource(typeof(SampleCase), nameof(SampleCase.All))]
    public void AnOpenCLDeviceGivesWhatPlainCodeGives(SampleCase sample)
    {
        using Context context = Context.Create(builder => builder.OpenCL());
        if (context.GetCLDevices().Count == 0)
        {
            Assert.Ignore("skipped: no OpenCL device is installed (Debian: pocl-opencl-icd).");
        }
        using Accelerator accelerator = context.CreateCLAccelerator(0);
        Assert.That(sample.Difference(accelerator), Is.Null);
    }

    [TestCaseSource(typeof(SampleCase), nameof(SampleCase.All))]
    public void TheirPtxGivesWhatPlainCodeGives(SampleCase sample)
    {
        using Context context = Context.Create().ToContext();
        using Accelerator accelerator = CudaDevice.GetDevices(new InterpretedCudaDriver()).Single().CreateCudaAccelerator(context);
        Assert.That(sample.Difference(accelerator), Is.Null);
    }
}
