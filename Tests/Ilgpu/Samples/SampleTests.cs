using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime.CPU;

namespace Managed.Tests.Ilgpu.Samples;

/// <summary>Kernels written for ILGPU's programming interface give what plain C# gives, with this implementation and with the published packages.</summary>
public sealed class SampleTests
{
    [TestCaseSource(typeof(SampleCase), nameof(SampleCase.All))]
    public void TheCpuAcceleratorGivesWhatPlainCodeGives(SampleCase sample)
    {
#if ILGPU_PACKAGE
        if (sample.BeyondPackage)
        {
            Assert.Ignore("skipped: the published package refuses it.");
        }
#endif
        using Context context = Context.Create(builder => builder.CPU(CPUDeviceKind.Nvidia).EnableAlgorithms());
        using CPUAccelerator accelerator = context.CreateCPUAccelerator(0);
        Assert.That(sample.Difference(accelerator), Is.Null);
    }

#if !ILGPU_PACKAGE
    [TestCaseSource(typeof(SampleCase), nameof(SampleCase.All))]
    public void WarpsOfOtherSizesChangeNothing(SampleCase sample)
    {
        using Context context = Context.Create(builder => builder.CPU(new CPUDevice(8, 128, 1)));
        using CPUAccelerator accelerator = context.GetCPUDevice(0).CreateCPUAccelerator(context, CPUAcceleratorMode.Sequential);
        Assert.That(sample.Difference(accelerator), Is.Null);
    }
#endif
}
