using System.Runtime.InteropServices;
using Managed.Ilgpu.Compiler.IR;
using Managed.Ilgpu.Compiler.Ptx;
using Managed.Tests.Ilgpu.Frontend;
using Managed.Tests.Ptx;
using Parameter = Managed.Ilgpu.Compiler.IR.Parameter;
using PtxTarget = Managed.Ilgpu.Compiler.Ptx.PtxTarget;
using ScalarType = Managed.Ilgpu.Compiler.IR.ScalarType;

namespace Managed.Tests.Ilgpu.Ptx;

/// <summary>Control flow, memory, and what threads do together: the PTX run by its interpreter gives what plain C# gives.</summary>
internal sealed class InterpretedStructureTests
{
    /// <summary>Runs an entry in the interpreter.</summary>
    public static void Launch(string text, string entry, int groups, int groupSize, byte[][] buffers) => Launch(text, entry, groups, groupSize, 0, buffers);

    private static void Launch(string text, string entry, int groups, int groupSize, int dynamicShared, byte[][] buffers)
    {
        PtxMachine machine = new();
        ulong[] arguments = [.. buffers.Select((buffer, i) => machine.Allocate<byte>(buffer, $"buffer {i}"))];
        try
        {
            machine.Launch(PtxModule.Parse(text), entry, groups, groupSize, dynamicShared, arguments);
        }
        catch (PtxException fault)
        {
            throw new AssertionException($"{fault.Message}\n{text}", fault);
        }
        for (int i = 0; i < buffers.Length; i++)
        {
            machine.Span(arguments[i], buffers[i].Length).CopyTo(buffers[i]);
        }
    }

    private static T[] Run<T>(KernelFunction kernel, int groups, int groupSize, int results, int dynamicShared, params Array[] inputs) where T : unmanaged
    {
        byte[][] buffers = [new byte[results * Marshal.SizeOf<T>()], .. inputs.Select(Bytes)];
        Launch(PtxEmitter.Emit(kernel, PtxTarget.Sm80), kernel.Name, groups, groupSize, dynamicShared, buffers);
        for (int i = 0; i < inputs.Length; i++)
        {
            Buffer.BlockCopy(buffers[i + 1], 0, inputs[i], 0, buffers[i + 1].Length);
        }
        return MemoryMarshal.Cast<byte, T>(buffers[0]).ToArray();
    }

    private static byte[] Bytes(Array values)
    {
        byte[] bytes = new byte[Buffer.ByteLength(values)];
        Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
        return bytes;
    }

    [Test]
    public void Phis_that_feed_each_other_change_at_once()
    {
        int[] results = Run<int>(StructureKernels.Fibonacci(), 1, 32, 32, 0, Enumerable.Range(0, 32).ToArray());
        int[] expected = new int[32];
        for (int i = 0; i < 32; i++)
        {
            expected[i] = i < 2 ? i : expected[i - 1] + expected[i - 2];
        }
        Assert.That(results, Is.EqualTo(expected));
    }

    [Test]
    public void What_is_assigned_on_the_way_back_is_not_seen_on_the_way_out()
    {
        int[] counts = [.. Enumerable.Range(0, 32)];
        int[] results = Run<int>(StructureKernels.SwapOnCriticalEdge(), 1, 32, 32, 0, counts);
        Assert.That(results, Is.EqualTo(counts.Select(count =>
        {
            (int first, int second, bool flag) = (3, 5, true);
            for (int step = 1; step < count; step++)
            {
                (first, second, flag) = (second, first, !flag);
            }
            return (10 * first) + second + (flag ? 100 : 200);
        })));
    }

    [TestCase(1)]
    [TestCase(3)]
    [TestCase(5)]
    [TestCase(12)]
    public void A_choice_takes_the_case_of_its_number_and_the_last_one_otherwise(int cases)
    {
        int[] values = [.. Enumerable.Range(-3, 29), int.MinValue, int.MaxValue, 1 << 20];
        Assert.That(Run<int>(StructureKernels.Choice(cases), 1, 32, 32, 0, values),
            Is.EqualTo(values.Select(value => value >= 0 && value < cases ? 100 + value : -1)));
    }

    [TestCase(32, false)]
    [TestCase(128, false)]
    [TestCase(128, true)]
    [TestCase(1024, true)]
    public void Groups_add_up_through_shared_memory(int groupSize, bool dynamicShared)
    {
        float[] values = [.. Enumerable.Range(0, 3 * groupSize).Select(i => (float)Math.Sin(i))];
        float[] results = Run<float>(StructureKernels.GroupSum(groupSize, dynamicShared), 3, groupSize, values.Length, dynamicShared ? groupSize * 4 : 0, values);
        for (int group = 0; group < 3; group++)
        {
            float[] sums = values[(group * groupSize)..((group + 1) * groupSize)];
            for (int stride = groupSize / 2; stride > 0; stride /= 2)
            {
                for (int i = 0; i < stride; i++)
                {
                    sums[i] += sums[i + stride];
                }
            }
            Assert.That(results[(group * groupSize)..((group + 1) * groupSize)], Is.All.EqualTo(sums[0]));
        }
    }

    [TestCase(ShuffleKind.Index, 5)]
    [TestCase(ShuffleKind.Index, 20)]
    [TestCase(ShuffleKind.Up, 3)]
    [TestCase(ShuffleKind.Down, 3)]
    [TestCase(ShuffleKind.Xor, 5)]
    public void Shuffles_stay_in_their_sub_warp(ShuffleKind kind, int operand)
    {
        float[] values = [.. Enumerable.Range(0, 64).Select(i => i + 0.5f)];
        foreach (int width in new[] { 0, 2, 8, 16, 32 })
        {
            int size = width == 0 ? 32 : width;
            if (kind == ShuffleKind.Xor && operand >= size)
            {
                continue; // a lane of another sub-warp: not specified
            }
            float[] expected = [.. Enumerable.Range(0, 64).Select(i =>
            {
                int start = i / size * size, lane = i - start;
                int source = kind switch
                {
                    ShuffleKind.Index => operand % size,
                    ShuffleKind.Up => lane >= operand ? lane - operand : lane,
                    ShuffleKind.Down => lane + operand < size ? lane + operand : lane,
                    _ => lane ^ operand,
                };
                return values[start + source];
            })];
            Assert.That(Run<float>(StructureKernels.ShuffleKernel(kind, operand, width), 1, 64, 64, 0, values), Is.EqualTo(expected), $"width {width}");
        }
    }

    private static IEnumerable<TestCaseData> Vectors() =>
        from type in OperationKernels.All
        from lanes in new[] { 1, 2, 4 }
        from access in new[] { MemoryAccess.None, MemoryAccess.ReadOnly | MemoryAccess.Streaming, MemoryAccess.Volatile }
        select new TestCaseData(type, lanes, access).SetArgDisplayNames($"{type}", $"{lanes}", $"{access}");

    [TestCaseSource(nameof(Vectors))]
    public void Vectors_of_every_type_are_copied(ScalarType type, int lanes, MemoryAccess access)
    {
        byte[] bytes = new byte[64 * lanes * type.Size];
        new Random(1).NextBytes(bytes);
        Assert.That(Run<byte>(StructureKernels.VectorCopy(type, lanes, access, access & ~MemoryAccess.ReadOnly), 2, 32, bytes.Length, 0, bytes), Is.EqualTo(bytes));
    }

    public static IEnumerable<TestCaseData> AtomicCases() =>
        from op in Enum.GetValues<AtomicOp>()
        from type in OperationKernels.Numbers
        where type.IsInteger || op is not (AtomicOp.And or AtomicOp.Or or AtomicOp.Xor)
        from unsigned in type.IsInteger && (op is AtomicOp.Min or AtomicOp.Max) ? new[] { false, true } : [false]
        from space in Enum.GetValues<AddressSpace>()
        select new TestCaseData(op, type, unsigned, space).SetArgDisplayNames($"{op}", $"{(unsigned ? "u" : "")}{type}", $"{space}");

    /// <summary>Thirty-two threads, four bins; old values and what stays, against the same operations in the order of some permutation.</summary>
    [TestCaseSource(nameof(AtomicCases))]
    public void Atomics_leave_what_some_order_of_the_threads_leaves(AtomicOp op, ScalarType type, bool unsigned, AddressSpace space) =>
        CheckAtomic(op, type, unsigned, space, Launch);

    /// <summary>The check for any machine.</summary>
    public static void CheckAtomic(AtomicOp op, ScalarType type, bool unsigned, AddressSpace space, PtxLaunch launch)
    {
        Random random = new(11);
        byte[] bins = Values(4), values = Values(32), start = [.. bins];
        byte[] results = new byte[32 * type.Size], silent = [.. start];
        launch(PtxEmitter.Emit(StructureKernels.AtomicKernel(op, type, unsigned, space, true), PtxTarget.Sm70), "atomic", 1, 32, [results, bins, values]);
        launch(PtxEmitter.Emit(StructureKernels.AtomicKernel(op, type, unsigned, space, false), PtxTarget.Sm70), "atomic", 1, 32,
            [new byte[results.Length], silent, [.. values]]);
        if (op is not (AtomicOp.Exchange or AtomicOp.CompareExchange)) // these depend on the order, which another launch need not repeat
        {
            Assert.That(silent, Is.EqualTo(bins), "without a wanted result");
        }
        for (int bin = 0; bin < 4; bin++)
        {
            // in its own memory a thread is alone with the start; elsewhere the old values show the order
            List<int> open = [.. Enumerable.Range(0, 8).Select(i => (4 * i) + bin)];
            long state = Read(start, bin);
            if (space == AddressSpace.Local)
            {
                Assert.That(open.Select(thread => Read(results, thread)), Is.All.EqualTo(state));
                Assert.That(open.Select(thread => Combine(state, thread, bin)), Has.Some.EqualTo(Read(bins, bin)));
            }
            else
            {
                Assert.That(IsAnOrder(state, open, bin), Is.True, $"{op} {type}: no order of the threads gives what they saw in bin {bin} and what stayed");
            }
        }

        // several threads may have seen the same value: one of them was first
        bool IsAnOrder(long state, List<int> open, int bin) => open.Count == 0 ? Read(bins, bin) == state : open.Exists(thread =>
            Read(results, thread) == state && IsAnOrder(Combine(state, thread, bin), [.. open.Where(other => other != thread)], bin));

        long Combine(long old, int thread, int bin)
        {
            Atomic atomic = new(op, new Constant(ScalarType.Int64, 0), new Constant(type, 0), op == AtomicOp.CompareExchange ? new Constant(type, 0) : null, unsigned);
            return Scalars.Combine(atomic, old, Read(values, thread), Read(values, bin));
        }

        long Read(byte[] from, int i) => type.Size == 4 ? BitConverter.ToInt32(from, 4 * i) : BitConverter.ToInt64(from, 8 * i);

        byte[] Values(int count)
        {
            byte[] bytes = new byte[count * type.Size];
            for (int i = 0; i < count; i++)
            {
                // numbers whose sums are exact; a few equal ones, so that compare and exchange succeeds now and then
                long bits = type.Kind switch
                {
                    ScalarKind.Float32 => BitConverter.SingleToInt32Bits(random.Next(-9, 9) / 4f),
                    ScalarKind.Float64 => BitConverter.DoubleToInt64Bits(random.Next(-9, 9) / 4.0),
                    _ => random.Next(-4, 4),
                };
                BitConverter.GetBytes(bits).AsSpan(0, type.Size).CopyTo(bytes.AsSpan(i * type.Size));
            }
            return bytes;
        }
    }

    [Test]
    public void Barriers_reduce_predicates()
    {
        KernelBuilder builder = new("reduce");
        Parameter results = builder.Global("results"), values = builder.Global("values");
        Value thread = builder.GlobalIndex();
        Value positive = builder.Add(new Compare(CompareOp.Greater, builder.LoadAt(values, thread, ScalarType.Int32), Constant.Int32(0)));
        Value[] reduced =
        [
            builder.Add(new Managed.Ilgpu.Compiler.IR.Barrier(BarrierKind.GroupCount, positive)),
            builder.Add(new Managed.Ilgpu.Compiler.IR.Barrier(BarrierKind.GroupAnd, positive)),
            builder.Add(new Managed.Ilgpu.Compiler.IR.Barrier(BarrierKind.GroupOr, positive)),
        ];
        for (int i = 0; i < 3; i++)
        {
            Value number = reduced[i].Type == ScalarType.Bool ? builder.Add(new Managed.Ilgpu.Compiler.IR.Convert(reduced[i], ScalarType.Int32)) : reduced[i];
            builder.Add(new Store(builder.Add(new PointerOffset(results, thread, 12, 4 * i)), number));
        }
        builder.End(new Return());
        int[] input = [.. Enumerable.Repeat(1, 64), .. Enumerable.Range(0, 64).Select(i => i % 3 - 1), .. Enumerable.Repeat(-1, 64)];
        int[] output = Run<int>(builder.Kernel, 3, 64, 3 * 192, 0, input);
        for (int i = 0; i < 192; i++)
        {
            Assert.That(output[(3 * i)..(3 * i + 3)], Is.EqualTo(i < 64 ? new[] { 64, 1, 1 } : i < 128 ? new[] { 21, 0, 1 } : [0, 0, 0]));
        }
    }
}
