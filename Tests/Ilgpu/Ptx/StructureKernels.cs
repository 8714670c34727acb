using Managed.Ilgpu.Compiler.IR;

namespace Managed.Tests.Ilgpu.Ptx;

/// <summary>Kernels for what operations alone do not show: control flow, memory of all kinds, what threads do together.</summary>
internal static class StructureKernels
{
    /// <summary>results[thread] = the Fibonacci number of counts[thread]: two phis that swap on the back edge.</summary>
    public static KernelFunction Fibonacci()
    {
        KernelBuilder builder = new("fibonacci");
        Parameter results = builder.Global("results"), counts = builder.Global("counts");
        Value thread = builder.GlobalIndex();
        Value count = builder.LoadAt(counts, thread, ScalarType.Int32);
        BasicBlock loop = builder.NewBlock(), body = builder.NewBlock(), end = builder.NewBlock();
        builder.End(new Branch(loop), loop);
        Phi low = builder.Add(new Phi(ScalarType.Int32, Constant.Int32(0), Constant.Int32(0)));
        Phi high = builder.Add(new Phi(ScalarType.Int32, Constant.Int32(1), low));
        Phi step = builder.Add(new Phi(ScalarType.Int32, Constant.Int32(0), Constant.Int32(0)));
        Value more = builder.Add(new Compare(CompareOp.Less, step, count));
        builder.End(new ConditionalBranch(more, body, end), body);
        Value sum = builder.Add(new Binary(BinaryOp.Add, low, high));
        step.Operands[1] = builder.Add(new Binary(BinaryOp.Add, step, Constant.Int32(1)));
        low.Operands[1] = high;
        high.Operands[1] = sum;
        builder.End(new Branch(loop), end);
        builder.StoreAt(results, thread, low);
        builder.End(new Return());
        return builder.Kernel;
    }

    /// <summary>
    /// Two values change places at every step, and what they were before the last step is stored: the loop leaves by the same branch
    /// that comes back, so the edge back is critical and its assignments must not be seen outside.
    /// </summary>
    public static KernelFunction SwapOnCriticalEdge()
    {
        KernelBuilder builder = new("swap");
        Parameter results = builder.Global("results"), counts = builder.Global("counts");
        Value thread = builder.GlobalIndex();
        Value count = builder.LoadAt(counts, thread, ScalarType.Int32);
        BasicBlock loop = builder.NewBlock(), end = builder.NewBlock();
        builder.End(new Branch(loop), loop);
        Phi first = builder.Add(new Phi(ScalarType.Int32, Constant.Int32(3), Constant.Int32(0)));
        Phi second = builder.Add(new Phi(ScalarType.Int32, Constant.Int32(5), first));
        Phi flag = builder.Add(new Phi(ScalarType.Bool, Constant.Bool(true), Constant.Bool(false)));
        Phi step = builder.Add(new Phi(ScalarType.Int32, Constant.Int32(0), Constant.Int32(0)));
        first.Operands[1] = second;
        step.Operands[1] = builder.Add(new Binary(BinaryOp.Add, step, Constant.Int32(1)));
        flag.Operands[1] = builder.Add(new Unary(UnaryOp.Not, flag));
        Value more = builder.Add(new Compare(CompareOp.Less, step.Operands[1], count));
        builder.End(new ConditionalBranch(more, loop, end), end);
        Value tens = builder.Add(new Binary(BinaryOp.Multiply, first, Constant.Int32(10)));
        Value both = builder.Add(new Binary(BinaryOp.Add, tens, second));
        Value odd = builder.Add(new Select(flag, Constant.Int32(100), Constant.Int32(200)));
        builder.StoreAt(results, thread, builder.Add(new Binary(BinaryOp.Add, both, odd)));
        builder.End(new Return());
        return builder.Kernel;
    }

    /// <summary>results[thread] = 100 + value for a value below <paramref name="cases"/>, else −1; some cases share a target, and the choice is a phi.</summary>
    public static KernelFunction Choice(int cases)
    {
        KernelBuilder builder = new("choice");
        Parameter results = builder.Global("results"), values = builder.Global("values");
        Value thread = builder.GlobalIndex();
        Value value = builder.LoadAt(values, thread, ScalarType.Int32);
        BasicBlock end = builder.NewBlock();
        BasicBlock[] targets = new BasicBlock[cases];
        for (int i = 0; i < cases; i++)
        {
            targets[i] = i % 3 == 1 ? end : builder.NewBlock(); // every third goes straight to the phi
        }
        builder.End(new Switch(value, targets, end));
        List<Value> operands = [];
        for (int i = 0; i < cases; i++)
        {
            if (targets[i] == end)
            {
                operands.Add(Constant.Int32(100 + i));
            }
        }
        operands.Add(Constant.Int32(-1));
        for (int i = 0; i < cases; i++)
        {
            if (targets[i] != end)
            {
                builder.Block = targets[i];
                operands.Add(builder.Add(new Binary(BinaryOp.Add, value, Constant.Int32(100))));
                builder.End(new Branch(end));
            }
        }
        builder.Block = end;
        Phi chosen = builder.Add(new Phi(ScalarType.Int32, [.. operands]));
        builder.StoreAt(results, thread, chosen);
        builder.End(new Return());
        builder.Kernel.Blocks.Remove(end);
        builder.Kernel.Blocks.Add(end);
        return builder.Kernel;
    }

    /// <summary>results[thread] = the sum of the group's values, through shared memory (static or dynamic) and barriers.</summary>
    public static KernelFunction GroupSum(int groupSize, bool dynamicShared)
    {
        KernelBuilder builder = new("group_sum");
        builder.Kernel.GroupSize = groupSize;
        builder.Kernel.MinGroupsPerMultiprocessor = 2;
        Parameter results = builder.Global("results"), values = builder.Global("values");
        Value shared = dynamicShared ? builder.Add(new DynamicShared()) : builder.Allocate(AddressSpace.Shared, groupSize * 4, 16);
        Value index = builder.GlobalIndex(), thread = builder.ThreadX();
        builder.StoreAt(shared, thread, builder.LoadAt(values, index, ScalarType.Float32));
        for (int stride = groupSize / 2; stride > 0; stride /= 2)
        {
            builder.Add(new Managed.Ilgpu.Compiler.IR.Barrier(BarrierKind.Group));
            BasicBlock add = builder.NewBlock(), next = builder.NewBlock();
            Value below = builder.Add(new Compare(CompareOp.Less, thread, Constant.Int32(stride)));
            builder.End(new ConditionalBranch(below, add, next), add);
            Value own = builder.Element(shared, thread, ScalarType.Float32);
            Value mine = builder.Add(new Load(own, ScalarType.Float32));
            Value other = builder.Add(new Load(builder.Add(new PointerOffset(own, stride * 4)), ScalarType.Float32));
            builder.Add(new Store(own, builder.Add(new Binary(BinaryOp.Add, mine, other))));
            builder.End(new Branch(next), next);
        }
        builder.Add(new Managed.Ilgpu.Compiler.IR.Barrier(BarrierKind.Group));
        builder.StoreAt(results, index, builder.Add(new Load(shared, ScalarType.Float32)));
        builder.End(new Return());
        return builder.Kernel;
    }

    /// <summary>Each thread applies the operation to its bin of an array in the given space; old values go to results where wanted.</summary>
    public static KernelFunction AtomicKernel(AtomicOp op, ScalarType type, bool unsigned, AddressSpace space, bool wantsOld)
    {
        KernelBuilder builder = new("atomic");
        Parameter results = builder.Global("results"), bins = builder.Global("bins"), values = builder.Global("values");
        Value thread = builder.GlobalIndex();
        Value value = builder.LoadAt(values, thread, type);
        Value bin = builder.Add(new Binary(BinaryOp.And, thread, Constant.Int32(3)));
        Value? comparand = op == AtomicOp.CompareExchange ? builder.LoadAt(values, bin, type) : null;
        Value target = bins;
        if (space == AddressSpace.Local)
        {
            target = builder.Allocate(space, 64, 16);
            builder.StoreAt(target, bin, builder.LoadAt(bins, bin, type));
        }
        else if (space == AddressSpace.Shared)
        {
            target = builder.Allocate(space, 64, 16);
            OneThreadPerBin(() => builder.StoreAt(target, bin, builder.LoadAt(bins, bin, type)));
        }
        else if (space == AddressSpace.Generic)
        {
            target = builder.Add(new CastSpace(bins, AddressSpace.Generic));
        }
        Value old = builder.Add(new Atomic(op, builder.Element(target, bin, type), value, comparand, unsigned));
        if (wantsOld)
        {
            builder.StoreAt(results, thread, old);
        }
        if (space is AddressSpace.Shared or AddressSpace.Local)
        {
            OneThreadPerBin(() => builder.StoreAt(bins, bin, builder.LoadAt(target, bin, type)));
        }
        builder.End(new Return());
        return builder.Kernel;

        void OneThreadPerBin(Action work)
        {
            BasicBlock inside = builder.NewBlock(), after = builder.NewBlock();
            builder.Add(new Managed.Ilgpu.Compiler.IR.Barrier(BarrierKind.Group));
            builder.End(new ConditionalBranch(builder.Add(new Compare(CompareOp.Less, thread, Constant.Int32(4))), inside, after), inside);
            work();
            builder.End(new Branch(after), after);
            builder.Add(new Managed.Ilgpu.Compiler.IR.Barrier(BarrierKind.Group));
        }
    }

    /// <summary>results[thread] = the shuffled value.</summary>
    public static KernelFunction ShuffleKernel(ShuffleKind kind, int lane, int width)
    {
        KernelBuilder builder = new("shuffle");
        Parameter results = builder.Global("results"), values = builder.Global("values");
        Value thread = builder.GlobalIndex();
        Value value = builder.LoadAt(values, thread, ScalarType.Float32);
        builder.StoreAt(results, thread, builder.Add(new Shuffle(kind, value, Constant.Int32(lane), width)));
        builder.End(new Return());
        return builder.Kernel;
    }

    /// <summary>results[thread] = source[thread], several lanes at a time.</summary>
    public static KernelFunction VectorCopy(ScalarType type, int lanes, MemoryAccess read, MemoryAccess write)
    {
        KernelBuilder builder = new("vector_copy");
        Parameter results = builder.Global("results"), source = builder.Global("source");
        Value thread = builder.GlobalIndex();
        Value from = builder.Add(new PointerOffset(source, thread, type.Size * lanes));
        Value to = builder.Add(new PointerOffset(results, thread, type.Size * lanes));
        Load load = builder.Add(new Load(from, type, lanes, read));
        Value[] values = lanes == 1 ? [load] : [.. Enumerable.Range(0, lanes).Select(i => builder.Add(new Result(load, i, type)))];
        builder.Add(new Store(to, values, write));
        builder.End(new Return());
        return builder.Kernel;
    }

    /// <summary>results[thread] = assembly's product and sum of the inputs.</summary>
    public static KernelFunction Assembly(string text, ScalarType[] outputs, params ScalarType[] inputs)
    {
        KernelBuilder builder = new("assembly");
        Parameter results = builder.Global("results");
        Value thread = builder.GlobalIndex();
        Value[] values = [.. inputs.Select((type, i) => type.IsPointer
            ? type.Space == AddressSpace.Shared ? builder.Allocate(AddressSpace.Shared, 1024, 128) : builder.Global($"input{i}")
            : builder.LoadAt(builder.Global($"input{i}"), thread, type))];
        InlineAssembly assembly = builder.Add(new InlineAssembly(text, outputs, values));
        for (int i = 0; i < outputs.Length; i++)
        {
            Value output = outputs.Length == 1 ? assembly : builder.Add(new Result(assembly, i, outputs[i]));
            builder.Add(new Store(builder.Add(new PointerOffset(results, thread, outputs.Length * 8, i * 8)), output));
        }
        builder.End(new Return());
        return builder.Kernel;
    }
}
