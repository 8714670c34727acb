using Managed.Ilgpu.Compiler.IR;

namespace Managed.Tests.Ilgpu.OpenCL;

/// <summary>Branches, loops, phis and barriers between them, run on the OpenCL device.</summary>
internal sealed class ControlFlowTests
{
    [Test]
    public void PhisOfOneBlockChangeAtOnce()
    {
        // (a, b) = (b, a + b), n times: each phi reads the other's old value.
        KernelBuilder builder = new();
        Parameter output = builder.GlobalPointer();
        Value thread = builder.GlobalThread();
        BasicBlock entry = builder.Block, loop = builder.NewBlock(), body = builder.NewBlock(), end = builder.NewBlock();
        builder.Branch(loop);
        builder.Block = loop;
        Phi a = builder.Add(new Phi(ScalarType.Int32, Constant.Int32(0), Constant.Int32(0)));
        Phi b = builder.Add(new Phi(ScalarType.Int32, Constant.Int32(1), Constant.Int32(0)));
        Phi i = builder.Add(new Phi(ScalarType.Int32, Constant.Int32(0), Constant.Int32(0)));
        builder.Branch(builder.Add(new Compare(CompareOp.Less, i, thread)), body, end);
        builder.Block = body;
        a.Operands[1] = b;
        b.Operands[1] = builder.Binary(BinaryOp.Add, a, b);
        i.Operands[1] = builder.Binary(BinaryOp.Add, i, Constant.Int32(1));
        builder.Branch(loop);
        builder.Block = end;
        builder.Store(output, thread, builder.Binary(BinaryOp.Add, builder.Binary(BinaryOp.Multiply, a, Constant.Int32(1000)), b));
        builder.Return();
        Assert.That(loop.Predecessors, Is.EqualTo(new[] { entry, body }));

        int[] result = new int[10];
        OpenCLRunner.Require().Run(builder.Kernel, 2, 5, result);
        Assert.That(result, Is.EqualTo(new[] { 1, 1001, 1002, 2003, 3005, 5008, 8013, 13021, 21034, 34055 }));
    }

    [Test]
    public void ASwitchTakesItsCasesAndOtherwiseTheLast()
    {
        KernelBuilder builder = new();
        Parameter input = builder.GlobalPointer(), output = builder.GlobalPointer();
        Value thread = builder.GlobalThread();
        Value value = builder.Load(input, thread, ScalarType.Int32);
        BasicBlock first = builder.NewBlock(), join = builder.NewBlock();
        BasicBlock from = builder.Block;
        // Cases 1 and 2 lead to the same block as the default, with different values.
        builder.Switch(value, [first, join, join], join);
        builder.Block = first;
        builder.Branch(join);
        builder.Block = join;
        Assert.That(join.Predecessors, Is.EqualTo(new[] { from, from, from, first }));
        Phi phi = builder.Add(new Phi(ScalarType.Int32, Constant.Int32(20), Constant.Int32(30), Constant.Int32(99), Constant.Int32(10)));
        builder.Store(output, thread, phi);
        builder.Return();

        int[] values = [0, 1, 2, 3, -1, int.MinValue], result = new int[6];
        OpenCLRunner.Require().Run(builder.Kernel, 1, 6, values, result);
        Assert.That(result, Is.EqualTo(new[] { 10, 20, 30, 99, 99, 99 }));
    }

    [TestCase(1)]
    [TestCase(64)]
    [TestCase(96)]
    public void BarriersInsideNestedLoopsKeepTheGroupTogether(int threads)
    {
        // rounds times: every thread writes to shared memory, then a tree of sums with a barrier in each step.
        KernelBuilder builder = new();
        Parameter output = builder.GlobalPointer(), rounds = builder.Parameter(ScalarType.Int32);
        Allocation shared = builder.Allocate(AddressSpace.Shared, 128 * 4);
        Value thread = builder.Register(SpecialRegisterKind.ThreadX);
        BasicBlock outer = builder.NewBlock(), begin = builder.NewBlock(), inner = builder.NewBlock(), step = builder.NewBlock(),
            add = builder.NewBlock(), meet = builder.NewBlock(), next = builder.NewBlock(), end = builder.NewBlock();
        builder.Branch(outer);

        builder.Block = outer;
        Phi round = builder.Add(new Phi(ScalarType.Int32, Constant.Int32(0), Constant.Int32(0)));
        Phi total = builder.Add(new Phi(ScalarType.Int32, Constant.Int32(0), Constant.Int32(0)));
        builder.Branch(builder.Add(new Compare(CompareOp.Less, round, rounds)), begin, end);

        builder.Block = begin;
        builder.Store(shared, thread, builder.Binary(BinaryOp.Add, thread, round));
        builder.Add(new Managed.Ilgpu.Compiler.IR.Barrier(BarrierKind.Group));
        builder.Branch(inner);

        builder.Block = inner;
        Phi stride = builder.Add(new Phi(ScalarType.Int32, Constant.Int32(64), Constant.Int32(0)));
        builder.Branch(builder.Add(new Compare(CompareOp.Greater, stride, Constant.Int32(0))), step, next);

        builder.Block = step;
        Value other = builder.Binary(BinaryOp.Add, thread, stride);
        Value inside = builder.Binary(BinaryOp.And, builder.Add(new Compare(CompareOp.Less, thread, stride)),
            builder.Add(new Compare(CompareOp.Less, other, Constant.Int32(threads))));
        builder.Branch(inside, add, meet);

        builder.Block = add;
        builder.Store(shared, thread, builder.Binary(BinaryOp.Add, builder.Load(shared, thread, ScalarType.Int32), builder.Load(shared, other, ScalarType.Int32)));
        builder.Branch(meet);

        builder.Block = meet;
        builder.Add(new Managed.Ilgpu.Compiler.IR.Barrier(BarrierKind.Group));
        stride.Operands[1] = builder.Binary(BinaryOp.ShiftRight, stride, Constant.Int32(1));
        builder.Branch(inner);

        builder.Block = next;
        total.Operands[1] = builder.Binary(BinaryOp.Add, total, builder.Load(shared, Constant.Int32(0), ScalarType.Int32));
        builder.Add(new Managed.Ilgpu.Compiler.IR.Barrier(BarrierKind.Group));
        round.Operands[1] = builder.Binary(BinaryOp.Add, round, Constant.Int32(1));
        builder.Branch(outer);

        builder.Block = end;
        builder.Store(output, builder.GlobalThread(), total);
        builder.Return();

        int[] result = new int[threads * 3];
        OpenCLRunner.Require().Run(builder.Kernel, 3, threads, result, 7);
        int expected = Enumerable.Range(0, 7).Sum(r => Enumerable.Range(0, threads).Sum(t => t + r));
        Assert.That(result, Is.All.EqualTo(expected));
    }

    [Test]
    public void AnEarlyReturnOfSomeThreadsLeavesTheOthersAlone()
    {
        KernelBuilder builder = new();
        Parameter output = builder.GlobalPointer(), length = builder.Parameter(ScalarType.Int64);
        Value thread = builder.GlobalThread();
        BasicBlock work = builder.NewBlock(), end = builder.NewBlock();
        Value wide = builder.Add(new Managed.Ilgpu.Compiler.IR.Convert(thread, ScalarType.Int64));
        builder.Branch(builder.Add(new Compare(CompareOp.GreaterOrEqual, wide, length)), end, work);
        builder.Block = end;
        builder.Return();
        builder.Block = work;
        builder.Store(output, wide, builder.Binary(BinaryOp.Multiply, thread, Constant.Int32(3)));
        builder.Return();
        int[] result = [.. Enumerable.Repeat(-1, 20)];
        OpenCLRunner.Require().Run(builder.Kernel, 4, 8, result, 13L);
        Assert.That(result, Is.EqualTo(Enumerable.Range(0, 20).Select(i => i < 13 ? i * 3 : -1)));
    }
}
