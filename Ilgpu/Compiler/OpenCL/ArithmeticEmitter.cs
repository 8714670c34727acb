using Managed.Ilgpu.Compiler.IR;
using Convert = Managed.Ilgpu.Compiler.IR.Convert;

namespace Managed.Ilgpu.Compiler.OpenCL;

/// <summary>Values without memory: arithmetic, comparisons, conversions, registers.</summary>
internal static class ArithmeticEmitter
{
    public static string Expression(OpenCLWriter writer, Value value) => value switch
    {
        Binary binary => Binary(writer, binary),
        Unary unary => Unary(writer, unary),
        FusedMultiplyAdd => $"fma({writer.Use(value.Operands[0])}, {writer.Use(value.Operands[1])}, {writer.Use(value.Operands[2])})",
        Compare compare => Compare(writer, compare),
        Select => $"{writer.Use(value.Operands[0])} ? {writer.Use(value.Operands[1])} : {writer.Use(value.Operands[2])}",
        Convert convert => ConversionEmitter.Convert(writer, convert),
        Reinterpret => ConversionEmitter.Reinterpret(writer, value.Operands[0], value.Type),
        SpecialRegister register => Register(register.Kind),
        _ => throw writer.Refuse(value, $"the OpenCL back end does not know the operation {value.Describe()}."),
    };

    private static string Binary(OpenCLWriter writer, Binary value)
    {
        (Value left, Value right, ScalarType type) = (value.Operands[0], value.Operands[1], value.Type);
        string a = writer.Use(left), b = writer.Use(right);
        bool isFloat = type.IsFloat;
        return value.Op switch
        {
            BinaryOp.Add => $"{a} + {b}",
            BinaryOp.Subtract => $"{a} - {b}",
            BinaryOp.Multiply => $"{a} * {b}",
            BinaryOp.MultiplyHigh when value.Unsigned => $"mul_hi({a}, {b})",
            BinaryOp.MultiplyHigh => $"mul_hi({writer.UseSigned(left)}, {writer.UseSigned(right)})",
            BinaryOp.Divide when isFloat => FloatDivide(writer, type, a, b),
            BinaryOp.Divide => IntegerDivide(writer, value, "/"),
            BinaryOp.Remainder when isFloat => $"fmod({a}, {b})",
            BinaryOp.Remainder => IntegerDivide(writer, value, "%"),
            BinaryOp.And => $"{a} & {b}",
            BinaryOp.Or => $"{a} | {b}",
            BinaryOp.Xor => type == ScalarType.Bool ? $"{a} != {b}" : $"{a} ^ {b}",
            BinaryOp.ShiftLeft => $"{a} << ({b} & {type.Size * 8 - 1}u)",
            BinaryOp.ShiftRight when value.Unsigned => $"{a} >> ({b} & {type.Size * 8 - 1}u)",
            BinaryOp.ShiftRight => $"{writer.UseSigned(left)} >> ({b} & {type.Size * 8 - 1}u)",
            BinaryOp.Min or BinaryOp.Max => MinMax(writer, value.Op, type, value.Unsigned, a, b),
            BinaryOp.CopySign => $"copysign({a}, {b})",
            _ => throw writer.Refuse(value, $"the OpenCL back end does not know the operation {value.Describe()}."),
        };
    }

    /// <summary>C leaves division by zero and the overflow of MinValue / −1 undefined, and a CPU device traps on both.</summary>
    private static string IntegerDivide(OpenCLWriter writer, Binary value, string op)
    {
        string type = OpenCLTypes.Register(value.Type), signed = OpenCLTypes.Signed(value.Type);
        string a = writer.Use(value.Operands[0]), b = writer.Use(value.Operands[1]);
        long divisor = value.Operands[1] is not Constant constant ? 0 : value.Type == ScalarType.Int32 ? (int)constant.Bits : constant.Bits;
        if (divisor is not (0 or -1))
        {
            return value.Unsigned ? $"{a} {op} {b}" : $"{writer.UseSigned(value.Operands[0])} {op} {writer.UseSigned(value.Operands[1])}";
        }
        string name = (op == "/" ? "divide_" : "remainder_") + (value.Unsigned ? type : signed);
        string overflow = op == "/" ? "0 - a" : "0";
        writer.Function(name, () => value.Unsigned
            ? $"static inline {type} {name}({type} a, {type} b) {{ return b == 0 ? 0 : a {op} b; }}"
            : $"static inline {type} {name}({type} a, {type} b) {{ return b == 0 ? 0 : b == ({type})-1 ? {overflow} : ({type})(({signed})a {op} ({signed})b); }}");
        return $"{name}({a}, {b})";
    }

    private static string FloatDivide(OpenCLWriter writer, ScalarType type, string a, string b) =>
        type == ScalarType.Float32 && !writer.Target.CorrectlyRoundedDivideSqrt && writer.Target.HasFloat64
            ? $"(float)((double){a} / (double){b})"
            : $"{a} / {b}";

    /// <summary>The lesser or greater of two numbers; for floats as Math.Min and Math.Max.</summary>
    public static string MinMax(OpenCLWriter writer, BinaryOp op, ScalarType type, bool unsigned, string a, string b)
    {
        if (!type.IsFloat)
        {
            string call = op == BinaryOp.Min ? "min" : "max", signed = OpenCLTypes.Signed(type);
            return unsigned ? $"{call}({a}, {b})" : $"{call}(({signed}){a}, ({signed}){b})";
        }
        string register = OpenCLTypes.Register(type), bits = type.Size == 4 ? "uint" : "ulong";
        (string verb, string relation, string negative) = op == BinaryOp.Min ? ("min", "<", "a : b") : ("max", ">", "b : a");
        string name = $"{verb}_{register}";
        return writer.Function(name, () =>
            $"static inline {register} {name}({register} a, {register} b)"
            + $" {{ return a != b ? (a {relation} b || a != a ? a : b) : (as_{bits}(a) >> {type.Size * 8 - 1} ? {negative}); }}") + $"({a}, {b})";
    }

    private static string Unary(OpenCLWriter writer, Unary value)
    {
        Value operand = value.Operands[0];
        ScalarType type = operand.Type;
        string a = writer.Use(operand), register = OpenCLTypes.Register(type);
        bool wide = type.Size == 8;
        return value.Op switch
        {
            UnaryOp.Negate when type.IsFloat => $"-{a}",
            UnaryOp.Negate => $"0 - {a}",
            UnaryOp.Not => type == ScalarType.Bool ? $"!{a}" : $"~{a}",
            UnaryOp.Abs when type.IsFloat => $"fabs({a})",
            UnaryOp.Abs => $"abs({writer.UseSigned(operand)})",
            UnaryOp.PopCount => $"popcount({a})",
            UnaryOp.LeadingZeros => $"clz({a})",
            UnaryOp.TrailingZeros => writer.Function($"trailing_zeros_{register}", () =>
                $"static inline uint trailing_zeros_{register}({register} a) {{ return popcount(~a & (a - 1)); }}") + $"({a})",
            UnaryOp.ReverseBits => ReverseBits(writer, register, type.Size * 8) + $"({a})",
            UnaryOp.Sqrt when !wide && !writer.Target.CorrectlyRoundedDivideSqrt && writer.Target.HasFloat64 => $"(float)sqrt((double){a})",
            UnaryOp.Sqrt => $"sqrt({a})",
            UnaryOp.Floor => $"floor({a})",
            UnaryOp.Ceiling => $"ceil({a})",
            UnaryOp.Truncate => $"trunc({a})",
            UnaryOp.RoundEven => $"rint({a})",
            UnaryOp.Exp2Approximate => $"exp2({a})",
            UnaryOp.Log2Approximate => $"log2({a})",
            UnaryOp.ReciprocalSqrtApproximate => $"rsqrt({a})",
            UnaryOp.ReciprocalApproximate => $"1.0f / {a}",
            UnaryOp.TanhApproximate => $"tanh({a})",
            UnaryOp.IsNaN => $"{a} != {a}",
            UnaryOp.IsInfinity => $"fabs({a}) == INFINITY",
            UnaryOp.IsFinite => $"fabs({a}) < INFINITY",
            _ => throw writer.Refuse(value, $"the OpenCL back end does not know the operation {value.Describe()}."),
        };
    }

    private static string ReverseBits(OpenCLWriter writer, string register, int width)
    {
        string name = $"reverse_bits_{register}", suffix = width == 64 ? "ul" : "u";
        return writer.Function(name, () =>
        {
            string text = $"static inline {register} {name}({register} a)\n{{\n";
            foreach ((int shift, ulong mask) in (ReadOnlySpan<(int, ulong)>)[(1, 0x5555555555555555), (2, 0x3333333333333333),
                (4, 0x0f0f0f0f0f0f0f0f), (8, 0x00ff00ff00ff00ff), (16, 0x0000ffff0000ffff)])
            {
                string kept = $"0x{(width == 64 ? mask : (uint)mask):x}{suffix}";
                text += $"    a = ((a >> {shift}) & {kept}) | ((a & {kept}) << {shift});\n";
            }
            return text + (width == 64 ? "    return (a >> 32) | (a << 32);\n}" : "    return a;\n}");
        });
    }

    private static string Compare(OpenCLWriter writer, Compare value)
    {
        (Value left, Value right) = (value.Operands[0], value.Operands[1]);
        ScalarType type = left.Type;
        (string op, string opposite) = value.Op switch
        {
            CompareOp.Equal => ("==", "!="),
            CompareOp.NotEqual => ("!=", "=="),
            CompareOp.Less => ("<", ">="),
            CompareOp.LessOrEqual => ("<=", ">"),
            CompareOp.Greater => (">", "<="),
            _ => (">=", "<"),
        };
        bool equality = value.Op is CompareOp.Equal or CompareOp.NotEqual;
        if (type.IsPointer)
        {
            return $"(size_t){writer.Use(left)} {op} (size_t){writer.Use(right)}";
        }
        if (type.IsFloat)
        {
            string a = writer.Use(left), b = writer.Use(right);
            return value.Unordered && !equality ? $"!({a} {opposite} {b})" : $"{a} {op} {b}";
        }
        return equality || value.Unsigned || type == ScalarType.Bool
            ? $"{writer.Use(left)} {op} {writer.Use(right)}"
            : $"{writer.UseSigned(left)} {op} {writer.UseSigned(right)}";
    }

    private static string Register(SpecialRegisterKind kind) => kind switch
    {
        SpecialRegisterKind.ThreadX => "get_local_id(0)",
        SpecialRegisterKind.ThreadY => "get_local_id(1)",
        SpecialRegisterKind.ThreadZ => "get_local_id(2)",
        SpecialRegisterKind.GroupDimensionX => "get_local_size(0)",
        SpecialRegisterKind.GroupDimensionY => "get_local_size(1)",
        SpecialRegisterKind.GroupDimensionZ => "get_local_size(2)",
        SpecialRegisterKind.GroupX => "get_group_id(0)",
        SpecialRegisterKind.GroupY => "get_group_id(1)",
        SpecialRegisterKind.GroupZ => "get_group_id(2)",
        SpecialRegisterKind.GridDimensionX => "get_num_groups(0)",
        SpecialRegisterKind.GridDimensionY => "get_num_groups(1)",
        SpecialRegisterKind.GridDimensionZ => "get_num_groups(2)",
        SpecialRegisterKind.Lane => $"{WarpEmitter.LinearThread} & {OpenCLTarget.WarpSize - 1}u",
        SpecialRegisterKind.WarpSize => $"{OpenCLTarget.WarpSize}u",
        SpecialRegisterKind.DynamicSharedBytes => "dynamic_shared_bytes",
        _ => throw new InvalidOperationException($"Unknown register {kind}."),
    };
}
