namespace Managed.Ilgpu.Compiler.IR;

/// <summary>Operations of two operands of one type, whose type the result has (shift amounts are Int32).</summary>
internal enum BinaryOp
{
    Add,
    Subtract,
    Multiply,
    /// <summary>The upper half of the double-width product; integers only.</summary>
    MultiplyHigh,
    /// <summary>Integers truncate toward zero; a zero divisor gives an unspecified value, never a fault.</summary>
    Divide,
    /// <summary>Sign of the dividend; for floats C#'s % (IEEE fmod).</summary>
    Remainder,
    And,
    Or,
    Xor,
    /// <summary>The amount is below the width (IL code masks it).</summary>
    ShiftLeft,
    /// <inheritdoc cref="ShiftLeft"/>
    ShiftRight,
    /// <summary>Floats: Math.Min, which propagates NaN and puts −0 below +0.</summary>
    Min,
    /// <summary>Floats: Math.Max, which propagates NaN and puts −0 below +0.</summary>
    Max,
    /// <summary>Magnitude of the left operand, sign of the right one; floats only.</summary>
    CopySign,
}

/// <summary>Operations of one operand, whose type the result has.</summary>
internal enum UnaryOp
{
    Negate,
    /// <summary>Bitwise complement; of a predicate, its negation.</summary>
    Not,
    Abs,
    /// <summary>Result is Int32 for both widths, as for the next two.</summary>
    PopCount,
    /// <summary>The width for 0.</summary>
    LeadingZeros,
    /// <summary>The width for 0.</summary>
    TrailingZeros,
    ReverseBits,
    /// <summary>Correctly rounded, as all arithmetic that is not marked approximate.</summary>
    Sqrt,
    Floor,
    Ceiling,
    Truncate,
    /// <summary>To the nearest integer, halves to even.</summary>
    RoundEven,
    /// <summary>Float32, at most 2 ulp: the hardware's 2^x. Devices without one compute it to the same bound.</summary>
    Exp2Approximate,
    /// <summary>Float32: the hardware's log2.</summary>
    Log2Approximate,
    /// <summary>Float32: 1/√x to 2 ulp.</summary>
    ReciprocalSqrtApproximate,
    /// <summary>Float32: 1/x to 1 ulp.</summary>
    ReciprocalApproximate,
    /// <summary>Float32: absolute error near 2⁻¹¹.</summary>
    TanhApproximate,
    IsNaN,
    IsInfinity,
    IsFinite,
}

internal enum CompareOp
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

internal enum SpecialRegisterKind
{
    ThreadX, ThreadY, ThreadZ,
    GroupDimensionX, GroupDimensionY, GroupDimensionZ,
    GroupX, GroupY, GroupZ,
    GridDimensionX, GridDimensionY, GridDimensionZ,
    /// <summary>Position in the warp, 0 … WarpSize − 1.</summary>
    Lane,
    WarpSize,
    /// <summary>Bytes of dynamic shared memory given at launch.</summary>
    DynamicSharedBytes,
}

internal enum BarrierKind
{
    Group,
    Warp,
    /// <summary>Barrier that gives each thread the number of threads (Int32) whose predicate was true.</summary>
    GroupCount,
    /// <summary>Barrier that gives each thread (Bool) whether the predicate was true in all threads.</summary>
    GroupAnd,
    /// <summary>Barrier that gives each thread (Bool) whether the predicate was true in any thread.</summary>
    GroupOr,
}

internal enum FenceScope
{
    Group,
    Device,
    System,
}

internal enum ShuffleKind
{
    /// <summary>The value of the lane named.</summary>
    Index,
    /// <summary>The value of lane − delta; a lane without such a source keeps its own.</summary>
    Up,
    /// <summary>The value of lane + delta.</summary>
    Down,
    /// <summary>The value of lane xor mask.</summary>
    Xor,
}

/// <summary>Each returns the value that stood there before.</summary>
internal enum AtomicOp
{
    Exchange,
    CompareExchange,
    Add,
    And,
    Or,
    Xor,
    Min,
    Max,
}

/// <summary>What is known of an access beside its type.</summary>
[Flags]
internal enum MemoryAccess : byte
{
    None = 0,
    /// <summary>Not merged, not moved, not removed.</summary>
    Volatile = 1,
    /// <summary>Global memory that no thread of this launch writes: the read-only path may serve it.</summary>
    ReadOnly = 2,
    /// <summary>Read or written once: need not stay in the caches.</summary>
    Streaming = 4,
}
