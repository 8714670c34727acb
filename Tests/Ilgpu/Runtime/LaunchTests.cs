using ILGPU;
using ILGPU.Runtime;

namespace Managed.Tests.Ilgpu.Runtime;

/// <summary>What a launch hands to a back end: grid, group, slots; which kernels are compiled, and how often.</summary>
public sealed class LaunchTests
{
    private Context context = null!;
    private RecordingAccelerator accelerator = null!;

    [SetUp]
    public void CreateAccelerator()
    {
        context = Context.Create().ToContext();
        accelerator = new RecordingAccelerator(context);
    }

    [TearDown]
    public void DisposeAccelerator()
    {
        accelerator.Dispose();
        context.Dispose();
    }

    private static void Line(Index1D index, ArrayView<float> values, int number)
    {
    }

    private static void Plane(Index2D index, ArrayView<float> values)
    {
    }

    private static void Explicit(ArrayView<float> values, byte small, double large)
    {
    }

    private static void Specialised(ArrayView<float> values, SpecializedValue<int> constant, int number)
    {
    }

    private static void Long(LongIndex3D index, ArrayView<float> values)
    {
    }

    private static void Generic<T>(Index1D index, ArrayView<T> values)
        where T : unmanaged
    {
    }

    private long[] Slots => accelerator.LastSlots[..accelerator.LastCount];

    [Test]
    public void ImplicitlyGroupedLaunchesBeginWithTheExtentAndCoverIt()
    {
        using MemoryBuffer1D<float, Stride1D.Dense> buffer = accelerator.Allocate1D<float>(100);
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, int>(Line)(1000, buffer.View, -1);
        Assert.That(Slots, Is.EqualTo(new long[] { 1000, 0x10000, 100, 0xffffffff }));
        Assert.That((accelerator.LastConfig.GridDim, accelerator.LastConfig.GroupDim), Is.EqualTo((new Index3D(4, 1, 1), new Index3D(256, 1, 1))));
        accelerator.LoadImplicitlyGroupedStreamKernel<Index1D, ArrayView<float>, int>(Line, 64)(1, buffer.View, 1);
        Assert.That((accelerator.LastConfig.GridDim, accelerator.LastConfig.GroupDim), Is.EqualTo((new Index3D(1, 1, 1), new Index3D(64, 1, 1))));
        accelerator.LoadAutoGroupedStreamKernel<Index2D, ArrayView<float>>(Plane)(new Index2D(10, 1000), buffer.View.SubView(10, 20));
        Assert.That(Slots, Is.EqualTo(new long[] { 10, 1000, 0x10000 + 40, 20 }));
        Assert.That((accelerator.LastConfig.GridDim, accelerator.LastConfig.GroupDim), Is.EqualTo((new Index3D(1, 63, 1), new Index3D(16, 16, 1))));
        accelerator.LoadAutoGroupedStreamKernel<LongIndex3D, ArrayView<float>>(Long)(new LongIndex3D(5, 6, 7), buffer.View);
        Assert.That(Slots, Is.EqualTo(new long[] { 5, 6, 7, 0x10000, 100 }));
    }

    [Test]
    public void EveryExtentIsCoveredByItsGroups([Values(1, 3, 31, 100, 5000)] int x, [Values(1, 2, 65, 3000)] int y, [Values(1, 5, 64, 1000)] int z)
    {
        KernelConfig config = Extents.Cover(new LongIndex3D(x, y, z), 256);
        Assert.That(config.GroupDim.Size, Is.LessThanOrEqualTo(256));
        Assert.That(config.GroupDim.Z, Is.LessThanOrEqualTo(64));
        Assert.That(config.GridDim.X * config.GroupDim.X, Is.GreaterThanOrEqualTo(x));
        Assert.That(config.GridDim.Y * config.GroupDim.Y, Is.GreaterThanOrEqualTo(y));
        Assert.That(config.GridDim.Z * config.GroupDim.Z, Is.GreaterThanOrEqualTo(z));
    }

    [Test]
    public void ExplicitLaunchesTakeGridGroupAndSharedMemoryAsGiven()
    {
        using MemoryBuffer1D<float, Stride1D.Dense> buffer = accelerator.Allocate1D<float>(100);
        accelerator.LoadStreamKernel<ArrayView<float>, byte, double>(Explicit)(
            new KernelConfig(new Index2D(3, 2), new Index2D(8, 4), SharedMemoryConfig.RequestDynamic<int>(10)), buffer.View, 255, -0.5);
        Assert.That(Slots, Is.EqualTo(new[] { 0x10000, 100, 255, BitConverter.DoubleToInt64Bits(-0.5) }));
        Assert.That(accelerator.LastConfig.GridDim, Is.EqualTo(new Index3D(3, 2, 1)));
        Assert.That(accelerator.LastConfig.SharedMemoryConfig.ArraySize, Is.EqualTo(40));
    }

    [Test]
    public void SpecialisedValuesTakeNoSlotAndEachGivesOneKernel()
    {
        using MemoryBuffer1D<float, Stride1D.Dense> buffer = accelerator.Allocate1D<float>(100);
        var kernel = accelerator.LoadStreamKernel<ArrayView<float>, SpecializedValue<int>, int>(Specialised);
        Assert.That(accelerator.Loaded, Is.Empty, "there is no value yet");
        foreach (int value in new[] { 3, 4, 3, 4, 3 })
        {
            kernel((1, 32), buffer.View, SpecializedValue.New(value), 9);
            Assert.That(Slots, Is.EqualTo(new long[] { 0x10000, 100, 9 }));
        }
        Assert.That(accelerator.Loaded.Select(description => description.SpecialisedValues), Is.EqualTo(new object?[][] { [null, 3, null], [null, 4, null] }));
    }

    [Test]
    public void AKernelIsCompiledOnceForItsTypeArgumentsAndAssumptions()
    {
        for (int i = 0; i < 3; i++)
        {
            accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>>(Generic);
            accelerator.LoadAutoGroupedKernel<Index1D, ArrayView<int>>(Generic);
            accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>>(Generic);
            accelerator.LoadKernel<ArrayView<float>, byte, double>(Explicit, new KernelSpecialization(128, 2));
            accelerator.LoadKernel<ArrayView<float>, byte, double>(Explicit, new KernelSpecialization(64, null));
        }
        Assert.That(accelerator.Loaded, Has.Count.EqualTo(4));
    }

    [Test]
    public void LaunchesAllocateNothing()
    {
        using MemoryBuffer1D<float, Stride1D.Dense> buffer = accelerator.Allocate1D<float>(100);
        ArrayView<float> view = buffer.View;
        AcceleratorStream stream = accelerator.DefaultStream;
        var line = accelerator.LoadAutoGroupedKernel<Index1D, ArrayView<float>, int>(Line);
        var explicitly = accelerator.LoadStreamKernel<ArrayView<float>, byte, double>(Explicit);
        var specialised = accelerator.LoadStreamKernel<ArrayView<float>, SpecializedValue<int>, int>(Specialised);
        void Launch()
        {
            line(stream, 1000, view, 1);
            explicitly((2, 32), view, 1, 2);
            specialised((1, 32), view, SpecializedValue.New(3), 9);
        }
        Launch();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            Launch();
        }
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        Assert.That(accelerator.Launches, Is.EqualTo(303));
    }

    [Test]
    public void ViewsOfAnotherAcceleratorAndDisposedBuffersAreRefusedWithTheKernelsName()
    {
        using RecordingAccelerator other = new(context);
        using MemoryBuffer1D<float, Stride1D.Dense> foreign = other.Allocate1D<float>(10);
        MemoryBuffer1D<float, Stride1D.Dense> gone = accelerator.Allocate1D<float>(10);
        gone.Dispose();
        var kernel = accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, int>(Line);
        Assert.Multiple(() =>
        {
            Assert.That(() => kernel(10, foreign.View, 1), Throws.ArgumentException.With.Message.Contains("LaunchTests.Line"));
            Assert.That(() => kernel(10, gone.View, 1), Throws.ArgumentException.With.Message.Contains("disposed"));
            Assert.That(() => foreign.View[0], Throws.InvalidOperationException.With.Message.Contains("CopyToCPU"));
        });
    }
}
