using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace Managed.Tests.Ilgpu.Runtime;

/// <summary>Buffers and views from the host: shapes, copies, parts, errors.</summary>
public sealed class ViewTests
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

    [Test]
    public void A_view_that_is_said_to_be_aligned_must_be()
    {
        using MemoryBuffer1D<float, Stride1D.Dense> buffer = accelerator.Allocate1D<float>(64);
        ArrayView<float> view = buffer.View.AsContiguous();
        (_, ArrayView<float> aligned) = view.AlignTo(64);
        Assert.That(aligned.AsAligned(64), Is.EqualTo(aligned));
        Assert.That(aligned.SubView(4).AsAligned(16), Is.EqualTo(aligned.SubView(4)));
        Assert.That(() => aligned.SubView(1).AsAligned(16), Throws.ArgumentException.With.Message.Contains("no multiple of 16 bytes"));
    }

    private static int[,] Plane(int x, int y)
    {
        int[,] plane = new int[x, y];
        for (int i = 0; i < x; i++)
        {
            for (int j = 0; j < y; j++)
            {
                plane[i, j] = (i * 100) + j;
            }
        }
        return plane;
    }

    private static int[,,] Volume(int x, int y, int z)
    {
        int[,,] volume = new int[x, y, z];
        for (int i = 0; i < volume.Length; i++)
        {
            volume[i / z / y, i / z % y, i % z] = i;
        }
        return volume;
    }

    [Test]
    public void PlanesComeBackAsTheyWentWhateverTheStride()
    {
        int[,] plane = Plane(3, 5);
        using MemoryBuffer2D<int, Stride2D.DenseX> denseX = accelerator.Allocate2DDenseX(plane);
        using MemoryBuffer2D<int, Stride2D.DenseY> denseY = accelerator.Allocate2DDenseY(plane);
        using MemoryBuffer2D<int, Stride2D.DenseX> pitched = accelerator.Allocate2DPitchedX<int>(new LongIndex2D(3, 5), 16);
        pitched.CopyFromCPU(plane);
        Assert.Multiple(() =>
        {
            Assert.That(denseX.GetAsArray2D(), Is.EqualTo(plane));
            Assert.That(denseY.GetAsArray2D(), Is.EqualTo(plane));
            Assert.That(pitched.GetAsArray2D(), Is.EqualTo(plane));
            Assert.That(denseX.View.AsContiguous().GetAsArray()[..4], Is.EqualTo(new[] { 0, 100, 200, 1 }));
            Assert.That(denseY.View.AsContiguous().GetAsArray()[..6], Is.EqualTo(new[] { 0, 1, 2, 3, 4, 100 }));
            Assert.That(denseX.View.AsGeneral().GetAsArray2D(), Is.EqualTo(plane));
            Assert.That(pitched.View.Stride.YStride, Is.EqualTo(4));
            Assert.That(denseX.View.AsTransposed().GetAsArray2D()[4, 2], Is.EqualTo(plane[2, 4]));
            Assert.That(denseY.View.SubView(new Index2D(1, 2), new Index2D(2, 3)).GetAsArray2D(), Is.EqualTo(new[,] { { 102, 103, 104 }, { 202, 203, 204 } }));
        });
    }

    [Test]
    public void VolumesComeBackAsTheyWentWhateverTheStride()
    {
        int[,,] volume = Volume(2, 3, 4);
        using MemoryBuffer3D<int, Stride3D.DenseXY> denseXY = accelerator.Allocate3DDenseXY(volume);
        using MemoryBuffer3D<int, Stride3D.DenseZY> denseZY = accelerator.Allocate3DDenseZY(volume);
        Assert.Multiple(() =>
        {
            Assert.That(denseXY.GetAsArray3D(), Is.EqualTo(volume));
            Assert.That(denseZY.GetAsArray3D(), Is.EqualTo(volume));
            Assert.That(denseXY.View.AsContiguous().GetAsArray()[..3], Is.EqualTo(new[] { 0, 12, 4 }));
            Assert.That(denseZY.View.AsContiguous().GetAsArray()[..5], Is.EqualTo(new[] { 0, 1, 2, 3, 4 }));
            Assert.That(denseZY.View[1, 2, 3], Is.EqualTo(23));
        });
    }

    [Test]
    public void WritingAStridedViewLeavesWhatLiesBetween()
    {
        using MemoryBuffer1D<int, Stride1D.Dense> buffer = accelerator.Allocate1D(new[] { 1, 2, 3, 4, 5 });
        ArrayView1D<int, Stride1D.General> odd = new(buffer.View.BaseView, 3, new Stride1D.General(2));
        odd.CopyFromCPU(new[] { 10, 30, 50 });
        Assert.That(buffer.GetAsArray1D(), Is.EqualTo(new[] { 10, 2, 30, 4, 50 }));
        Assert.That(odd.GetAsArray1D(), Is.EqualTo(new[] { 10, 30, 50 }));
    }

    [Test]
    public void PartsCastsAndFillsMeetTheRightBytes()
    {
        using MemoryBuffer1D<int, Stride1D.Dense> buffer = accelerator.Allocate1D(new[] { 1, 2, 3, 4 });
        buffer.View.SubView(1, 2).MemSet(0xff);
        Assert.That(buffer.GetAsArray1D(), Is.EqualTo(new[] { 1, -1, -1, 4 }));
        buffer.View.BaseView.Cast<byte>().SubView(12, 1).CopyFromCPU(new byte[] { 7 });
        Assert.That(buffer.GetAsArray1D()[3], Is.EqualTo(7));
        Assert.That(buffer.View.Cast<int, short>().Length, Is.EqualTo(8));
        using MemoryBuffer1D<int, Stride1D.Dense> other = accelerator.Allocate1D<int>(4);
        buffer.CopyTo(other);
        Assert.That(other.GetAsArray1D(), Is.EqualTo(buffer.GetAsArray1D()));
        other.MemSetToZero();
        Assert.That(other.GetAsArray1D(), Is.All.Zero);
    }

    [Test]
    public void PageLockedArraysAreCopiedBothWays()
    {
        using PageLockedArray1D<float> array = accelerator.AllocatePageLocked1D<float>(8);
        Assert.That(array.GetArray(), Is.All.Zero);
        array[3] = 2.5f;
        using MemoryBuffer1D<float, Stride1D.Dense> buffer = accelerator.Allocate1D<float>(8);
        buffer.View.CopyFromPageLockedAsync(array);
        array.Span.Clear();
        buffer.View.CopyToPageLockedAsync(array);
        accelerator.Synchronize();
        Assert.That(array.GetArray(), Is.EqualTo(new float[] { 0, 0, 0, 2.5f, 0, 0, 0, 0 }));
        Assert.That(() => array[8], Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void MarkersMeasureTimeThatPasses()
    {
        using ProfilingMarker start = accelerator.AddProfilingMarker();
        using ProfilingMarker end = accelerator.AddProfilingMarker();
        end.Synchronize();
        Assert.That(end.MeasureFrom(start), Is.GreaterThanOrEqualTo(TimeSpan.Zero));
    }

    [Test]
    public void WhatDoesNotFitIsRefusedWithTheNumbers()
    {
        using MemoryBuffer1D<int, Stride1D.Dense> buffer = accelerator.Allocate1D<int>(4);
        Assert.Multiple(() =>
        {
            Assert.That(() => buffer.View.SubView(2, 3), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("3 elements from 2").And.Message.Contains("4 elements"));
            Assert.That(() => buffer.CopyFromCPU(new int[5]), Throws.ArgumentException.With.Message.Contains("5"));
            Assert.That(() => buffer.View.CopyToCPU(new int[3]), Throws.ArgumentException.With.Message.Contains("3"));
            Assert.That(() => buffer.View[4], Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("4"));
            Assert.That(() => buffer.View.SubView(0, 3).CopyTo(buffer.View.SubView(1, 3)), Throws.ArgumentException.With.Message.Contains("overlap"));
            Assert.That(() => accelerator.Allocate1D<int>(-1), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => new ArrayView1D<int, Stride1D.General>(buffer.View.BaseView, 3, new Stride1D.General(2)), Throws.TypeOf<ArgumentOutOfRangeException>());
        });
    }

    [Test]
    public void DisposingAnAcceleratorDisposesWhatLivesOnIt()
    {
        CPUAccelerator own = context.CreateCPUAccelerator(0);
        MemoryBuffer1D<int, Stride1D.Dense> buffer = own.Allocate1D<int>(4);
        AcceleratorStream stream = own.CreateStream();
        Assert.That(own.NumberChildObjects, Is.GreaterThanOrEqualTo(2));
        own.Dispose();
        Assert.That(stream.IsDisposed, Is.True);
        Assert.That(() => own.Allocate1D<int>(1), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => buffer.Dispose(), Throws.Nothing);
    }
}
