using Managed.Ilgpu.Compiler.IR;
using Managed.Ilgpu.Compiler.Passes;
using Convert = Managed.Ilgpu.Compiler.IR.Convert;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>Appends values to the kernel under construction, in their simplest form.</summary>
internal sealed class KernelBuilder(KernelFunction function, CompileTarget target)
{
    /// <summary>A kernel of more values than this is a run-away expansion.</summary>
    private const int MostValues = 2_000_000;

    private int _count;

    public KernelFunction Function { get; } = function;

    public CompileTarget Target { get; } = target;

    public SsaBuilder Ssa { get; } = new();

    /// <summary>Where values are appended; null where control never comes.</summary>
    public BasicBlock? Block { get; set; }

    public SourceLocation? Location { get; set; }

    /// <summary>Where the code that is translated notes what it asked for outside of spans; null where nobody checks.</summary>
    public Allocation? SpanFaults { get; set; }

    public BasicBlock NewBlock()
    {
        BasicBlock block = new();
        Function.Blocks.Add(block);
        return block;
    }

    /// <summary>Places the value, or finds the simpler one that equals it.</summary>
    public Value Emit(Value value)
    {
        Value simplest = Simplifier.Simplify(value, Emit);
        if (simplest is not (Constant or Parameter or Allocation or DynamicShared or Phi) && simplest.Source is null)
        {
            simplest.Source = Location ?? NoLocation;
            Block!.Values.Add(simplest);
            if (++_count > MostValues)
            {
                throw new RefusedException($"it expands to more than {MostValues} operations; look for deep nests of large inlined methods");
            }
        }
        return simplest;
    }

    private static readonly SourceLocation NoLocation = new("entry", 0);

    public Value Add(Value left, Value right) => Emit(new Binary(BinaryOp.Add, left, right));

    public Value Multiply(Value left, Value right) => Emit(new Binary(BinaryOp.Multiply, left, right));

    /// <summary>An integer in another integer type.</summary>
    public Value ToInteger(Value value, ScalarType type, bool unsigned = false) => value.Type == type ? value
        : value.Type.IsPointer ? ToInteger(Emit(new Reinterpret(value, ScalarType.Int64)), type)
        : Emit(new Convert(value, type, unsigned));

    /// <summary>The predicate of IL's test for non-zero.</summary>
    public Value ToPredicate(Value value) =>
        value.Type == ScalarType.Bool ? value : Emit(new Compare(CompareOp.NotEqual, value, new Constant(value.Type, 0)));

    /// <summary>IL's 0 or 1.</summary>
    public Value FromPredicate(Value predicate) => Emit(new Convert(predicate, ScalarType.Int32));

    /// <summary>Memory of the thread for a local whose address is taken.</summary>
    public Allocation AllocateLocal(TypeLayout layout)
    {
        Allocation allocation = new(AddressSpace.Local, layout.Size, layout.Alignment);
        Function.Allocations.Add(allocation);
        return allocation;
    }

    /// <summary>Reads a whole value through a pointer, scalar by scalar.</summary>
    public StackValue Load(Value pointer, Type type, MemoryAccess access = MemoryAccess.None)
    {
        Leaf[] leaves = TypeLayout.Of(type).Leaves;
        Value[] values = new Value[leaves.Length];
        for (int i = 0; i < values.Length; i++)
        {
            Value loaded = Emit(new Load(Emit(new PointerOffset(pointer, leaves[i].Offset)), leaves[i].Memory, 1, access));
            values[i] = Widen(loaded, leaves[i]);
        }
        return new StackValue(type, values);
    }

    /// <summary>Writes a whole value through a pointer, scalar by scalar.</summary>
    public void Store(Value pointer, Type type, StackValue value, MemoryAccess access = MemoryAccess.None)
    {
        Leaf[] leaves = TypeLayout.Of(type).Leaves;
        value = Coerce(value, type);
        for (int i = 0; i < leaves.Length; i++)
        {
            Value narrowed = leaves[i].Memory == value.Leaves[i].Type || leaves[i].Memory.IsPointer
                ? value.Leaves[i]
                : Emit(new Convert(value.Leaves[i], leaves[i].Memory));
            Emit(new Store(Emit(new PointerOffset(pointer, leaves[i].Offset)), narrowed, access));
        }
    }

    /// <summary>From its type in memory to its type on the stack.</summary>
    public Value Widen(Value value, Leaf leaf) =>
        leaf.Stack == leaf.Memory ? value : Emit(new Convert(value, leaf.Stack, leaf.Unsigned));

    /// <summary>The value as IL's stack makes it when it is stored in a place of the type: numbers narrowed or widened, structs as they are.</summary>
    public StackValue Coerce(StackValue value, Type type)
    {
        if (value.Known is not null)
        {
            return value;
        }
        Leaf[] leaves = TypeLayout.Of(type).Leaves;
        if (leaves.Length != value.Leaves.Length)
        {
            throw new RefusedException($"a {Names.Of(value.Type)} stands where a {Names.Of(type)} is needed");
        }
        Value[] values = new Value[leaves.Length];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = CoerceScalar(value.Leaves[i], leaves[i], value.Type != type);
        }
        return new StackValue(type, values);
    }

    /// <summary>All scalars zero.</summary>
    public static StackValue Zero(Type type) => new(type, [.. TypeLayout.Of(type).Leaves.Select(leaf => new Constant(leaf.Stack, 0))]);

    private Value CoerceScalar(Value value, Leaf leaf, bool narrows)
    {
        ScalarType type = leaf.Stack;
        if (value.Type != type && !(value.Type.IsPointer && type.IsPointer))
        {
            value = (value.Type, type) switch
            {
                ({ IsInteger: true }, { IsInteger: true }) => ToInteger(value, type),
                ({ IsFloat: true }, { IsFloat: true }) => Emit(new Convert(value, type)),
                ({ IsInteger: true }, { IsPointer: true }) => Emit(new Reinterpret(ToInteger(value, ScalarType.Int64, true), type)),
                ({ IsPointer: true }, { Kind: ScalarKind.Int64 }) => Emit(new Reinterpret(value, type)),
                _ => throw new RefusedException($"a value of type {value.Type} stands where {type} is needed"),
            };
        }
        return narrows && leaf.Memory != type ? Emit(new Convert(Emit(new Convert(value, leaf.Memory)), type, leaf.Unsigned)) : value;
    }

    /// <summary>Ends the block with a jump.</summary>
    public void Branch(BasicBlock target)
    {
        target.Predecessors.Add(Block!);
        End(new Branch(target));
    }

    /// <summary>Ends the block with a choice, or with a jump where the condition is known.</summary>
    public void Branch(Value condition, BasicBlock whenTrue, BasicBlock whenFalse)
    {
        if (condition is Constant known || whenTrue == whenFalse)
        {
            Branch(condition is Constant { Bits: 0 } ? whenFalse : whenTrue);
            return;
        }
        whenTrue.Predecessors.Add(Block!);
        whenFalse.Predecessors.Add(Block!);
        End(new ConditionalBranch(condition, whenTrue, whenFalse));
    }

    public void End(Terminator terminator)
    {
        terminator.Source = Location;
        Block!.Terminator = terminator;
        Block = null;
    }
}
