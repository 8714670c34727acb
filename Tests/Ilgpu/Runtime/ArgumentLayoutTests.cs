using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace Managed.Tests.Ilgpu.Runtime;

/// <summary>Arguments taken apart into 8-byte slots in the order of declaration.</summary>
public sealed class ArgumentLayoutTests
{
    private struct Mixed
    {
        public byte A;
        public double B;
        public ArrayView<float> View;
        public short C;
        public (int X, long Y) Pair;
        public bool Flag;
    }

    [InlineArray(3)]
    private struct Three
    {
        public int First;
    }

    private unsafe struct Fixed
    {
        public fixed short Values[4];
        public float After;
    }

    private struct WithObject
    {
        public string? Text { get; set; }
    }

    private static long[] Slots<T>(T value, out MemoryBuffer?[] buffers)
        where T : struct
    {
        long[] slots = new long[ArgumentLayout<T>.Leaves.Length];
        buffers = new MemoryBuffer?[slots.Length];
        Assert.That(ArgumentLayout<T>.Write(ref value, slots, buffers), Is.EqualTo(slots.Length));
        return slots;
    }

    [Test]
    public void StructsWithViewsGiveOneSlotPerScalarAndTheBufferBesideThePointer()
    {
        using Context context = Context.Create(builder => builder.CPU());
        using CPUAccelerator accelerator = context.CreateCPUAccelerator(0);
        using MemoryBuffer1D<float, Stride1D.Dense> buffer = accelerator.Allocate1D<float>(10);
        Mixed value = new() { A = 200, B = 1.5, View = buffer.View.BaseView.SubView(3, 4), C = -2, Pair = (-1, long.MinValue), Flag = true };
        long[] slots = Slots(value, out MemoryBuffer?[] buffers);
        Assert.That(slots, Is.EqualTo(new long[]
        {
            200, BitConverter.DoubleToInt64Bits(1.5), buffer.NativePtr + 12, 4, 0xfffe, 0xffffffff, long.MinValue, 1,
        }));
        Assert.That(buffers.Select(entry => entry is not null), Is.EqualTo(new[] { false, false, true, false, false, false, false, false }));
        Assert.That(buffers[2]!.NativePtr, Is.EqualTo(buffer.NativePtr));
    }

    [Test]
    public void ViewsOfHigherDimensionGivePointerLengthExtentAndStride()
    {
        using Context context = Context.Create(builder => builder.CPU());
        using CPUAccelerator accelerator = context.CreateCPUAccelerator(0);
        using MemoryBuffer2D<int, Stride2D.DenseX> buffer = accelerator.Allocate2DDenseX<int>(new LongIndex2D(3, 5));
        Assert.That(Slots(buffer.View, out _), Is.EqualTo(new long[] { buffer.NativePtr, 15, 3, 5, 3 }));
        Assert.That(Slots(ArrayView<int>.Empty, out _), Is.EqualTo(new long[] { 0, 0 }));
    }

    [Test]
    public unsafe void ArraysWithinStructsGiveOneSlotPerElement()
    {
        Three three = default;
        three[0] = 7;
        three[1] = 8;
        three[2] = -1;
        Assert.That(Slots(three, out _), Is.EqualTo(new long[] { 7, 8, 0xffffffff }));
        Fixed buffer = new() { After = 1 };
        buffer.Values[0] = 1;
        buffer.Values[3] = 4;
        Assert.That(Slots(buffer, out _), Is.EqualTo(new long[] { 1, 0, 0, 4, BitConverter.SingleToInt32Bits(1) }));
    }

    [Test]
    public void ObjectsAreRefusedWithTheFieldsName()
        => Assert.That(() => ArgumentLayout.Find(typeof(WithObject)), Throws.TypeOf<NotSupportedException>().With.Message.Contains("Text"));
}
