namespace Managed.Tests.Ptx;

/// <summary>Executes one operation for the lanes of a mask.</summary>
internal delegate void Execute(Warp warp, Operation operation, uint mask);

/// <summary>What the scheduler has to know of an operation.</summary>
internal enum OperationKind
{
    /// <summary>Runs for the active lanes and goes on.</summary>
    Plain,
    Branch,
    IndexedBranch,

    /// <summary>Runs, then lets other warps have their turn.</summary>
    Pause,
    Exit,

    /// <summary>The lanes of a member mask meet first; then Run sees all of them.</summary>
    WarpSync,

    /// <summary>All lanes of a warp meet first.</summary>
    WarpAligned,

    /// <summary>The threads of a block meet.</summary>
    Barrier,
}

/// <summary>Where an address points. Generic addresses say it themselves by their window.</summary>
internal enum MemorySpace { Generic, Global, Shared, Local, Const, EntryParameter }

/// <summary>How memory is touched.</summary>
[Flags]
internal enum Access
{
    None = 0,
    Read = 1,
    Write = 2,

    /// <summary>Through the read-only path (.nc): nobody may write the bytes during the launch.</summary>
    NonCoherent = 4,

    /// <summary>Atomic, volatile or relaxed: no race among each other.</summary>
    Strong = 8,

    Acquire = 16,
    Release = 32,
}

/// <summary>What an instruction is counted as.</summary>
internal enum InstructionClass { Integer, Float, Convert, Move, Compare, Load, Store, Atomic, Control, WarpWide, Barrier, AsyncCopy, Matrix }

/// <summary>An instruction with every operand resolved to register slots; predicates have slots of their own.</summary>
internal sealed class Operation(int line, string source)
{
    public int Line { get; } = line;

    public string Source { get; } = source;

    public Execute Run = (_, _, _) => { };

    public OperationKind Kind;

    public InstructionClass Class;

    /// <summary>Predicate slot that guards, or -1; lanes run where the predicate differs from GuardFlip's bit.</summary>
    public int Guard = -1;

    public uint GuardFlip;

    /// <summary>Slots of all operands in order, vectors taken apart.</summary>
    public int[] Slots = [];

    /// <summary>The first slots, as most operations name them.</summary>
    public int D, A, B, C;

    /// <summary>Bit i: the predicate in Slots[i] is negated.</summary>
    public uint Negated;

    /// <summary>Operands given as literals that are no values (sizes, counts, tables).</summary>
    public long[] Literals = [];

    /// <summary>Bytes added to the first and second address.</summary>
    public long[] Offsets = [];

    /// <summary>Register and predicate slots that must have been written, and those that become so.</summary>
    public int[] Reads = [], Writes = [], PredicateReads = [], PredicateWrites = [];

    /// <summary>The branch promises that the threads of a warp go the same way.</summary>
    public bool IsUniform;

    /// <summary>Branch targets as indices of operations.</summary>
    public int[] Targets = [];

    /// <summary>The accessed type, elements of a vector, and state space of a memory operation.</summary>
    public int Bytes, Count = 1;

    public MemorySpace Space;

    public Access Access;

    /// <summary>Addresses are taken modulo this plus one: 32 or 64 bits, for the first and second address.</summary>
    public ulong[] AddressMasks = [];

    /// <summary>Settings particular to one kind of instruction.</summary>
    public object? Data;

    /// <summary>The region of global memory found last.</summary>
    public MemoryRegion? LastRegion;

    public PtxException Error(string problem) => new(Line, Source, problem);
}
