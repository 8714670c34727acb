using ILGPU;
using ILGPU.Runtime.OpenCL;
using Managed.Tests.Ilgpu.Samples;

namespace Managed.Tests.Ilgpu.OpenCL;

/// <summary>Kernels written for ILGPU's programming interface give on an OpenCL device what plain C# gives.</summary>
public sealed class OpenCLSampleTests
{
    private Context context = null!;
    private CLAccelerator? accelerator;

    [OneTimeSetUp]
    public void CreateAccelerator()
    {
        context = Context.Create(builder => builder.OpenCL());
        accelerator = context.GetCLDevices().Count > 0 ? context.CreateCLAccelerator(0) : null;
    }

    [OneTimeTearDown]
    public void DisposeAccelerator()
    {
        accelerator?.Dispose();
        context.Dispose();
    }

    [TestCaseSource(typeof(SampleCase), nameof(SampleCase.All))]
    public void ADeviceGivesWhatPlainCodeGives(SampleCase sample)
    {
        OpenCLRunner.RequireDevice(accelerator is not null);
        Assert.That(sample.Difference(accelerator!), Is.Null);
    }
}
