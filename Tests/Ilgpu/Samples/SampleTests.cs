using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace Managed.Tests.Ilgpu.Samples;

/// <summary>Kernels written for ILGPU's programming interface give what plain C# gives.</summary>
public sealed class SampleTests
{
    [TestCaseSource(typeof(SampleCase), nameof(SampleCase.All))]
    public void TheCpuAcceleratorGivesWhatPlainCodeGives(SampleCase sample)
    {
        using Context context = Context.Create(builder => builder.CPU());
        using CPUAccelerator accelerator = context.CreateCPUAccelerator(0);
        Assert.That(sample.Difference(accelerator), Is.Null);
    }

    [TestCaseSource(typeof(SampleCase), nameof(SampleCase.All))]
    public void WarpsOfOtherSizesChangeNothing(SampleCase sample)
    {
        using Context context = Context.Create(builder => builder.CPU(new CPUDevice(8, 128, 1)));
        using CPUAccelerator accelerator = context.GetCPUDevice(0).CreateCPUAccelerator(context, CPUAcceleratorMode.Sequential);
        Assert.That(sample.Difference(accelerator), Is.Null);
    }
}
