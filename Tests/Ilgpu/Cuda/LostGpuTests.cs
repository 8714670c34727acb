using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Managed.Tests.Ilgpu.Cuda;

/// <summary>
/// What is left when a kernel has broken a GPU's context: the driver refuses this process the GPU from then on, so this runs by itself:
/// `dotnet test --filter TestCategory=LostGpu`.
/// </summary>
[Category("LostGpu")]
[Explicit("takes the GPU from the rest of the process")]
internal sealed class LostGpuTests
{
    private static void Wild(Index1D index, ArrayView<int> values, long far) => values[index + far] = 1;

    [Test]
    public void A_kernel_that_writes_elsewhere_is_named_and_the_process_goes_on()
    {
        if (CudaDevice.GetDevices(_ => true).IsEmpty)
            Assert.Ignore("skipped: no NVIDIA GPU can be used here.");
        using Context context = Context.Create(builder => builder.Default());
        using CudaAccelerator doomed = context.CreateCudaAccelerator(0);
        using var buffer = doomed.Allocate1D<int>(32);
        doomed.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, long>(Wild)(32, buffer.View.BaseView, 1L << 40);
        Assert.That(doomed.Synchronize, Throws.TypeOf<CudaException>().With.Message.Contains("Wild"));
        Assert.That(() => doomed.Allocate1D<int>(1), Throws.TypeOf<CudaException>().With.Message.Contains("was lost"));
        using Accelerator processor = context.GetPreferredDevice(preferCPU: true).CreateAccelerator(context);
        using var after = processor.Allocate1D(new[] { 4, 5 });
        Assert.That(after.GetAsArray1D(), Is.EqualTo(new[] { 4, 5 }));
    }
}
