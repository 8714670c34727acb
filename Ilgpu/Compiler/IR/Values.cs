using System.Globalization;

namespace Managed.Ilgpu.Compiler.IR;

/// <summary>A number known at compile time; belongs to no block. Floats by their bits.</summary>
internal sealed class Constant(ScalarType type, long bits) : Value(type)
{
    public long Bits { get; } = bits;

    public static Constant Int32(int value) => new(ScalarType.Int32, value);

    public static Constant Int64(long value) => new(ScalarType.Int64, value);

    public static Constant Bool(bool value) => new(ScalarType.Bool, value ? 1 : 0);

    public static Constant Float32(float value) => new(ScalarType.Float32, BitConverter.SingleToInt32Bits(value));

    public static Constant Float64(double value) => new(ScalarType.Float64, BitConverter.DoubleToInt64Bits(value));

    public float AsSingle => BitConverter.Int32BitsToSingle((int)Bits);

    public double AsDouble => BitConverter.Int64BitsToDouble(Bits);

    public override string Describe() => Type.Kind switch
    {
        ScalarKind.Float32 => AsSingle.ToString("R", CultureInfo.InvariantCulture) + "f",
        ScalarKind.Float64 => AsDouble.ToString("R", CultureInfo.InvariantCulture) + "d",
        ScalarKind.Int64 => Bits.ToString(CultureInfo.InvariantCulture) + "L",
        _ => Bits.ToString(CultureInfo.InvariantCulture),
    };
}

/// <summary>A scalar of the kernel's parameters; belongs to no block. See <see cref="KernelFunction.Parameters"/>.</summary>
internal sealed class Parameter(ScalarType type, int index, string name) : Value(type)
{
    /// <summary>Position among the kernel's flat scalar parameters.</summary>
    public int Index { get; } = index;

    /// <summary>For reading: the C# parameter and the path of fields, e.g. "weights.Length".</summary>
    public string Name { get; } = name;

    /// <summary>For the pointer of a view: the largest power of two, up to 16, of which an element's size is a multiple.</summary>
    public int ElementAlignment { get; init; } = 1;

    /// <summary>The launch must give a pointer that is a multiple of this: vector accesses rely on it. At most <see cref="ElementAlignment"/>.</summary>
    public int RequiredAlignment { get; internal set; } = 1;

    public override string Describe() => $"parameter {Name}";
}

/// <summary>One of several values, chosen by the block that control comes from. Operand i belongs to predecessor i of its block.</summary>
internal sealed class Phi(ScalarType type, params Value[] operands) : Value(type, operands)
{
    public override string Describe() => "phi";

    /// <summary>A phi stands for its block: never merged by its operands alone.</summary>
    public override bool IsPure => false;
}

internal sealed class Binary(BinaryOp op, Value left, Value right, bool unsigned = false) : Value(left.Type, left, right)
{
    public BinaryOp Op { get; } = op;

    /// <summary>Meaningful for MultiplyHigh, Divide, Remainder, ShiftRight, Min, Max of integers.</summary>
    public bool Unsigned { get; } = unsigned;

    public override string Describe() => Op.ToString().ToLowerInvariant() + (Unsigned ? ".un" : "");
}

internal sealed class Unary(UnaryOp op, Value operand) : Value(ResultType(op, operand.Type), operand)
{
    public UnaryOp Op { get; } = op;

    public override string Describe() => Op.ToString().ToLowerInvariant();

    private static ScalarType ResultType(UnaryOp op, ScalarType operand) => op switch
    {
        UnaryOp.PopCount or UnaryOp.LeadingZeros or UnaryOp.TrailingZeros => ScalarType.Int32,
        UnaryOp.IsNaN or UnaryOp.IsInfinity or UnaryOp.IsFinite => ScalarType.Bool,
        _ => operand,
    };
}

/// <summary>a · b + c, rounded once. Only made where the source asks for it: contraction would change results.</summary>
internal sealed class FusedMultiplyAdd(Value a, Value b, Value c) : Value(a.Type, a, b, c)
{
    public override string Describe() => "fma";
}

/// <summary>Bool: the comparison of two values of one type. NotEqual of floats is true for NaN, as C#'s.</summary>
internal sealed class Compare(CompareOp op, Value left, Value right, bool unsigned = false, bool unordered = false)
    : Value(ScalarType.Bool, left, right)
{
    public CompareOp Op { get; } = op;

    /// <summary>Integers and pointers.</summary>
    public bool Unsigned { get; } = unsigned;

    /// <summary>Floats: true where an operand is NaN (IL's .un). NotEqual is unordered always, Equal never.</summary>
    public bool Unordered { get; } = unordered;

    public override string Describe() => $"compare.{Op.ToString().ToLowerInvariant()}" + (Unsigned ? ".un" : "") + (Unordered ? ".unordered" : "");
}

/// <summary>condition ? whenTrue : whenFalse, both computed.</summary>
internal sealed class Select(Value condition, Value whenTrue, Value whenFalse) : Value(whenTrue.Type, condition, whenTrue, whenFalse)
{
    public override string Describe() => "select";
}

/// <summary>
/// A number in another type. Between integers: truncation, or extension by the source's signedness. Bool is 0 or 1.
/// Integer to float and float to float round to nearest even; float to integer truncates, saturates, and makes NaN 0 (C# since .NET 9).
/// </summary>
internal sealed class Convert(Value value, ScalarType target, bool sourceUnsigned = false, bool targetUnsigned = false) : Value(target, value)
{
    public bool SourceUnsigned { get; } = sourceUnsigned;

    public bool TargetUnsigned { get; } = targetUnsigned;

    public override string Describe() => $"convert.{Operands[0].Type}.{Type}" + (SourceUnsigned ? ".from-un" : "") + (TargetUnsigned ? ".to-un" : "");
}

/// <summary>The same bits as another type of the same size: Float32 and Int32, Float64 and Int64, Float16 and Int16, pointer and Int64.</summary>
internal sealed class Reinterpret(Value value, ScalarType target) : Value(target, value)
{
    public override string Describe() => $"reinterpret.{Type}";
}

/// <summary>A pointer in another address space.</summary>
internal sealed class CastSpace(Value pointer, AddressSpace space) : Value(ScalarType.PointerTo(space), pointer)
{
    public override string Describe() => $"cast-space.{Type.Space}";
}

/// <summary>The same pointer, of which the program says that it is a multiple of so many bytes.</summary>
internal sealed class AlignedPointer(Value pointer, int bytes) : Value(pointer.Type, pointer)
{
    /// <summary>A power of two.</summary>
    public int Bytes { get; } = bytes;

    public override string Describe() => $"aligned {Bytes}";
}

/// <summary>pointer + index · scale + displacement, in bytes; the index (Int32 or Int64) is sign-extended, or absent.</summary>
internal sealed class PointerOffset : Value
{
    public PointerOffset(Value pointer, Value index, int scale, long displacement = 0)
        : base(pointer.Type, pointer, index) => (Scale, Displacement) = (scale, displacement);

    public PointerOffset(Value pointer, long displacement)
        : base(pointer.Type, pointer) => Displacement = displacement;

    public bool HasIndex => Operands.Length == 2;

    /// <summary>Bytes per step of the index.</summary>
    public int Scale { get; }

    public long Displacement { get; }

    public override string Describe() => $"offset scale {Scale} + {Displacement}";
}
