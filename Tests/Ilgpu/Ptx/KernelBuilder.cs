using Managed.Ilgpu.Compiler.IR;

namespace Managed.Tests.Ilgpu.Ptx;

/// <summary>Builds small kernels in the intermediate form by hand, block after block.</summary>
internal sealed class KernelBuilder
{
    public KernelBuilder(string name = "kernel")
    {
        Kernel = new KernelFunction(name);
        Block = NewBlock();
    }

    public KernelFunction Kernel { get; }

    /// <summary>Where values are appended.</summary>
    public BasicBlock Block { get; set; }

    public BasicBlock NewBlock()
    {
        BasicBlock block = new();
        Kernel.Blocks.Add(block);
        return block;
    }

    public Parameter Parameter(ScalarType type, string name)
    {
        Parameter parameter = new(type, Kernel.Parameters.Count, name);
        Kernel.Parameters.Add(parameter);
        return parameter;
    }

    public Parameter Global(string name) => Parameter(ScalarType.PointerTo(AddressSpace.Global), name);

    public T Add<T>(T value) where T : Value
    {
        Block.Values.Add(value);
        return value;
    }

    public Allocation Allocate(AddressSpace space, long bytes, int alignment)
    {
        Allocation allocation = new(space, bytes, alignment);
        Kernel.Allocations.Add(allocation);
        return allocation;
    }

    public Value ThreadX() => Add(new SpecialRegister(SpecialRegisterKind.ThreadX));

    /// <summary>blockIdx · blockDim + threadIdx.</summary>
    public Value GlobalIndex()
    {
        Value group = Add(new SpecialRegister(SpecialRegisterKind.GroupX));
        Value dimension = Add(new SpecialRegister(SpecialRegisterKind.GroupDimensionX));
        Value start = Add(new Binary(BinaryOp.Multiply, group, dimension));
        return Add(new Binary(BinaryOp.Add, start, ThreadX()));
    }

    public Value Element(Value pointer, Value index, ScalarType type, long displacement = 0) =>
        Add(new PointerOffset(pointer, index, type.Size, displacement));

    public Value LoadAt(Value pointer, Value index, ScalarType type) => Add(new Load(Element(pointer, index, type), type));

    public void StoreAt(Value pointer, Value index, Value value) => Add(new Store(Element(pointer, index, value.Type), value));

    public void End(Terminator terminator)
    {
        Block.Terminator = terminator;
        foreach (BasicBlock target in terminator.Targets)
        {
            target.Predecessors.Add(Block);
        }
    }

    /// <summary>Ends the block and goes on in another.</summary>
    public void End(Terminator terminator, BasicBlock next)
    {
        End(terminator);
        Block = next;
    }
}
