using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Ptx;

/// <summary>
/// Arithmetic, comparisons, selection. Floats always round explicitly (`.rn`): without it the assembler contracts a product and a sum
/// into one rounding. {0} is the width, {1} the signedness.
/// </summary>
internal static class PtxArithmetic
{
    private static readonly Dictionary<BinaryOp, string> s_integer = new()
    {
        [BinaryOp.Add] = "add.s{0}",
        [BinaryOp.Subtract] = "sub.s{0}",
        [BinaryOp.Multiply] = "mul.lo.s{0}",
        [BinaryOp.MultiplyHigh] = "mul.hi.{1}{0}",
        [BinaryOp.Divide] = "div.{1}{0}",
        [BinaryOp.Remainder] = "rem.{1}{0}",
        [BinaryOp.And] = "and.b{0}",
        [BinaryOp.Or] = "or.b{0}",
        [BinaryOp.Xor] = "xor.b{0}",
        [BinaryOp.ShiftLeft] = "shl.b{0}",
        [BinaryOp.ShiftRight] = "shr.{1}{0}",
        [BinaryOp.Min] = "min.{1}{0}",
        [BinaryOp.Max] = "max.{1}{0}",
    };

    private static readonly Dictionary<BinaryOp, string> s_float = new()
    {
        [BinaryOp.Add] = "add.rn.f{0}",
        [BinaryOp.Subtract] = "sub.rn.f{0}",
        [BinaryOp.Multiply] = "mul.rn.f{0}",
        [BinaryOp.Divide] = "div.rn.f{0}",
        [BinaryOp.Min] = "min.f{0}",
        [BinaryOp.Max] = "max.f{0}",
        [BinaryOp.CopySign] = "copysign.f{0}",
    };

    private static readonly Dictionary<BinaryOp, string> s_predicate = new()
    {
        [BinaryOp.And] = "and.pred",
        [BinaryOp.Or] = "or.pred",
        [BinaryOp.Xor] = "xor.pred",
    };

    private static readonly Dictionary<UnaryOp, string> s_unaryInteger = new()
    {
        [UnaryOp.Negate] = "neg.s{0}",
        [UnaryOp.Not] = "not.b{0}",
        [UnaryOp.Abs] = "abs.s{0}",
        [UnaryOp.PopCount] = "popc.b{0}",
        [UnaryOp.LeadingZeros] = "clz.b{0}",
        [UnaryOp.TrailingZeros] = "clz.b{0}",
        [UnaryOp.ReverseBits] = "brev.b{0}",
    };

    private static readonly Dictionary<UnaryOp, string> s_unaryFloat = new()
    {
        [UnaryOp.Negate] = "neg.f{0}",
        [UnaryOp.Abs] = "abs.f{0}",
        [UnaryOp.Sqrt] = "sqrt.rn.f{0}",
        [UnaryOp.Floor] = "cvt.rmi.f{0}.f{0}",
        [UnaryOp.Ceiling] = "cvt.rpi.f{0}.f{0}",
        [UnaryOp.Truncate] = "cvt.rzi.f{0}.f{0}",
        [UnaryOp.RoundEven] = "cvt.rni.f{0}.f{0}",
        [UnaryOp.IsInfinity] = "testp.infinite.f{0}",
        [UnaryOp.IsFinite] = "testp.finite.f{0}",
    };

    private static readonly Dictionary<UnaryOp, string> s_approximate = new()
    {
        [UnaryOp.Exp2Approximate] = "ex2.approx.f32",
        [UnaryOp.Log2Approximate] = "lg2.approx.f32",
        [UnaryOp.ReciprocalSqrtApproximate] = "rsqrt.approx.f32",
        [UnaryOp.ReciprocalApproximate] = "rcp.approx.f32",
    };

    /// <summary>Ordered name, then the unordered one, which holds where an operand is NaN. `ne` of floats would be false there.</summary>
    private static readonly Dictionary<CompareOp, (string Ordered, string Unordered)> s_compare = new()
    {
        [CompareOp.Equal] = ("eq", "eq"),
        [CompareOp.NotEqual] = ("neu", "neu"),
        [CompareOp.Less] = ("lt", "ltu"),
        [CompareOp.LessOrEqual] = ("le", "leu"),
        [CompareOp.Greater] = ("gt", "gtu"),
        [CompareOp.GreaterOrEqual] = ("ge", "geu"),
    };

    public static void Write(PtxWriter writer, Binary value) => writer.Bind(value, Compute(writer, value.Op, value.Unsigned, value.Type,
        Operand(writer, value.Operands[0], value.Unsigned),
        IsShift(value.Op) ? ShiftAmount(writer, value.Operands[1]) : Operand(writer, value.Operands[1], value.Unsigned), value));

    /// <summary>A binary operation on operands that are already written; also used inside loops of compare and swap.</summary>
    public static string Compute(PtxWriter writer, BinaryOp op, bool unsigned, ScalarType type, string left, string right, Value where)
    {
        if (Widened(type) is { } wide)
        {
            string result = Compute(writer, op, unsigned, wide, PtxConversions.Compute(writer, left, type, wide, unsigned, unsigned),
                IsShift(op) ? right : PtxConversions.Compute(writer, right, type, wide, unsigned, unsigned), where);
            return PtxConversions.Compute(writer, result, wide, type, unsigned, unsigned);
        }
        RegisterClass registerClass = PtxRegisters.ClassOf(type);
        Dictionary<BinaryOp, string> table = type.Kind == ScalarKind.Bool ? s_predicate : type.IsFloat ? s_float : s_integer;
        if (type.IsFloat && op == BinaryOp.Remainder)
        {
            return PtxFloatRemainder.Compute(writer, type, left, right);
        }
        if (!table.TryGetValue(op, out string? form))
        {
            throw writer.Refuse($"{op} of {type} does not exist.", where);
        }
        int width = PtxRegisters.Width(registerClass);
        string mnemonic = string.Format(null, form, width, unsigned ? "u" : "s");
        if (type.IsFloat && (op is BinaryOp.Min or BinaryOp.Max))
        {
            return MinMax(writer, mnemonic, width, registerClass, left, right);
        }
        return op == BinaryOp.CopySign
            ? writer.Compute(registerClass, mnemonic, right, left) // the first source gives the sign
            : writer.Compute(registerClass, mnemonic, left, right);
    }

    public static void Write(PtxWriter writer, Unary value)
    {
        ScalarType type = value.Operands[0].Type;
        string operand = Operand(writer, value.Operands[0], false);
        if (Widened(type) is { } wide)
        {
            operand = PtxConversions.Compute(writer, operand, type, wide, false, false);
        }
        string result = Compute(writer, value, wide: Widened(type) ?? type, operand);
        bool narrow = Widened(type) is not null && value.Type == type;
        writer.Bind(value, narrow ? PtxConversions.Compute(writer, result, Widened(type)!.Value, type, false, false) : result);
    }

    public static void Write(PtxWriter writer, FusedMultiplyAdd value) => writer.Write($"fma.rn.f{value.Type.Size * 8}", writer.Define(value),
        writer.Operand(value.Operands[0], Literal.Float), writer.Operand(value.Operands[1], Literal.Float), writer.Operand(value.Operands[2], Literal.Float));

    public static void Write(PtxWriter writer, Compare value)
    {
        ScalarType type = value.Operands[0].Type;
        string left = Operand(writer, value.Operands[0], value.Unsigned), right = Operand(writer, value.Operands[1], value.Unsigned);
        if (type.Kind == ScalarKind.Bool)
        {
            string differs = writer.Compute(RegisterClass.Predicate, "xor.pred", left, right);
            writer.Bind(value, value.Op switch
            {
                CompareOp.NotEqual => differs,
                CompareOp.Equal => writer.Compute(RegisterClass.Predicate, "not.pred", differs),
                _ => throw writer.Refuse($"{value.Op} of predicates does not exist.", value),
            });
            return;
        }
        if (Widened(type) is { } wide)
        {
            left = PtxConversions.Compute(writer, left, type, wide, value.Unsigned, value.Unsigned);
            right = PtxConversions.Compute(writer, right, type, wide, value.Unsigned, value.Unsigned);
            type = wide;
        }
        (string ordered, string unordered) = s_compare[value.Op];
        string comparison = value.Unordered && type.IsFloat ? unordered : value.Op == CompareOp.NotEqual && !type.IsFloat ? "ne" : ordered;
        string kind = type.IsFloat ? "f" : value.Unsigned || type.IsPointer ? "u" : "s";
        writer.Write($"setp.{comparison}.{kind}{PtxRegisters.Width(PtxRegisters.ClassOf(type))}", writer.Define(value), left, right);
    }

    public static void Write(PtxWriter writer, Select value)
    {
        string condition = writer.Register(value.Operands[0]);
        if (value.Type.Kind == ScalarKind.Bool)
        {
            string yes = writer.Compute(RegisterClass.Predicate, "and.pred", condition, writer.Register(value.Operands[1]));
            string not = writer.Compute(RegisterClass.Predicate, "not.pred", condition);
            string no = writer.Compute(RegisterClass.Predicate, "and.pred", not, writer.Register(value.Operands[2]));
            writer.Write("or.pred", writer.Define(value), yes, no);
            return;
        }
        bool isFloat = value.Type.Kind is ScalarKind.Float32 or ScalarKind.Float64;
        Literal literal = isFloat ? Literal.Float : Literal.Signed;
        writer.Write($"selp.{(isFloat ? "f" : "b")}{PtxRegisters.Width(PtxRegisters.ClassOf(value.Type))}", writer.Define(value),
            writer.Operand(value.Operands[1], literal), writer.Operand(value.Operands[2], literal), condition);
    }

    /// <summary>8- and 16-bit values are computed with in 32 bits, halves in Float32; null for all others.</summary>
    private static ScalarType? Widened(ScalarType type) => type.Kind switch
    {
        ScalarKind.Int8 or ScalarKind.Int16 => ScalarType.Int32,
        ScalarKind.Float16 => ScalarType.Float32,
        _ => null,
    };

    private static string Operand(PtxWriter writer, Value value, bool unsigned) => Widened(value.Type) is not null
        ? writer.Register(value)
        : writer.Operand(value, value.Type.IsFloat ? Literal.Float : unsigned ? Literal.Unsigned : Literal.Signed);

    private static bool IsShift(BinaryOp op) => op is BinaryOp.ShiftLeft or BinaryOp.ShiftRight;

    /// <summary>The hardware takes 32 bits of the amount, whatever is shifted.</summary>
    private static string ShiftAmount(PtxWriter writer, Value amount) => amount.Type.Kind == ScalarKind.Int64
        ? writer.Compute(RegisterClass.Bits32, "cvt.u32.u64", writer.Register(amount))
        : writer.Operand(amount, Literal.Unsigned);

    private static string Compute(PtxWriter writer, Unary value, ScalarType wide, string operand)
    {
        if (wide.Kind == ScalarKind.Bool)
        {
            return value.Op == UnaryOp.Not
                ? writer.Compute(RegisterClass.Predicate, "not.pred", operand)
                : throw writer.Refuse($"{value.Op} of a predicate does not exist.", value);
        }
        RegisterClass registerClass = PtxRegisters.ClassOf(wide);
        int width = PtxRegisters.Width(registerClass);
        switch (value.Op)
        {
            case UnaryOp.IsNaN:
                return writer.Compute(RegisterClass.Predicate, $"setp.nan.f{width}", operand, operand);
            case UnaryOp.TrailingZeros:
                operand = writer.Compute(registerClass, $"brev.b{width}", operand);
                break;
            case UnaryOp.TanhApproximate when writer.Target.Architecture < 75:
                return TanhWithoutInstruction(writer, operand);
            case UnaryOp.TanhApproximate:
                writer.Require(70, 75, "tanh.approx", value);
                return writer.Compute(registerClass, "tanh.approx.f32", operand);
        }
        string? form = s_approximate.GetValueOrDefault(value.Op);
        if (form is not null && wide.Kind != ScalarKind.Float32)
        {
            throw writer.Refuse($"{value.Op} exists for Float32 only, not for {wide}.", value);
        }
        form ??= (wide.IsFloat ? s_unaryFloat : s_unaryInteger).GetValueOrDefault(value.Op)
            ?? throw writer.Refuse($"{value.Op} of {wide} does not exist.", value);
        return writer.Compute(PtxRegisters.ClassOf(value.Type.Kind == ScalarKind.Float16 ? wide : ResultType(value, wide)),
            string.Format(null, form, width), operand);
    }

    private static ScalarType ResultType(Unary value, ScalarType wide) => value.Type == value.Operands[0].Type ? wide : value.Type;

    /// <summary>C#'s Min and Max give NaN where an operand is NaN; the plain instruction gives the other operand.</summary>
    private static string MinMax(PtxWriter writer, string mnemonic, int width, RegisterClass registerClass, string left, string right)
    {
        if (width == 32 && writer.Target.Architecture >= 80)
        {
            writer.Require(70, 80, mnemonic);
            return writer.Compute(registerClass, mnemonic.Replace(".f32", ".NaN.f32"), left, right);
        }
        string number = writer.Compute(registerClass, mnemonic, left, right);
        string isNaN = writer.Compute(RegisterClass.Predicate, $"setp.nan.f{width}", left, right);
        return writer.Compute(registerClass, $"selp.f{width}", width == 32 ? "0f7FFFFFFF" : "0d7FF8000000000000", number, isNaN);
    }

    /// <summary>tanh x = 1 − 2 / (e^2x + 1), with the hardware's 2^x.</summary>
    private static string TanhWithoutInstruction(PtxWriter writer, string operand)
    {
        string power = writer.Compute(RegisterClass.Bits32, "mul.rn.f32", operand, "0f4038AA3B"); // 2 log2 e
        string exponential = writer.Compute(RegisterClass.Bits32, "ex2.approx.f32", power);
        string denominator = writer.Compute(RegisterClass.Bits32, "add.rn.f32", exponential, "0f3F800000");
        string reciprocal = writer.Compute(RegisterClass.Bits32, "rcp.approx.f32", denominator);
        return writer.Compute(RegisterClass.Bits32, "fma.rn.f32", reciprocal, "0fC0000000", "0f3F800000");
    }
}
