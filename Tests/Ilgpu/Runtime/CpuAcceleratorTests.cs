using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Algorithms.ScanReduceOperations;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace Managed.Tests.Ilgpu.Runtime;

/// <summary>Kernels run as managed code: threads, barriers, errors.</summary>
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

    private int[] AddTwice(int length)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> buffer = accelerator.Allocate1D(new int[length]);
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, int>(AddOne)(length, buffer.View, 1);
        accelerator.LoadImplicitlyGroupedStreamKernel<Index1D, ArrayView<int>, int>(AddOne, 64)(length, buffer.View, 2);
        return buffer.GetAsArray1D();
    }

    [TestCase(1)]
    [TestCase(256)]
    [TestCase(1000)]
    public void ImplicitlyGroupedKernelsVisitEveryIndexOnce(int length) => Assert.That(AddTwice(length), Is.All.EqualTo(3));

    [Test]
    public void AnEmptyExtentLaunchesNothing()
    {
        using MemoryBuffer1D<int, Stride1D.Dense> buffer = accelerator.Allocate1D(new int[1]);
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, int>(AddOne)(0, buffer.View, 1);
        Assert.That(buffer.GetAsArray1D(), Is.EqualTo(new[] { 0 }));
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
        using MemoryBuffer1D<int, Stride1D.Dense> buffer = accelerator.Allocate1D(Enumerable.Range(0, 256 * 6).ToArray());
        accelerator.LoadStreamKernel<ArrayView<int>>(ReverseInGroup)((6, 256), buffer.View);
        int[] values = buffer.GetAsArray1D();
        for (int i = 0; i < values.Length; i++)
        {
            Assert.That(values[i], Is.EqualTo((i / 256 * 256) + 255 - (i % 256)));
        }
    }

    private static void OutOfBounds(ArrayView<int> values)
    {
        int at = Grid.GlobalIndex.X;
        Group.Barrier();
        values[at == 37 ? 1000 : at] = 1;
        Group.Barrier();
    }

    [Test]
    public void AnIndexOutsideAViewNamesTheKernelTheThreadTheIndexAndTheLength()
    {
        using MemoryBuffer1D<int, Stride1D.Dense> buffer = accelerator.Allocate1D(new int[64]);
        CPUKernelException error = Assert.Throws<CPUKernelException>(
            () => accelerator.LoadStreamKernel<ArrayView<int>>(OutOfBounds)((2, 32), buffer.View))!;
        Assert.That(error.Message, Does.Contain($"{nameof(CpuAcceleratorTests)}.{nameof(OutOfBounds)}").And.Contain("group (1, 0, 0), thread (5, 0, 0)")
            .And.Contain("Index 1000").And.Contain("length of 64"));
        Assert.That(error.InnerException, Is.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(AddTwice(100), Is.All.EqualTo(3), "the accelerator goes on");
    }

    private static void LeavesEarly(ArrayView<int> values)
    {
        if (Group.IdxX == 3)
        {
            return;
        }
        Group.Barrier();
        values[Group.IdxX] = 1;
    }

    [Test]
    public void AThreadThatLeavesBeforeABarrierIsAnErrorAndNoHang()
    {
        using MemoryBuffer1D<int, Stride1D.Dense> buffer = accelerator.Allocate1D(new int[32]);
        CPUKernelException error = Assert.Throws<CPUKernelException>(
            () => accelerator.LoadStreamKernel<ArrayView<int>>(LeavesEarly)((1, 32), buffer.View))!;
        Assert.That(error.Message, Does.Contain("LeavesEarly").And.Contain("31 threads wait at a barrier").And.Contain("thread (3, 0, 0)"));
        Assert.That(buffer.GetAsArray1D(), Is.All.Zero);
        Assert.That(AddTwice(100), Is.All.EqualTo(3), "the accelerator goes on");
    }

    private static void DifferentBarriers(ArrayView<int> values)
    {
        if (Group.IdxX == 0)
        {
            Warp.Barrier();
        }
        else
        {
            Group.Barrier();
        }
        values[Group.IdxX] = 1;
    }

    [Test]
    public void BarriersOfGroupAndWarpThatNeverMeetAreAnError()
    {
        using MemoryBuffer1D<int, Stride1D.Dense> buffer = accelerator.Allocate1D(new int[32]);
        CPUKernelException error = Assert.Throws<CPUKernelException>(
            () => accelerator.LoadStreamKernel<ArrayView<int>>(DifferentBarriers)((1, 32), buffer.View))!;
        Assert.That(error.Message, Does.Contain("can never end"));
    }

    private static void SharedInDifferentOrder(ArrayView<int> values)
    {
        if (Group.IdxX == 0)
        {
            values[0] = SharedMemory.Allocate<int>(4)[0];
        }
        values[Group.IdxX] = (int)SharedMemory.Allocate<long>(4)[0];
    }

    [Test]
    public void SharedMemoryInAnotherOrderPerThreadIsAnError()
    {
        using MemoryBuffer1D<int, Stride1D.Dense> buffer = accelerator.Allocate1D(new int[32]);
        CPUKernelException error = Assert.Throws<CPUKernelException>(
            () => accelerator.LoadStreamKernel<ArrayView<int>>(SharedInDifferentOrder)((1, 4), buffer.View))!;
        Assert.That(error.Message, Does.Contain("same order"));
    }

    private static void TooMuchShared(ArrayView<int> values) => values[0] = SharedMemory.Allocate<int>(1 << 20)[0];

    [Test]
    public void MoreSharedMemoryThanThereIsIsAnError()
    {
        using MemoryBuffer1D<int, Stride1D.Dense> buffer = accelerator.Allocate1D(new int[32]);
        CPUKernelException error = Assert.Throws<CPUKernelException>(
            () => accelerator.LoadStreamKernel<ArrayView<int>>(TooMuchShared)((1, 1), buffer.View))!;
        Assert.That(error.Message, Does.Contain("4194304 bytes of shared memory"));
    }

    private static void ReduceInALoop(ArrayView<long> sums)
    {
        long sum = 0;
        for (int i = 0; i < 300; i++)
        {
            sum += GroupExtensions.AllReduce<long, AddInt64>(i + Group.IdxX) + Group.Broadcast(i, 1);
        }
        sums[Group.IdxX] = sum;
    }

    [Test]
    public void GroupFunctionsInALoopTakeNoFurtherMemory()
    {
        using MemoryBuffer1D<long, Stride1D.Dense> buffer = accelerator.Allocate1D(new long[2]);
        accelerator.LoadStreamKernel<ArrayView<long>>(ReduceInALoop)((1, 2), buffer.View);
        Assert.That(buffer.GetAsArray1D(), Is.All.EqualTo(Enumerable.Range(0, 300).Sum(i => (3L * i) + 1)));
    }

    private static void UninitialisedShared(ArrayView<float> values) => values[0] = SharedMemory.Allocate<float>(1)[0];

    [Test]
    public void SharedMemoryThatWasNotWrittenIsNotANumber()
    {
        using MemoryBuffer1D<float, Stride1D.Dense> buffer = accelerator.Allocate1D(new float[1]);
        accelerator.LoadStreamKernel<ArrayView<float>>(UninitialisedShared)((1, 1), buffer.View);
        Assert.That(buffer.GetAsArray1D()[0], Is.NaN);
    }

    [TestCase(0, 32)]
    [TestCase(1, 0)]
    [TestCase(1, 2048)]
    [TestCase(-1, 32)]
    public void LaunchesBeyondTheLimitsAreRefused(int groups, int threads)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> buffer = accelerator.Allocate1D(new int[32]);
        ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(
            () => accelerator.LoadStreamKernel<ArrayView<int>>(LeavesEarly)((groups, threads), buffer.View))!;
        Assert.That(error.Message, Does.Contain("LeavesEarly").And.Contain("1024"));
    }

    [Test]
    public void FunctionsOfKernelsOutsideOneSayWhereTheyBelong()
        => Assert.That(() => Group.IdxX, Throws.TypeOf<InvalidKernelOperationException>().With.Message.Contains("inside a kernel"));

    [Test]
    public void KernelsThatCaptureVariablesAreRefused()
    {
        int captured = 3;
        Assert.That(
            () => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>>((index, values) => values[index] = captured),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("captures"));
    }

    private static void CountGroups(Index1D index, ArrayView<int> sum) => Atomic.Add(ref sum[0], index.X);

    [Test]
    public void GroupsThatRunAtOnceAndOneAfterTheOtherGiveTheSame()
    {
        foreach (CPUAcceleratorMode mode in Enum.GetValues<CPUAcceleratorMode>())
        {
            using CPUAccelerator own = context.CreateCPUAccelerator(0, mode);
            using MemoryBuffer1D<int, Stride1D.Dense> sum = own.Allocate1D(new int[1]);
            own.LoadImplicitlyGroupedStreamKernel<Index1D, ArrayView<int>>(CountGroups, 16)(5000, sum.View);
            Assert.That(sum.GetAsArray1D()[0], Is.EqualTo(5000 * 4999 / 2), $"{mode}");
        }
    }

    [Test]
    public void ADisposedBufferCannotBeCopied()
    {
        MemoryBuffer1D<int, Stride1D.Dense> buffer = accelerator.Allocate1D(new int[4]);
        ArrayView1D<int, Stride1D.Dense> view = buffer.View;
        buffer.Dispose();
        Assert.That(() => view.GetAsArray1D(), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => view[0], Throws.TypeOf<ObjectDisposedException>());
        Assert.That(
            () => accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, int>(AddOne)(4, view, 1),
            Throws.TypeOf<CPUKernelException>().With.InnerException.TypeOf<ObjectDisposedException>());
    }
}
