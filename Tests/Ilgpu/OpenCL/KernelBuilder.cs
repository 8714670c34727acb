using Managed.Ilgpu.Compiler.IR;

namespace Managed.Tests.Ilgpu.OpenCL;

/// <summary>Builds kernels in IR by hand, block by block.</summary>
internal sealed class KernelBuilder
{
    public KernelBuilder(string name = "kernel_under_test")
    {
        Kernel = new KernelFunction(name);
        Block = NewBlock();
    }

    public KernelFunction Kernel { get; }

    /// <summary>Where values are added.</summary>
    public BasicBlock Block { get; set; }

    public BasicBlock NewBlock()
    {
        BasicBlock block = new();
        Kernel.Blocks.Add(block);
        return block;
    }

    public Parameter Parameter(ScalarType type)
    {
        Parameter parameter = new(type, Kernel.Parameters.Count, $"p{Kernel.Parameters.Count}");
        Kernel.Parameters.Add(parameter);
        return parameter;
    }

    public Parameter GlobalPointer() => Parameter(ScalarType.PointerTo(AddressSpace.Global));

    public Allocation Allocate(AddressSpace space, long bytes)
    {
        Allocation allocation = new(space, bytes, 16);
        Kernel.Allocations.Add(allocation);
        return allocation;
    }

    public T Add<T>(T value)
        where T : Value
    {
        Block.Values.Add(value);
        return value;
    }

    public Value Register(SpecialRegisterKind kind) => Add(new SpecialRegister(kind));

    public Value Binary(BinaryOp op, Value left, Value right, bool unsigned = false) => Add(new Binary(op, left, right, unsigned));

    /// <summary>group · size + thread.</summary>
    public Value GlobalThread() => Binary(BinaryOp.Add,
        Binary(BinaryOp.Multiply, Register(SpecialRegisterKind.GroupX), Register(SpecialRegisterKind.GroupDimensionX)),
        Register(SpecialRegisterKind.ThreadX));

    public Value At(Value pointer, Value index, int size) => Add(new PointerOffset(pointer, index, size));

    public Value Load(Value pointer, Value index, ScalarType type) => Add(new Load(At(pointer, index, type.Size), type));

    public void Store(Value pointer, Value index, Value value) => Add(new Store(At(pointer, index, value.Type.Size), value));

    public void Branch(BasicBlock target) => End(new Branch(target));

    public void Branch(Value condition, BasicBlock whenTrue, BasicBlock whenFalse) => End(new ConditionalBranch(condition, whenTrue, whenFalse));

    public void Switch(Value value, BasicBlock[] cases, BasicBlock otherwise) => End(new Switch(value, cases, otherwise));

    public void Return() => End(new Return());

    private void End(Terminator terminator)
    {
        Block.Terminator = terminator;
        foreach (BasicBlock target in terminator.Targets)
        {
            target.Predecessors.Add(Block);
        }
    }
}
