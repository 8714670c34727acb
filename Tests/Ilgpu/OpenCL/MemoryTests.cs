using Managed.Ilgpu.Compiler.IR;

namespace Managed.Tests.Ilgpu.OpenCL;

/// <summary>Loads, stores, memories and the addresses of views, on the OpenCL device.</summary>
internal sealed class MemoryTests
{
    [Test]
    public void EveryTypeIsCopiedWithOneTwoAndFourLanes()
    {
        foreach (ScalarType type in (ScalarType[])[ScalarType.Int8, ScalarType.Int16, ScalarType.Int32, ScalarType.Int64, ScalarType.Float16, ScalarType.Float32, ScalarType.Float64])
        {
            foreach (int lanes in (int[])[1, 2, 4])
            {
                // Reversed within the lanes, so that each result is seen.
                KernelBuilder builder = new();
                Parameter input = builder.GlobalPointer(), output = builder.GlobalPointer();
                Value thread = builder.GlobalThread();
                Load load = builder.Add(new Load(builder.At(input, thread, type.Size * lanes), type, lanes));
                Value[] results = lanes == 1 ? [load] : [.. Enumerable.Range(0, lanes).Select(lane => builder.Add(new Result(load, lane, type)))];
                builder.Add(new Store(builder.At(output, thread, type.Size * lanes), results.Reverse()));
                builder.Return();
                byte[] bytes = new byte[16 * lanes * type.Size], result = new byte[bytes.Length];
                new Random(1).NextBytes(bytes);
                OpenCLRunner.Require().Run(builder.Kernel, 2, 8, bytes, result);
                byte[] expected = [.. bytes.Chunk(lanes * type.Size).SelectMany(row => row.Chunk(type.Size).Reverse().SelectMany(lane => lane))];
                Assert.That(result, Is.EqualTo(expected), $"{type} × {lanes}");
            }
        }
    }

    [Test]
    public void ThreadMemoryBelongsToEachThreadAndTypesMayBeMixed()
    {
        // Written as float, read as int: IL's memory has no types.
        KernelBuilder builder = new();
        Parameter output = builder.GlobalPointer();
        Allocation local = builder.Allocate(AddressSpace.Local, 64);
        Value thread = builder.GlobalThread();
        Value slot = builder.Binary(BinaryOp.And, thread, Constant.Int32(7));
        builder.Store(local, slot, builder.Add(new Managed.Ilgpu.Compiler.IR.Convert(thread, ScalarType.Float32)));
        Value read = builder.Load(local, slot, ScalarType.Int32);
        Value low = builder.Add(new Load(builder.Add(new PointerOffset(local, slot, 4, 2)), ScalarType.Int16));
        builder.Store(output, thread, builder.Binary(BinaryOp.Xor, read, builder.Add(new Managed.Ilgpu.Compiler.IR.Convert(low, ScalarType.Int32, true))));
        builder.Return();
        int[] result = new int[64];
        OpenCLRunner.Require().Run(builder.Kernel, 4, 16, result);
        Assert.That(result, Is.EqualTo(Enumerable.Range(0, 64).Select(i => BitConverter.SingleToInt32Bits(i) ^ (BitConverter.SingleToInt32Bits(i) >>> 16))));
    }

    [Test]
    public void DynamicSharedMemoryHasTheLaunchsSize()
    {
        KernelBuilder builder = new();
        Parameter output = builder.GlobalPointer();
        DynamicShared shared = new();
        Value thread = builder.Register(SpecialRegisterKind.ThreadX);
        builder.Store(shared, thread, builder.Binary(BinaryOp.Multiply, thread, thread));
        builder.Add(new Managed.Ilgpu.Compiler.IR.Barrier(BarrierKind.Group));
        Value bytes = builder.Register(SpecialRegisterKind.DynamicSharedBytes);
        Value mirrored = builder.Binary(BinaryOp.Subtract, Constant.Int32(31), thread);
        builder.Store(output, thread, builder.Binary(BinaryOp.Add, builder.Load(shared, mirrored, ScalarType.Int32), bytes));
        builder.Return();
        int[] result = new int[32];
        OpenCLRunner.Require().Run(builder.Kernel, 1, 32, 128, [result]);
        Assert.That(result, Is.EqualTo(Enumerable.Range(0, 32).Select(i => ((31 - i) * (31 - i)) + 128)));
    }

    [Test]
    public void PointersCanBeComparedChosenAndMovedBackwards()
    {
        KernelBuilder builder = new();
        Parameter input = builder.GlobalPointer(), output = builder.GlobalPointer();
        Value thread = builder.GlobalThread();
        Value end = builder.Add(new PointerOffset(input, 16 * 4));
        Value back = builder.Add(new PointerOffset(end, builder.Add(new Unary(UnaryOp.Negate, thread)), 4, -4));
        Value isFirst = builder.Add(new Compare(CompareOp.Equal, back, input, true));
        Value place = builder.Add(new Select(isFirst, end, back));
        Value distance = builder.Binary(BinaryOp.Subtract, builder.Add(new Reinterpret(place, ScalarType.Int64)), builder.Add(new Reinterpret(input, ScalarType.Int64)));
        builder.Store(output, thread, distance);
        builder.Return();
        long[] result = new long[16];
        OpenCLRunner.Require().Run(builder.Kernel, 1, 16, new int[17], result);
        Assert.That(result, Is.EqualTo(Enumerable.Range(0, 16).Select(i => i == 15 ? 64L : (15 - i) * 4L)));
    }
}
