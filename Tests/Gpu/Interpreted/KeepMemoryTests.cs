using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;
using Managed.Kernels;
using Managed.Kernels.Gpu;
using Managed.Tests.Ilgpu.Cuda;

namespace Managed.Tests.Gpu;

/// <summary>The memory that a device keeps rows in for the host, and the orders in which its streams may fill it, on drivers of the tests.</summary>
public class KeepMemoryTests
{
    /// <summary>The orders in which two streams may do their work, from one extreme to the other.</summary>
    [Test]
    public void Streams_that_hurry_or_dawdle_keep_the_same_rows([Values] bool isComputingLazy, [Values] bool isCopyingLazy, [Values(0, 3)] int gap)
    {
        InterpretedCudaDriver driver = new() { IsLazy = stream => stream == 0 ? isComputingLazy : isCopyingLazy };
        using (GpuDevice device = Accelerators.OpenCuda(driver))
            KeepTests.AssertKept(device, gap);
        Assert.That(driver.Alive, Is.Empty);
    }

    [Test]
    public void Memory_that_was_given_back_is_lent_again_without_being_locked_again()
    {
        FakeCudaDriver driver = new();
        using GpuDevice device = Accelerators.OpenCuda(driver);
        Memory<float> first = device.RentHost(3000), second = device.RentHost(3000);
        Assert.That(first.Equals(second), Is.False);
        device.ReturnHost(first);
        device.ReturnHost(first); // once is enough
        Memory<float> third = device.RentHost(2900), fourth = device.RentHost(3000);
        Assert.That(third.Equals(first[..2900]), "the same memory");
        Assert.That(fourth.Equals(first) || fourth.Equals(second), Is.False);
        Assert.That(Locked(driver), Is.EqualTo(3));
        device.ReturnHost(new float[5]); // never lent
        Assert.That(device.RentHost(5).Length, Is.EqualTo(5));
    }

    [Test]
    public void The_collector_brings_back_what_nobody_refers_to_and_nothing_else()
    {
        FakeCudaDriver driver = new();
        using GpuDevice device = Accelerators.OpenCuda(driver);
        Span<float> held = RentSpan(device); // nothing but a span of it
        held.Fill(7);
        for (int time = 0; time < 4; time++)
        {
            Forget(device);
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.That(held.IndexOfAnyExcept(7f), Is.EqualTo(-1), "what is held is nobody else's");
        Assert.That(Locked(driver), Is.EqualTo(2), "one that is held, one that comes back each time");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Span<float> RentSpan(GpuDevice device) => device.RentHost(5000).Span;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget(GpuDevice device) => device.RentHost(5000).Span.Fill(1);

    [Test]
    public void What_is_kept_outlives_the_device()
    {
        FakeCudaDriver driver = new();
        Memory<float> kept;
        using (GpuDevice device = Accelerators.OpenCuda(driver))
        {
            using DeviceBuffer buffer = device.Upload([1, 2, 3, 4]);
            device.Keep(kept = device.RentHost(4), new Rows(buffer, 2, 2));
        }
        Assert.That(driver.Alive, Is.Empty);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.That(kept.ToArray(), Is.EqualTo(new float[] { 1, 2, 3, 4 }));
    }

    [Test]
    public void Pages_that_cannot_be_locked_are_used_as_they_are()
    {
        FakeCudaDriver driver = new();
        driver.FailNext("cuMemHostRegister", CudaError.CUDA_ERROR_OUT_OF_MEMORY);
        using GpuDevice device = Accelerators.OpenCuda(driver);
        using DeviceBuffer buffer = device.Upload([1, 2, 3, 4]);
        Memory<float> kept = device.RentHost(4);
        device.Keep(kept, new Rows(buffer, 2, 2));
        device.Synchronize();
        Assert.That(kept.ToArray(), Is.EqualTo(new float[] { 1, 2, 3, 4 }));
    }

    private static int Locked(FakeCudaDriver driver) => driver.Calls.Count(call => call.StartsWith("cuMemHostRegister", StringComparison.Ordinal));
}
