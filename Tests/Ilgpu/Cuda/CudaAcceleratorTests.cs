using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Managed.Ilgpu.Extensions;

namespace Managed.Tests.Ilgpu.Cuda;

/// <summary>What the accelerator asks of the driver: order, arguments, errors. A fake driver stands for the real one.</summary>
internal sealed class CudaAcceleratorTests
{
    private FakeCudaDriver _driver = null!;
    private Context _context = null!;
    private CudaAccelerator _accelerator = null!;

    [SetUp]
    public void Create()
    {
        _driver = new FakeCudaDriver();
        _context = Context.Create().ToContext();
        _accelerator = CudaDevice.GetDevices(_driver).Single().CreateCudaAccelerator(_context);
    }

    [TearDown]
    public void Dispose()
    {
        _accelerator.Dispose();
        _context.Dispose();
    }

    private static void AddOne(Index1D index, ArrayView<int> values, int one) => values[index] += one;

    private static void Reverse(ArrayView<int> values)
    {
        ArrayView<int> shared = SharedMemory.GetDynamic<int>();
        shared[Group.IdxX] = values[Group.IdxX];
        Group.Barrier();
        values[Group.IdxX] = shared[Group.DimX - 1 - Group.IdxX];
    }

    [Test]
    public void A_device_is_described_as_its_attributes_say()
    {
        CudaDevice device = _accelerator.Device;
        Assert.That((device.Name, device.NumMultiprocessors, device.MaxSharedMemoryPerGroup, device.Architecture, device.MemorySize),
            Is.EqualTo(("Fake GPU", 132, 232448, (CudaArchitecture?)CudaArchitecture.SM_90, 80L << 20)));
        Assert.That(device.Target.ToString(), Is.EqualTo("sm_90a"), "the driver of 12.4 reads PTX 8.4");
        Assert.That(_accelerator.WarpSize, Is.EqualTo(32));
    }

    [TestCase(11, 4, 74)]
    [TestCase(11, 8, 78)]
    [TestCase(12, 0, 80)]
    [TestCase(12, 5, 85)]
    [TestCase(12, 6, 85)]
    [TestCase(12, 9, 88)]
    [TestCase(13, 0, 90)]
    [TestCase(14, 1, 90)]
    public void A_driver_reads_PTX_up_to_its_own_release(int major, int minor, int newest) =>
        Assert.That(CudaDevice.NewestPtx(new Version(major, minor)), Is.EqualTo(newest));

    [Test]
    public void GPUs_before_Volta_are_left_out()
    {
        _driver.Attributes[CudaDeviceAttribute.ComputeCapabilityMajor] = 6;
        Assert.That(CudaDevice.GetDevices(_driver), Is.Empty);
    }

    [Test]
    public void The_context_is_current_on_every_thread_that_calls()
    {
        MemoryBuffer1D<int, Stride1D.Dense>[] buffers = new MemoryBuffer1D<int, Stride1D.Dense>[4];
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(i => new Thread(() => buffers[i] = _accelerator.Allocate1D<int>(10)))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.That(buffers.Select(buffer => buffer?.NativePtr).Distinct().Count(), Is.EqualTo(4)); // the fake fails where none is current
        Thread other = new(buffers[0].Dispose);
        other.Start();
        other.Join();
        Assert.That(_driver.Alive.Count(kind => kind == "memory"), Is.EqualTo(3));
    }

    [Test]
    public void Copies_go_to_the_bytes_that_the_views_name()
    {
        using MemoryBuffer1D<int, Stride1D.Dense> buffer = _accelerator.Allocate1D<int>(8);
        buffer.MemSetToZero();
        buffer.View.SubView(2, 3).CopyFromCPU([10, 11, 12]);
        buffer.View.SubView(5, 2).CopyFrom(buffer.View.SubView(2, 2));
        Assert.That(buffer.GetAsArray1D(), Is.EqualTo(new[] { 0, 0, 10, 11, 12, 10, 11, 0 }));
        Assert.That(_driver.Calls, Has.Some.EqualTo("cuMemcpyHtoDAsync(12)").And.Some.EqualTo("cuMemcpyDtoDAsync(8)").And.Some.EqualTo("cuMemcpyDtoHAsync(32)"));
        Assert.That(_driver.Calls, Has.Some.EqualTo("cuStreamCreate(1)"), "streams do not wait for the driver's default stream");
    }

    [Test]
    public void Everything_is_given_back_when_the_accelerator_goes()
    {
        _ = _accelerator.Allocate1D<float>(100);
        _ = _accelerator.CreateStream();
        _ = _accelerator.AddProfilingMarker();
        _accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, int>(AddOne);
        Assert.That(_driver.Alive, Is.Not.Empty);
        _accelerator.Dispose();
        Assert.That(_driver.Alive, Is.Empty);
        Assert.That(_driver.Calls[^1], Is.EqualTo("cuDevicePrimaryCtxRelease(10)"));
    }

    [Test]
    public void Too_little_memory_says_what_was_asked_for_and_what_is_free_and_breaks_nothing()
    {
        _driver.FailNext("cuMemAlloc", CudaError.CUDA_ERROR_OUT_OF_MEMORY, times: 2);
        Assert.That(() => _accelerator.Allocate1D<float>(5 << 20), Throws.TypeOf<CudaException>()
            .With.Message.EqualTo("Fake GPU has too little memory: 20 MiB were asked for, 10 MiB of 80 MiB are free."));
        using MemoryBuffer1D<float, Stride1D.Dense> smaller = _accelerator.Allocate1D<float>(10);
        Assert.That(smaller.NativePtr, Is.Not.Zero);
    }

    [Test]
    public void Buffers_nobody_holds_are_freed_before_memory_is_said_to_lack()
    {
        _driver.FailNext("cuMemAlloc", CudaError.CUDA_ERROR_OUT_OF_MEMORY);
        using MemoryBuffer1D<float, Stride1D.Dense> second = _accelerator.Allocate1D<float>(10);
        Assert.That(_driver.Calls.Count(call => call == "cuMemAlloc(40)"), Is.EqualTo(2));
    }

    [Test]
    public void A_launch_passes_the_slots_in_order()
    {
        (string Entry, CudaLaunchShape Shape, long[] Slots)? seen = null;
        _driver.OnLaunch = (_, entry, shape, slots) => seen = (entry, shape, slots);
        using MemoryBuffer1D<int, Stride1D.Dense> buffer = _accelerator.Allocate1D<int>(1000);
        _accelerator.LoadImplicitlyGroupedStreamKernel<Index1D, ArrayView<int>, int>(AddOne, 128)(1000, buffer.View.AsContiguous().SubView(4, 900), -7);
        Assert.That(seen, Is.Not.Null);
        Assert.That(seen!.Value.Shape, Is.EqualTo(new CudaLaunchShape(8, 1, 1, 128, 1, 1, 0)));
        Assert.That(seen.Value.Slots.Select((slot, i) => i is 0 or 3 ? (int)slot : slot), Is.EqualTo(new long[] { 1000, buffer.NativePtr + 16, 900, -7 }));
    }

    [Test]
    public void Large_dynamic_shared_memory_is_asked_for_once_and_refused_beyond_the_device()
    {
        using MemoryBuffer1D<int, Stride1D.Dense> buffer = _accelerator.Allocate1D<int>(64);
        Action<KernelConfig, ArrayView<int>> kernel = _accelerator.LoadStreamKernel<ArrayView<int>>(Reverse);
        kernel(new KernelConfig(1, 64, SharedMemoryConfig.RequestDynamic<int>(64)), buffer.View);
        Assert.That(_driver.Calls, Has.None.StartsWith("cuFuncSetAttribute"));
        kernel(new KernelConfig(1, 64, SharedMemoryConfig.RequestDynamic<int>(25_000)), buffer.View);
        kernel(new KernelConfig(1, 64, SharedMemoryConfig.RequestDynamic<int>(25_000)), buffer.View);
        Assert.That(_driver.Calls.Where(call => call.StartsWith("cuFuncSetAttribute")), Is.EqualTo(new[] { "cuFuncSetAttribute(MaxDynamicSharedBytes, 100000)" }));
        Assert.That(() => kernel(new KernelConfig(1, 64, SharedMemoryConfig.RequestDynamic<int>(100_000)), buffer.View),
            Throws.InstanceOf<Exception>().With.Message.Contains("400000").And.Message.Contains("232448"));
    }

    [Test]
    public void A_refused_module_shows_the_kernel_and_the_assemblers_words()
    {
        _driver.FailNext("cuModuleLoadDataEx", CudaError.CUDA_ERROR_INVALID_PTX);
        _driver.LoaderLog = "ptxas application ptx input, line 12; error : Unknown symbol 'x'";
        Assert.That(() => _accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, int>(AddOne), Throws.TypeOf<CudaException>()
            .With.Message.Contains("AddOne").And.Message.Contains("CUDA_ERROR_INVALID_PTX").And.Message.Contains("line 12; error : Unknown symbol"));
    }

    [Test]
    public void A_refused_launch_names_the_kernel_and_leaves_the_device_usable()
    {
        using MemoryBuffer1D<int, Stride1D.Dense> buffer = _accelerator.Allocate1D<int>(64);
        var kernel = _accelerator.LoadImplicitlyGroupedStreamKernel<Index1D, ArrayView<int>, int>(AddOne, 32);
        _driver.FailNext("cuLaunchKernel", CudaError.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
        Assert.That(() => kernel(64, buffer.View.AsContiguous(), 1), Throws.TypeOf<CudaException>()
            .With.Message.Contains("AddOne").And.Message.Contains("32 registers").And.Message.Contains("LAUNCH_OUT_OF_RESOURCES"));
        Assert.DoesNotThrow(() => kernel(64, buffer.View.AsContiguous(), 1));
    }

    [Test]
    public void A_kernel_that_fails_is_named_and_the_device_counts_as_lost()
    {
        MemoryBuffer1D<int, Stride1D.Dense> buffer = _accelerator.Allocate1D<int>(64);
        var kernel = _accelerator.LoadImplicitlyGroupedStreamKernel<Index1D, ArrayView<int>, int>(AddOne, 32);
        kernel(64, buffer.View.AsContiguous(), 1);
        _driver.FailNext("cuStreamSynchronize", CudaError.CUDA_ERROR_ILLEGAL_ADDRESS);
        Assert.That(_accelerator.DefaultStream.Synchronize, Throws.TypeOf<CudaException>()
            .With.Message.Contains("ILLEGAL_ADDRESS").And.Message.Contains("AddOne"));
        Assert.That(() => _accelerator.Allocate1D<int>(1), Throws.TypeOf<CudaException>()
            .With.Message.Contains("was lost").And.Message.Contains("AddOne").And.Message.Contains("start the process again"));
        int calls = _driver.Calls.Count;
        Assert.DoesNotThrow(_accelerator.Dispose, "what is left cannot be freed one by one");
        Assert.That(_driver.Calls[calls..], Is.EqualTo(new[] { "cuDevicePrimaryCtxRelease(10)" }));
    }

    [Test]
    public void A_recorded_row_of_launches_runs_when_it_is_launched_and_not_before()
    {
        List<int> seen = [];
        _driver.OnLaunch = (_, _, _, slots) => seen.Add((int)slots[^1]);
        using MemoryBuffer1D<int, Stride1D.Dense> buffer = _accelerator.Allocate1D<int>(64);
        var kernel = _accelerator.LoadImplicitlyGroupedKernel<Index1D, ArrayView<int>, int>(AddOne, 32);
        using AcceleratorStream stream = _accelerator.CreateStream();
        int first = 5;
        using LaunchGraph graph = LaunchGraph.Record(stream, into =>
        {
            kernel(into, 64, buffer.View.AsContiguous(), first);
            kernel(into, 64, buffer.View.AsContiguous(), 6);
        });
        Assert.That(graph.IsRecorded);
        Assert.That(seen, Is.Empty);
        first = 9; // what was recorded stays
        graph.Launch(stream);
        graph.Launch(_accelerator.DefaultStream);
        Assert.That(seen, Is.EqualTo(new[] { 5, 6, 5, 6 }));
        Assert.That(_driver.Calls, Has.Some.EqualTo("cuStreamBeginCapture(ThreadLocal)"));
        Assert.That(_driver.Calls.Count(call => call.StartsWith("cuLaunchKernel")), Is.EqualTo(2));
    }

    [Test]
    public void Kernels_may_be_loaded_and_memory_allocated_while_recording()
    {
        using AcceleratorStream stream = _accelerator.CreateStream();
        MemoryBuffer1D<int, Stride1D.Dense>? buffer = null;
        using LaunchGraph graph = LaunchGraph.Record(stream, into =>
        {
            buffer = _accelerator.Allocate1D<int>(64); // the fake fails where this is not exempted
            _accelerator.LoadImplicitlyGroupedKernel<Index1D, ArrayView<int>, int>(AddOne, 32)(into, 64, buffer.View.AsContiguous(), 1);
        });
        Assert.That(_driver.Calls.Count(call => call.StartsWith("cuThreadExchangeStreamCaptureMode")), Is.EqualTo(4));
        buffer!.Dispose();
    }

    [Test]
    public void A_recording_that_fails_leaves_the_stream_usable()
    {
        using AcceleratorStream stream = _accelerator.CreateStream();
        Assert.That(() => LaunchGraph.Record(stream, _ => throw new InvalidOperationException("mine")),
            Throws.InvalidOperationException.With.Message.EqualTo("mine"));
        Assert.DoesNotThrow(stream.Synchronize);
        Assert.That(_driver.Alive, Has.None.EqualTo("graph"));
    }

    [Test]
    public void Markers_measure_what_the_driver_measured()
    {
        using ProfilingMarker first = _accelerator.AddProfilingMarker();
        using ProfilingMarker second = _accelerator.AddProfilingMarker();
        Assert.That(second.MeasureFrom(first), Is.EqualTo(TimeSpan.FromMilliseconds(1.5)));
    }

    [Test]
    public void Without_a_driver_there_are_no_devices_and_a_reason()
    {
        if (CudaDriver.Installed is not null)
        {
            Assert.Ignore("skipped: a CUDA driver is installed here.");
        }
        Assert.That(CudaDevice.GetDevices(_ => true), Is.Empty);
        Assert.That(CudaDriver.WhyAbsent, Does.Contain("not installed").Or.Contain("does not start").Or.Contain("too old"));
        Assert.That(() => _context.GetCudaDevice(0), Throws.InstanceOf<Exception>().With.Message.Contains("CudaDevice"));
    }
}
