using Managed.Ilgpu.Compiler.IR;

namespace Managed.Tests.Ilgpu.OpenCL;

/// <summary>Atomics in global, shared and thread memory.</summary>
internal sealed class AtomicTests
{
    private const int Threads = 256;

    public static IEnumerable<TestCaseData> Cases()
    {
        foreach (AddressSpace space in (AddressSpace[])[AddressSpace.Global, AddressSpace.Shared])
        {
            yield return new TestCaseData(space, AtomicOp.Add, ScalarType.Int32, false, 0L, (Func<int, long>)(i => i), Sum(i => i));
            yield return new TestCaseData(space, AtomicOp.Add, ScalarType.Int64, false, 5L, (Func<int, long>)(i => i * 10000000000L), 5 + Sum(i => i * 10000000000L));
            yield return new TestCaseData(space, AtomicOp.Min, ScalarType.Int32, false, 0L, (Func<int, long>)(i => i - 100), -100L);
            yield return new TestCaseData(space, AtomicOp.Min, ScalarType.Int32, true, 0xfffffff0L, (Func<int, long>)(i => unchecked((int)(0x80000000u - (uint)i))), (long)(int)(0x80000000u - 255));
            yield return new TestCaseData(space, AtomicOp.Max, ScalarType.Int32, false, -5L, (Func<int, long>)(i => i - 300), -5L);
            yield return new TestCaseData(space, AtomicOp.Max, ScalarType.Int32, true, 3L, (Func<int, long>)(i => -1 - i), -1L);
            yield return new TestCaseData(space, AtomicOp.Max, ScalarType.Int64, false, -1L << 40, (Func<int, long>)(i => (-1L << 41) + ((long)i << 36)), Math.Max(-1L << 40, (-1L << 41) + (255L << 36)));
            yield return new TestCaseData(space, AtomicOp.Or, ScalarType.Int32, false, 0L, (Func<int, long>)(i => 1 << (i & 30)), 0x55555555L);
            yield return new TestCaseData(space, AtomicOp.And, ScalarType.Int64, false, -1L, (Func<int, long>)(i => ~(1L << (i & 62))), unchecked((long)0xaaaaaaaaaaaaaaaa));
            yield return new TestCaseData(space, AtomicOp.Xor, ScalarType.Int32, false, 1L, (Func<int, long>)(i => i << 8), 1L);
        }
    }

    [TestCaseSource(nameof(Cases))]
    public void IntegersEndWithWhatAnyOrderGives(object space, object op, object type, bool unsigned, long start, Func<int, long> operand, long expected)
    {
        long[] operands = [.. Enumerable.Range(0, Threads).Select(operand)], result = [start];
        Run((AddressSpace)space, (AtomicOp)op, (ScalarType)type, unsigned, operands, result);
        Assert.That((ScalarType)type == ScalarType.Int32 ? (int)result[0] : result[0], Is.EqualTo(expected));
    }

    [Test]
    public void FloatsAddAndKeepTheLeastAndGreatest([Values(AddressSpaceName.Global, AddressSpaceName.Shared)] AddressSpaceName name, [Values] bool wide)
    {
        AddressSpace space = name == AddressSpaceName.Global ? AddressSpace.Global : AddressSpace.Shared;
        ScalarType type = wide ? ScalarType.Float64 : ScalarType.Float32;
        long Bits(double value) => wide ? BitConverter.DoubleToInt64Bits(value) : BitConverter.SingleToInt32Bits((float)value);
        double Number(long bits) => wide ? BitConverter.Int64BitsToDouble(bits) : BitConverter.Int32BitsToSingle((int)bits);
        foreach ((AtomicOp op, double expected) in ((AtomicOp, double)[])[(AtomicOp.Add, 32640.5), (AtomicOp.Max, 255), (AtomicOp.Min, 0)])
        {
            long[] operands = [.. Enumerable.Range(0, Threads).Select(i => Bits(i))], result = [Bits(0.5)];
            Run(space, op, type, false, operands, result);
            Assert.That(Number(result[0]), Is.EqualTo(expected), $"{op}");
        }
    }

    [Test]
    public void CompareExchangeAndExchangeReturnWhatStoodThere()
    {
        foreach (ScalarType type in (ScalarType[])[ScalarType.Int32, ScalarType.Int64, ScalarType.Float32, ScalarType.Float64])
        {
            foreach (AddressSpace space in (AddressSpace[])[AddressSpace.Global, AddressSpace.Local])
            {
                KernelBuilder builder = new();
                Parameter memory = builder.GlobalPointer(), output = builder.GlobalPointer();
                Value place = space == AddressSpace.Global ? memory : builder.Allocate(AddressSpace.Local, 16);
                Constant Number(int value) => new(type, type == ScalarType.Float32 ? BitConverter.SingleToInt32Bits(value)
                    : type == ScalarType.Float64 ? BitConverter.DoubleToInt64Bits(value) : value);
                builder.Store(place, Constant.Int32(0), Number(3));
                builder.Store(output, Constant.Int32(0), builder.Add(new Atomic(AtomicOp.CompareExchange, place, Number(4), Number(3))));
                builder.Store(output, Constant.Int32(1), builder.Add(new Atomic(AtomicOp.CompareExchange, place, Number(5), Number(3))));
                builder.Store(output, Constant.Int32(2), builder.Add(new Atomic(AtomicOp.Exchange, place, Number(6))));
                builder.Store(output, Constant.Int32(3), builder.Load(place, Constant.Int32(0), type));
                builder.Return();
                byte[] result = new byte[4 * type.Size];
                OpenCLRunner.Require().Run(builder.Kernel, 1, 1, new long[1], result);
                double[] numbers = [.. result.Chunk(type.Size).Select(bytes => type.Kind switch
                {
                    ScalarKind.Int32 => BitConverter.ToInt32(bytes),
                    ScalarKind.Int64 => BitConverter.ToInt64(bytes),
                    ScalarKind.Float32 => BitConverter.ToSingle(bytes),
                    _ => BitConverter.ToDouble(bytes),
                })];
                Assert.That(numbers, Is.EqualTo(new double[] { 3, 4, 4, 6 }), $"{type} in {space} memory");
            }
        }
    }

    internal enum AddressSpaceName
    {
        Global,
        Shared,
    }

    private static long Sum(Func<int, long> term) => Enumerable.Range(0, Threads).Sum(term);

    private static void Run(AddressSpace space, AtomicOp op, ScalarType type, bool unsigned, long[] operands, long[] result)
    {
        KernelBuilder builder = new();
        Parameter input = builder.GlobalPointer(), output = builder.GlobalPointer();
        Value thread = builder.GlobalThread();
        Value operand = builder.Add(new Load(builder.At(input, thread, 8), type));
        if (space == AddressSpace.Global)
        {
            builder.Add(new Atomic(op, output, operand, unsigned: unsigned));
            builder.Return();
            OpenCLRunner.Require().Run(builder.Kernel, 4, Threads / 4, operands, result);
            return;
        }
        Allocation shared = builder.Allocate(AddressSpace.Shared, 8);
        BasicBlock before = builder.NewBlock(), middle = builder.NewBlock(), after = builder.NewBlock(), end = builder.NewBlock();
        Value isFirst = builder.Add(new Compare(CompareOp.Equal, thread, Constant.Int32(0)));
        builder.Branch(isFirst, before, middle);
        builder.Block = before;
        builder.Add(new Store(shared, builder.Add(new Load(output, ScalarType.Int64))));
        builder.Branch(middle);
        builder.Block = middle;
        builder.Add(new Managed.Ilgpu.Compiler.IR.Barrier(BarrierKind.Group));
        builder.Add(new Atomic(op, shared, operand, unsigned: unsigned));
        builder.Add(new Managed.Ilgpu.Compiler.IR.Barrier(BarrierKind.Group));
        builder.Branch(isFirst, after, end);
        builder.Block = after;
        builder.Add(new Store(output, builder.Add(new Load(shared, ScalarType.Int64))));
        builder.Branch(end);
        builder.Block = end;
        builder.Return();
        OpenCLRunner.Require().Run(builder.Kernel, 1, Threads, operands, result);
    }
}
