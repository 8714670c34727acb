using System.Numerics;
using Managed.Ilgpu.Compiler.IR;
using Convert = Managed.Ilgpu.Compiler.IR.Convert;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>Computes operations whose operands are constants, with C#'s results to the bit.</summary>
internal static class ConstantFolding
{
    /// <summary>The constant that a value always is, or null. Division by zero stays what it is.</summary>
    public static Constant? Evaluate(Value value)
    {
        foreach (Value operand in value.Operands)
        {
            if (operand is not Constant)
            {
                return null;
            }
        }
        Constant At(int index) => (Constant)value.Operands[index];
        return value switch
        {
            Binary binary => Evaluate(binary, At(0), At(1)),
            Unary unary => Evaluate(unary.Op, At(0)),
            FusedMultiplyAdd => Fused(At(0), At(1), At(2)),
            Compare compare => Constant.Bool(Holds(compare, At(0), At(1))),
            Select => At(0).Bits != 0 ? At(1) : At(2),
            Convert convert => Evaluate(convert, At(0)),
            Reinterpret => Make(value.Type, At(0).Bits),
            CastSpace => Make(value.Type, At(0).Bits),
            PointerOffset offset => Make(value.Type, At(0).Bits + offset.Displacement + (offset.HasIndex ? At(1).Bits * offset.Scale : 0)),
            _ => null,
        };
    }

    /// <summary>A constant with its bits in the form that all constants of the type have: integers sign-extended.</summary>
    public static Constant Make(ScalarType type, long bits) => new(type, type.Kind switch
    {
        ScalarKind.Bool => bits & 1,
        ScalarKind.Int8 => (sbyte)bits,
        ScalarKind.Int16 or ScalarKind.Float16 => (short)bits,
        ScalarKind.Int32 or ScalarKind.Float32 => (int)bits,
        _ => bits,
    });

    private static Constant? Evaluate(Binary binary, Constant left, Constant right)
    {
        switch (binary.Type.Kind)
        {
            case ScalarKind.Float32:
                return Float(binary.Op, left.AsSingle, right.AsSingle) is float single ? Constant.Float32(single) : null;
            case ScalarKind.Float64:
                return Float(binary.Op, left.AsDouble, right.AsDouble) is double wide ? Constant.Float64(wide) : null;
            case ScalarKind.Int64:
                return Integer(binary.Op, binary.Unsigned, left.Bits, right.Bits) is long result ? Constant.Int64(result) : null;
            case ScalarKind.Int32:
                return Integer(binary.Op, binary.Unsigned, (int)left.Bits, (int)right.Bits) is int narrow ? Constant.Int32(narrow) : null;
            case ScalarKind.Bool:
                return binary.Op switch
                {
                    BinaryOp.And => Constant.Bool((left.Bits & right.Bits) != 0),
                    BinaryOp.Or => Constant.Bool((left.Bits | right.Bits) != 0),
                    BinaryOp.Xor => Constant.Bool((left.Bits ^ right.Bits) != 0),
                    _ => null,
                };
            default:
                return null;
        }
    }

    private static T? Float<T>(BinaryOp op, T a, T b)
        where T : struct, IBinaryFloatingPointIeee754<T> => op switch
        {
            BinaryOp.Add => a + b,
            BinaryOp.Subtract => a - b,
            BinaryOp.Multiply => a * b,
            BinaryOp.Divide => a / b,
            BinaryOp.Remainder => a % b,
            BinaryOp.Min => T.Min(a, b),
            BinaryOp.Max => T.Max(a, b),
            BinaryOp.CopySign => T.CopySign(a, b),
            _ => null,
        };

    private static int? Integer(BinaryOp op, bool unsigned, int a, int b) => op switch
    {
        BinaryOp.MultiplyHigh => unsigned ? (int)((ulong)(uint)a * (uint)b >> 32) : (int)((long)a * b >> 32),
        BinaryOp.Divide => b == 0 ? null : unsigned ? (int)((uint)a / (uint)b) : b == -1 ? unchecked(-a) : a / b,
        BinaryOp.Remainder => b == 0 ? null : unsigned ? (int)((uint)a % (uint)b) : b == -1 ? 0 : a % b,
        BinaryOp.ShiftLeft => a << b,
        BinaryOp.ShiftRight => unsigned ? (int)((uint)a >> b) : a >> b,
        BinaryOp.Min => unsigned ? (int)Math.Min((uint)a, (uint)b) : Math.Min(a, b),
        BinaryOp.Max => unsigned ? (int)Math.Max((uint)a, (uint)b) : Math.Max(a, b),
        _ => (int?)Common(op, a, b),
    };

    private static long? Integer(BinaryOp op, bool unsigned, long a, long b) => op switch
    {
        BinaryOp.MultiplyHigh => unsigned ? (long)Math.BigMul((ulong)a, (ulong)b, out _) : Math.BigMul(a, b, out _),
        BinaryOp.Divide => b == 0 ? null : unsigned ? (long)((ulong)a / (ulong)b) : b == -1 ? unchecked(-a) : a / b,
        BinaryOp.Remainder => b == 0 ? null : unsigned ? (long)((ulong)a % (ulong)b) : b == -1 ? 0 : a % b,
        BinaryOp.ShiftLeft => a << (int)b,
        BinaryOp.ShiftRight => unsigned ? (long)((ulong)a >> (int)b) : a >> (int)b,
        BinaryOp.Min => unsigned ? (long)Math.Min((ulong)a, (ulong)b) : Math.Min(a, b),
        BinaryOp.Max => unsigned ? (long)Math.Max((ulong)a, (ulong)b) : Math.Max(a, b),
        _ => Common(op, a, b),
    };

    private static long? Common(BinaryOp op, long a, long b) => op switch
    {
        BinaryOp.Add => a + b,
        BinaryOp.Subtract => a - b,
        BinaryOp.Multiply => a * b,
        BinaryOp.And => a & b,
        BinaryOp.Or => a | b,
        BinaryOp.Xor => a ^ b,
        _ => null,
    };

    private static Constant? Evaluate(UnaryOp op, Constant operand) => operand.Type.Kind switch
    {
        ScalarKind.Float32 => Float(op, operand.AsSingle, Constant.Float32),
        ScalarKind.Float64 => Float(op, operand.AsDouble, Constant.Float64),
        ScalarKind.Int32 => Integer(op, (int)operand.Bits, ScalarType.Int32),
        ScalarKind.Int64 => Integer(op, operand.Bits, ScalarType.Int64),
        ScalarKind.Bool when op == UnaryOp.Not => Constant.Bool(operand.Bits == 0),
        _ => null,
    };

    private static Constant? Float<T>(UnaryOp op, T a, Func<T, Constant> make)
        where T : struct, IBinaryFloatingPointIeee754<T> => op switch
        {
            UnaryOp.Negate => make(-a),
            UnaryOp.Abs => make(T.Abs(a)),
            UnaryOp.Sqrt => make(T.Sqrt(a)),
            UnaryOp.Floor => make(T.Floor(a)),
            UnaryOp.Ceiling => make(T.Ceiling(a)),
            UnaryOp.Truncate => make(T.Truncate(a)),
            UnaryOp.RoundEven => make(T.Round(a, MidpointRounding.ToEven)),
            UnaryOp.IsNaN => Constant.Bool(T.IsNaN(a)),
            UnaryOp.IsInfinity => Constant.Bool(T.IsInfinity(a)),
            UnaryOp.IsFinite => Constant.Bool(T.IsFinite(a)),
            _ => null, // approximations are the device's own
        };

    private static Constant? Integer<T>(UnaryOp op, T a, ScalarType type)
        where T : struct, IBinaryInteger<T>, IMinMaxValue<T>
    {
        switch (op)
        {
            case UnaryOp.Negate:
                return Make(type, long.CreateTruncating(T.Zero - a));
            case UnaryOp.Not:
                return Make(type, long.CreateTruncating(~a));
            case UnaryOp.Abs:
                return Make(type, long.CreateTruncating(T.IsNegative(a) ? T.Zero - a : a));
            case UnaryOp.PopCount:
                return Constant.Int32(int.CreateTruncating(T.PopCount(a)));
            case UnaryOp.LeadingZeros:
                return Constant.Int32(int.CreateTruncating(T.LeadingZeroCount(a)));
            case UnaryOp.TrailingZeros:
                return Constant.Int32(int.CreateTruncating(T.TrailingZeroCount(a)));
            case UnaryOp.ReverseBits:
                long reversed = 0, bits = long.CreateTruncating(a);
                for (int i = 0; i < type.Size * 8; i++)
                {
                    reversed = reversed << 1 | (bits >> i & 1);
                }
                return Make(type, reversed);
            default:
                return null;
        }
    }

    private static Constant? Fused(Constant a, Constant b, Constant c) => a.Type.Kind switch
    {
        ScalarKind.Float32 => Constant.Float32(MathF.FusedMultiplyAdd(a.AsSingle, b.AsSingle, c.AsSingle)),
        ScalarKind.Float64 => Constant.Float64(Math.FusedMultiplyAdd(a.AsDouble, b.AsDouble, c.AsDouble)),
        _ => null,
    };

    private static bool Holds(Compare compare, Constant left, Constant right)
    {
        if (left.Type.IsFloat)
        {
            (double a, double b) = left.Type.Kind == ScalarKind.Float32 ? (left.AsSingle, (double)right.AsSingle) : (left.AsDouble, right.AsDouble);
            return double.IsNaN(a) || double.IsNaN(b)
                ? compare.Op == CompareOp.NotEqual || (compare.Unordered && compare.Op != CompareOp.Equal)
                : Holds(compare.Op, a.CompareTo(b));
        }
        return Holds(compare.Op, compare.Unsigned ? ((ulong)left.Bits).CompareTo((ulong)right.Bits) : left.Bits.CompareTo(right.Bits));
    }

    private static bool Holds(CompareOp op, int order) => op switch
    {
        CompareOp.Equal => order == 0,
        CompareOp.NotEqual => order != 0,
        CompareOp.Less => order < 0,
        CompareOp.LessOrEqual => order <= 0,
        CompareOp.Greater => order > 0,
        _ => order >= 0,
    };

    private static Constant? Evaluate(Convert convert, Constant source)
    {
        ScalarType from = source.Type, to = convert.Type;
        if (from.IsFloat)
        {
            double number = from.Kind switch
            {
                ScalarKind.Float16 => (double)BitConverter.Int16BitsToHalf((short)source.Bits),
                ScalarKind.Float32 => source.AsSingle,
                _ => source.AsDouble,
            };
            return to.Kind switch
            {
                ScalarKind.Float16 => Make(to, BitConverter.HalfToInt16Bits(from.Kind == ScalarKind.Float64 ? (Half)number : (Half)(float)number)),
                ScalarKind.Float32 => Constant.Float32((float)number),
                ScalarKind.Float64 => Constant.Float64(number),
                ScalarKind.Int32 => Constant.Int32(convert.TargetUnsigned ? (int)uint.CreateSaturating(number) : int.CreateSaturating(number)),
                ScalarKind.Int64 => Constant.Int64(convert.TargetUnsigned ? (long)ulong.CreateSaturating(number) : long.CreateSaturating(number)),
                _ => null,
            };
        }
        long bits = source.Bits;
        if (convert.SourceUnsigned && from.Size < 8)
        {
            bits &= (1L << from.Size * 8) - 1;
        }
        bool unsigned = convert.SourceUnsigned;
        return to.Kind switch
        {
            ScalarKind.Float32 => Constant.Float32(unsigned ? (ulong)bits : bits),
            ScalarKind.Float64 => Constant.Float64(unsigned ? (ulong)bits : bits),
            _ when to.IsInteger => Make(to, bits),
            _ => null,
        };
    }
}
