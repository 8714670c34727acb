using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.OpenCL;

namespace Managed.Tests.Ilgpu.OpenCL;

/// <summary>C# methods through the public API on the OpenCL device: the same bytes as on the CPU accelerator.</summary>
public sealed class OpenCLAcceleratorTests
{
    private Context context = null!;
    private CLAccelerator accelerator = null!;
    private CPUAccelerator cpu = null!;

    [SetUp]
    public void CreateAccelerators()
    {
        context = Context.Create(builder => builder.OpenCL().CPU().Profiling());
        if (context.GetCLDevices().Count == 0)
        {
            context.Dispose();
            OpenCLRunner.RequireDevice(false);
        }
        accelerator = context.CreateCLAccelerator(0);
        cpu = context.CreateCPUAccelerator(0);
    }

    [TearDown]
    public void DisposeAccelerators()
    {
        accelerator?.Dispose();
        cpu?.Dispose();
        context?.Dispose();
    }

    private static void MultiplyAdd(Index1D index, ArrayView<float> output, ArrayView<float> left, ArrayView<float> right, float scale)
        => output[index] = (left[index] * right[index]) + scale;

    [Test]
    public void AnImplicitlyGroupedKernelCoversItsExtentAndNoMore()
    {
        Random random = new(3);
        float[] left = [.. Enumerable.Range(0, 1000).Select(_ => random.NextSingle())], right = [.. left.Reverse()];
        float[] Run(Accelerator on)
        {
            using MemoryBuffer1D<float, Stride1D.Dense> output = DeviceArrays.Upload(on, new float[1001]), a = DeviceArrays.Upload(on, left), b = DeviceArrays.Upload(on, right);
            on.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<float>, ArrayView<float>, float>(MultiplyAdd)(
                1000, output.View, a.View, b.View, 0.25f);
            on.Synchronize();
            return DeviceArrays.Download(output);
        }
        float[] result = Run(accelerator);
        Assert.That(result, Is.EqualTo(Run(cpu)));
        Assert.That(result[1000], Is.Zero);
    }

    [Test]
    public void SubViewsBeginWhereTheyShouldAndBuffersStaySeparate()
    {
        using MemoryBuffer1D<float, Stride1D.Dense> output = DeviceArrays.Upload(accelerator, new float[100]),
            a = DeviceArrays.Upload(accelerator, Enumerable.Range(0, 100).Select(i => (float)i).ToArray()),
            b = DeviceArrays.Upload(accelerator, Enumerable.Range(0, 7).Select(i => i + 0.5f).ToArray());
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<float>, ArrayView<float>, float>(MultiplyAdd)(
            4, output.View.SubView(33, 10), a.View.SubView(95, 5), b.View.SubView(3, 4), 0);
        float[] result = DeviceArrays.Download(output);
        Assert.That(result[33..37], Is.EqualTo(new[] { 95 * 3.5f, 96 * 4.5f, 97 * 5.5f, 98 * 6.5f }));
        Assert.That(result.Where((_, i) => i is < 33 or >= 37), Is.All.Zero);
    }

    private static void AddIfThere(Index1D index, ArrayView<int> output, ArrayView<int> bias)
        => output[index] = bias.IsValid ? bias[index] + index : -index;

    [Test]
    public void AnEmptyViewIsSeenAsInvalid()
    {
        using MemoryBuffer1D<int, Stride1D.Dense> output = DeviceArrays.Upload(accelerator, new int[3]), bias = DeviceArrays.Upload(accelerator, new[] { 10, 20, 30 });
        Action<Index1D, ArrayView<int>, ArrayView<int>> kernel = accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, ArrayView<int>>(AddIfThere);
        kernel(3, output.View, bias.View);
        Assert.That(DeviceArrays.Download(output), Is.EqualTo(new[] { 10, 21, 32 }));
        kernel(3, output.View, ArrayView<int>.Empty);
        Assert.That(DeviceArrays.Download(output), Is.EqualTo(new[] { 0, -1, -2 }));
    }

    private static void SumOfGroup(ArrayView<int> output, ArrayView<int> input)
    {
        ArrayView<int> shared = SharedMemory.GetDynamic<int>();
        shared[Group.IdxX] = input[Grid.GlobalIndex.X];
        Group.Barrier();
        for (int stride = Group.DimX / 2; stride > 0; stride /= 2)
        {
            if (Group.IdxX < stride)
            {
                shared[Group.IdxX] += shared[Group.IdxX + stride];
            }
            Group.Barrier();
        }
        if (Group.IsFirstThread)
        {
            Atomic.Add(ref output[0], shared[0]);
            output[1 + Grid.IdxX] = shared[0];
        }
    }

    [Test]
    public void GroupsSumInDynamicSharedMemory()
    {
        int[] values = [.. Enumerable.Range(0, 512).Select(i => (i * 37) % 101)];
        using MemoryBuffer1D<int, Stride1D.Dense> output = DeviceArrays.Upload(accelerator, new int[5]), input = DeviceArrays.Upload(accelerator, values);
        accelerator.LoadStreamKernel<ArrayView<int>, ArrayView<int>>(SumOfGroup)(
            new KernelConfig(4, 128, SharedMemoryConfig.RequestDynamic<int>(128)), output.View, input.View);
        int[] expected = [values.Sum(), .. values.Chunk(128).Select(group => group.Sum())];
        Assert.That(DeviceArrays.Download(output), Is.EqualTo(expected));
    }

    private static void WarpSum(ArrayView<float> output, ArrayView<float> input)
    {
        float sum = input[Grid.GlobalIndex.X];
        for (int offset = Warp.WarpSize / 2; offset > 0; offset /= 2)
        {
            sum += Warp.ShuffleDown(sum, offset);
        }
        if (Warp.IsFirstLane)
        {
            output[(Grid.IdxX * (Group.DimX / Warp.WarpSize)) + Warp.WarpIdx] = sum;
        }
    }

    [Test]
    public void WarpsSumByShuffles()
    {
        float[] values = [.. Enumerable.Range(0, 256).Select(i => i * 0.5f)];
        using MemoryBuffer1D<float, Stride1D.Dense> output = DeviceArrays.Upload(accelerator, new float[8]), input = DeviceArrays.Upload(accelerator, values);
        accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>>(WarpSum)((2, 128), output.View, input.View);
        Assert.That(DeviceArrays.Download(output), Is.EqualTo(values.Chunk(32).Select(warp => warp.Sum())));
    }

    private static void ShuffleInHalfTheGroup(ArrayView<int> output)
    {
        if (Group.IdxX < 40)
        {
            output[Group.IdxX] = Warp.ShuffleDown(Group.IdxX, 1);
        }
    }

    [Test]
    public void AShuffleInDivergentCodeIsRefusedWithItsPlace()
        => Assert.That(() => accelerator.LoadStreamKernel<ArrayView<int>>(ShuffleInHalfTheGroup),
            Throws.Exception.With.Message.Contain("ShuffleInHalfTheGroup").And.Message.Contain("only part of the group"));

    [Test]
    public void TooLargeABufferIsRefusedAndTheNextOneFits()
    {
        CLException error = Assert.Throws<CLException>(() => accelerator.Allocate1D<byte>(accelerator.Device.MemorySize * 4))!;
        Assert.That(error.Message, Does.Contain("bytes").And.Contain(accelerator.Name));
        using MemoryBuffer1D<int, Stride1D.Dense> buffer = DeviceArrays.Upload(accelerator, new[] { 1, 2, 3 });
        Assert.That(DeviceArrays.Download(buffer), Is.EqualTo(new[] { 1, 2, 3 }));
    }

    [Test]
    public void StreamsMeasureTimeAndCopiesOnTheDeviceAreInOrder()
    {
        using AcceleratorStream stream = accelerator.CreateStream();
        using MemoryBuffer1D<int, Stride1D.Dense> first = accelerator.Allocate1D<int>(1000), second = accelerator.Allocate1D<int>(1000);
        using ProfilingMarker start = stream.AddProfilingMarker();
        first.MemSet(stream, 1, 0, 4000);
        second.MemSet(stream, 0, 0, 4000);
        second.CopyFrom(stream, first.AsRawArrayView(40, 2000), 1600);
        using ProfilingMarker end = stream.AddProfilingMarker();
        stream.Synchronize();
        Assert.That(DeviceArrays.Download(second), Is.EqualTo(Enumerable.Range(0, 1000).Select(i => i is >= 400 and < 900 ? 0x01010101 : 0)));
        Assert.That(end.MeasureFrom(start), Is.GreaterThanOrEqualTo(TimeSpan.Zero));
    }

    [Test]
    public void KernelsOfOneSourceShareAProgram()
    {
        accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>>(WarpSum);
        using MemoryBuffer1D<float, Stride1D.Dense> output = DeviceArrays.Upload(accelerator, new float[8]), input = DeviceArrays.Upload(accelerator, new float[256]);
        accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>>(WarpSum)((2, 128), output.View, input.View);
        Assert.That(DeviceArrays.Download(output), Is.All.Zero);
    }
}
