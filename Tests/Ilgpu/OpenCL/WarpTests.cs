using Managed.Ilgpu.Compiler.Frontend;
using Managed.Ilgpu.Compiler.IR;
using Managed.Ilgpu.Compiler.OpenCL;
using Barrier = Managed.Ilgpu.Compiler.IR.Barrier;

namespace Managed.Tests.Ilgpu.OpenCL;

/// <summary>Warps of 32 lanes without sub-groups, and barriers that reduce.</summary>
internal sealed class WarpTests
{
    [Test]
    public void ShufflesReadTheLaneAskedForAndTheirOwnWhereThereIsNone([Values(0, 8)] int width, [Values(32, 40, 96)] int threads)
    {
        int lanes = width == 0 ? 32 : width;
        int[] operands = [0, 1, 3, 5, 7, 16, 31];
        foreach (ShuffleKind kind in Enum.GetValues<ShuffleKind>())
        {
            KernelBuilder builder = new();
            Parameter output = builder.GlobalPointer();
            Value thread = builder.Register(SpecialRegisterKind.ThreadX);
            Value value = builder.Add(new Managed.Ilgpu.Compiler.IR.Convert(thread, ScalarType.Float32));
            for (int i = 0; i < operands.Length; i++)
            {
                Value place = builder.Binary(BinaryOp.Add, thread, Constant.Int32(i * threads));
                builder.Store(output, place, builder.Add(new Shuffle(kind, value, Constant.Int32(operands[i]), width)));
            }
            builder.Return();
            float[] result = new float[threads * operands.Length];
            OpenCLRunner.Require().Run(builder.Kernel, 1, threads, result);
            Assert.That(result, Is.EqualTo(operands.SelectMany(operand => Enumerable.Range(0, threads).Select(t => (float)Source(kind, operand, t)))), $"{kind}");
        }

        int Source(ShuffleKind kind, int operand, int t)
        {
            int first = t & -lanes;
            int source = kind switch
            {
                ShuffleKind.Index => first + (operand & (lanes - 1)),
                ShuffleKind.Up => t - operand,
                ShuffleKind.Down => t + operand,
                _ => t ^ operand,
            };
            bool outside = source >= first + lanes || source >= threads || (kind == ShuffleKind.Up && source < first);
            return outside ? t : source;
        }
    }

    [Test]
    public void AWarpsSumByShufflesReachesEveryLane()
    {
        KernelBuilder builder = new();
        Parameter output = builder.GlobalPointer();
        Value thread = builder.Register(SpecialRegisterKind.ThreadX), sum = thread;
        foreach (int mask in (int[])[16, 8, 4, 2, 1])
        {
            sum = builder.Binary(BinaryOp.Add, sum, builder.Add(new Shuffle(ShuffleKind.Xor, sum, Constant.Int32(mask), 0)));
        }
        builder.Add(new Barrier(BarrierKind.Warp));
        Value lane = builder.Register(SpecialRegisterKind.Lane);
        builder.Store(output, thread, builder.Binary(BinaryOp.Add, builder.Binary(BinaryOp.Multiply, sum, builder.Register(SpecialRegisterKind.WarpSize)), lane));
        builder.Return();
        int[] result = new int[64];
        OpenCLRunner.Require().Run(builder.Kernel, 1, 64, result);
        Assert.That(result, Is.EqualTo(Enumerable.Range(0, 64).Select(t => ((t < 32 ? 496 : 1520) * 32) + (t % 32))));
    }

    [TestCase(0)]
    [TestCase(5)]
    [TestCase(48)]
    public void ReducingBarriersCountAndCombineThePredicate(int below)
    {
        KernelBuilder builder = new();
        Parameter output = builder.GlobalPointer(), limit = builder.Parameter(ScalarType.Int32);
        Value thread = builder.Register(SpecialRegisterKind.ThreadX);
        Value predicate = builder.Add(new Compare(CompareOp.Less, thread, limit));
        Value count = builder.Add(new Barrier(BarrierKind.GroupCount, predicate));
        Value all = builder.Add(new Managed.Ilgpu.Compiler.IR.Convert(builder.Add(new Barrier(BarrierKind.GroupAnd, predicate)), ScalarType.Int32));
        Value any = builder.Add(new Managed.Ilgpu.Compiler.IR.Convert(builder.Add(new Barrier(BarrierKind.GroupOr, predicate)), ScalarType.Int32));
        Value flags = builder.Binary(BinaryOp.Add, builder.Binary(BinaryOp.Multiply, all, Constant.Int32(2)), any);
        builder.Store(output, builder.GlobalThread(), builder.Binary(BinaryOp.Add, builder.Binary(BinaryOp.Multiply, count, Constant.Int32(10)), flags));
        builder.Return();
        int[] result = new int[48 * 2];
        OpenCLRunner.Require().Run(builder.Kernel, 2, 48, result, below);
        Assert.That(result, Is.All.EqualTo((below * 10) + (below == 48 ? 2 : 0) + (below > 0 ? 1 : 0)));
    }

    [Test]
    public void AShuffleThatOnlyPartOfTheGroupReachesIsRefused()
    {
        KernelCompilationException error = Assert.Throws<KernelCompilationException>(() => OpenCLEmitter.Emit(ShuffleUnder(builder => builder.Add(
            new Compare(CompareOp.Less, builder.Register(SpecialRegisterKind.ThreadX), Constant.Int32(5)))), new OpenCLTarget()))!;
        Assert.That(error.Message, Does.Contain("kernel_under_test").And.Contain("a warp shuffle stands where only part of the group may come by"));
    }

    [Test]
    public void AShuffleUnderABranchThatTheWholeGroupTakesAlikeIsAccepted()
    {
        KernelFunction kernel = ShuffleUnder(builder => builder.Add(
            new Compare(CompareOp.Less, builder.Register(SpecialRegisterKind.GroupX), Constant.Int32(5))));
        Assert.That(OpenCLEmitter.Emit(kernel, new OpenCLTarget()), Does.Contain("shuffle_down_32"));
    }

    [Test]
    public void AShuffleAfterALoopThatThreadsLeaveAtDifferentTimesIsAcceptedAndInsideItRefused([Values] bool inside)
    {
        KernelBuilder builder = new();
        Parameter output = builder.GlobalPointer();
        Value thread = builder.Register(SpecialRegisterKind.ThreadX);
        BasicBlock loop = builder.NewBlock(), body = builder.NewBlock(), end = builder.NewBlock();
        builder.Branch(loop);
        builder.Block = loop;
        Phi i = builder.Add(new Phi(ScalarType.Int32, Constant.Int32(0), Constant.Int32(0)));
        builder.Branch(builder.Add(new Compare(CompareOp.Less, i, thread)), body, end);
        builder.Block = body;
        Value shuffled = inside ? builder.Add(new Shuffle(ShuffleKind.Down, i, Constant.Int32(1), 0)) : i;
        i.Operands[1] = builder.Binary(BinaryOp.Add, shuffled, Constant.Int32(1));
        builder.Branch(loop);
        builder.Block = end;
        builder.Store(output, thread, builder.Add(new Shuffle(ShuffleKind.Down, i, Constant.Int32(1), 0)));
        builder.Return();
        if (inside)
        {
            Assert.Throws<KernelCompilationException>(() => OpenCLEmitter.Emit(builder.Kernel, new OpenCLTarget()));
            return;
        }
        int[] result = new int[32];
        OpenCLRunner.Require().Run(builder.Kernel, 1, 32, result);
        Assert.That(result, Is.EqualTo(Enumerable.Range(0, 32).Select(t => Math.Min(t + 1, 31))));
    }

    private static KernelFunction ShuffleUnder(Func<KernelBuilder, Value> condition)
    {
        KernelBuilder builder = new();
        Parameter output = builder.GlobalPointer();
        BasicBlock under = builder.NewBlock(), end = builder.NewBlock();
        builder.Branch(condition(builder), under, end);
        builder.Block = under;
        Value thread = builder.Register(SpecialRegisterKind.ThreadX);
        builder.Store(output, thread, builder.Add(new Shuffle(ShuffleKind.Down, thread, Constant.Int32(1), 0)));
        builder.Branch(end);
        builder.Block = end;
        builder.Return();
        return builder.Kernel;
    }
}
