using Managed.Kernels;
using Managed.Kernels.Gpu;

namespace Managed.Tests.Gpu;

/// <summary>Memory that host and device share by copies.</summary>
public class GpuBufferTests
{
    [Test]
    public void What_the_host_writes_counts_for_the_next_kernel_and_what_a_kernel_writes_for_the_host([Values(Accelerators.Cpu, Accelerators.OpenCL, Accelerators.Ptx, Accelerators.Cuda)] string accelerator)
    {
        using GpuDevice device = Accelerators.Open(accelerator);
        using DeviceBuffer buffer = device.Upload([1, 2, 3, 4, 5, 6]), doubled = device.Allocate(6);
        Span<float> early = device.Span(buffer, 4, 2), late = device.Span(buffer, 0, 3);
        (early[0], late[1]) = (50, 20);
        device.Scale(new Rows(doubled, 1, 6), new Rows(buffer, 1, 6), 2f);
        Assert.That(device.Span(doubled, 0, 6).ToArray(), Is.EqualTo(new float[] { 2, 40, 6, 8, 100, 12 }));
        device.Scale(new Rows(buffer, 1, 6), new Rows(doubled, 1, 6), 1f);
        Assert.That(device.Span(buffer, 1, 4).ToArray(), Is.EqualTo(new float[] { 40, 6, 8, 100 }));
    }
}
