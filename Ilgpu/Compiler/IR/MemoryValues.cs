namespace Managed.Ilgpu.Compiler.IR;

/// <summary>Reads one scalar, or 2 or 4 neighbouring ones at once; then each is a <see cref="Result"/>.</summary>
internal sealed class Load(Value pointer, ScalarType element, int lanes = 1, MemoryAccess access = MemoryAccess.None)
    : Value(element, pointer)
{
    /// <summary>1, 2 or 4; above 1 the address is a multiple of lanes · size.</summary>
    public int Lanes { get; } = lanes;

    public MemoryAccess Access { get; } = access;

    public override bool HasEffect => (Access & MemoryAccess.Volatile) != 0;

    public override bool IsPure => false;

    public override string Describe() => $"load.{Type}" + (Lanes > 1 ? $"x{Lanes}" : "") + (Access == MemoryAccess.None ? "" : $" {Access}");
}

/// <summary>Writes one scalar, or 2 or 4 neighbouring ones at once. Operands: pointer, values.</summary>
internal sealed class Store : Value
{
    public Store(Value pointer, Value value, MemoryAccess access = MemoryAccess.None)
        : base(ScalarType.Void, pointer, value) => Access = access;

    public Store(Value pointer, IEnumerable<Value> values, MemoryAccess access = MemoryAccess.None)
        : base(ScalarType.Void, [pointer, .. values]) => Access = access;

    public int Lanes => Operands.Length - 1;

    public MemoryAccess Access { get; }

    public override bool HasEffect => true;

    public override string Describe() => "store" + (Lanes > 1 ? $"x{Lanes}" : "") + (Access == MemoryAccess.None ? "" : $" {Access}");
}

/// <summary>One of the results of a load of several lanes or of assembly with several outputs.</summary>
internal sealed class Result(Value source, int index, ScalarType type) : Value(type, source)
{
    public int Index { get; } = index;

    public override string Describe() => $"result {Index} of";
}

/// <summary>Memory of the group (shared, one for all threads) or of the thread (local). Belongs to no block; in <see cref="KernelFunction.Allocations"/>.</summary>
internal sealed class Allocation(AddressSpace space, long bytes, int alignment) : Value(ScalarType.PointerTo(space))
{
    public long Bytes { get; } = bytes;

    public int Alignment { get; } = alignment;

    public override bool IsPure => false;

    public override string Describe() => $"allocate {Bytes} bytes aligned {Alignment}";
}

/// <summary>The start of the shared memory whose size the launch gives; 16-byte aligned, the same for every use. Belongs to no block.</summary>
internal sealed class DynamicShared() : Value(ScalarType.PointerTo(AddressSpace.Shared))
{
    public override string Describe() => "dynamic-shared";
}

/// <summary>Where the thread is, Int32.</summary>
internal sealed class SpecialRegister(SpecialRegisterKind kind) : Value(ScalarType.Int32)
{
    public SpecialRegisterKind Kind { get; } = kind;

    public override string Describe() => $"register {Kind}";
}

/// <summary>All threads of the group or warp meet, and see each other's earlier writes; optionally reduces a predicate.</summary>
internal sealed class Barrier(BarrierKind kind, params Value[] predicate) : Value(ResultType(kind), predicate)
{
    public BarrierKind Kind { get; } = kind;

    public override bool HasEffect => true;

    public override string Describe() => $"barrier.{Kind}";

    private static ScalarType ResultType(BarrierKind kind) => kind switch
    {
        BarrierKind.Group or BarrierKind.Warp => ScalarType.Void,
        BarrierKind.GroupCount => ScalarType.Int32,
        _ => ScalarType.Bool,
    };
}

internal sealed class Fence(FenceScope scope) : Value(ScalarType.Void)
{
    public FenceScope Scope { get; } = scope;

    public override bool HasEffect => true;

    public override string Describe() => $"fence.{Scope}";
}

/// <summary>
/// A 32-bit value (Int32 or Float32) of another lane of the warp; the front end splits wider ones.
/// `width` (a power of two up to the warp size) makes sub-warps that do not look beyond themselves.
/// </summary>
internal sealed class Shuffle(ShuffleKind kind, Value value, Value lane, int width) : Value(value.Type, value, lane)
{
    public ShuffleKind Kind { get; } = kind;

    /// <summary>0 means the whole warp.</summary>
    public int Width { get; } = width;

    public override bool HasEffect => true;

    public override string Describe() => $"shuffle.{Kind} width {Width}";
}

/// <summary>Reads, combines and writes in one step; the result is the old value. Operands: pointer, value, then for CompareExchange the comparand.</summary>
internal sealed class Atomic(AtomicOp op, Value pointer, Value value, Value? comparand = null, bool unsigned = false)
    : Value(value.Type, comparand is null ? [pointer, value] : [pointer, value, comparand])
{
    public AtomicOp Op { get; } = op;

    public bool Unsigned { get; } = unsigned;

    public override bool HasEffect => true;

    public override string Describe() => $"atomic.{Op}" + (Unsigned ? ".un" : "");
}

/// <summary>
/// Text for the PTX assembler, with {0}, {1}, … for outputs first, then inputs. With several outputs each is a <see cref="Result"/>.
/// Pointer inputs are given in their own address space (shared: 32-bit). The OpenCL back end refuses it.
/// </summary>
internal sealed class InlineAssembly(string text, ScalarType[] outputs, Value[] inputs, int[]? ties = null)
    : Value(outputs.Length == 1 ? outputs[0] : ScalarType.Void, inputs)
{
    public string Text { get; } = text;

    public ScalarType[] Outputs { get; } = outputs;

    /// <summary>For each output the operand that its register holds before, or −1; null: none has one.</summary>
    public int[]? Ties { get; } = ties;

    public override bool HasEffect => true;

    public override string Describe() => $"asm \"{Text}\" -> ({string.Join(", ", Outputs)})";
}
