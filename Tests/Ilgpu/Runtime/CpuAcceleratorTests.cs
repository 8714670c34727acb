using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace Managed.Tests.Ilgpu.Runtime;

/// <summary>Kernels run as managed code: threads, barriers, shuffles, errors.</summary>
public sealed class CpuAcceleratorTests
{
    private Context context = null!;
    private CPUAccelerator accelerator = null!;

    [SetUp]
    public void CreateAccelerator()
    {
        context = Context.Create(builder => builder.CPU());
        accelerator = context.CreateCPUAccelerator(0);
    }

    [TearDown]
    public void DisposeAccelerator()
    {
        accelerator.Dispose();
        context.Dispose();
    }

    private static void AddOne(Index1D index, ArrayView<int> values, int one) => values[index] += one;

    [Test]
    public void ImplicitlyGroupedKernelsVisitEveryIndexOnce()
    {
        using MemoryBuffer1D<int, Stride1D.Dense> buffer = accelerator.Allocate1D<int>(1000);
        buffer.View.BaseView.AsHostSpan().Clear();
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, int>(AddOne)(1000, buffer.View, 1);
        accelerator.LoadImplicitlyGroupedStreamKernel<Index1D, ArrayView<int>, int>(AddOne, 64)(1000, buffer.View, 2);
        Assert.That(buffer.View.BaseView.AsHostSpan().ToArray(), Is.All.EqualTo(3));
    }

    private static void ReverseInGroup(ArrayView<int> values)
    {
        ArrayView<int> shared = SharedMemory.Allocate<int>(256);
        int at = Grid.GlobalIndex.X;
        shared[Group.IdxX] = values[at];
        Group.Barrier();
        int other = shared[Group.DimX - 1 - Group.IdxX];
        Group.Barrier();
        shared[Group.IdxX] = other;
        Group.Barrier();
        values[at] = shared[Group.IdxX];
    }

    [Test]
    public void GroupsOf256ThreadsMeetAtBarriers()
    {
        using MemoryBuffer1D<int, Stride1D.Dense> buffer = accelerator.Allocate1D<int>(256 * 16);
        Span<int> values = buffer.View.BaseView.AsHostSpan();
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = i;
        }
        accelerator.LoadStreamKernel<ArrayView<int>>(ReverseInGroup)((16, 256), buffer.View);
        for (int i = 0; i < values.Length; i++)
        {
            Assert.That(values[i], Is.EqualTo((i / 256 * 256) + 255 - (i % 256)));
        }
    }
}
