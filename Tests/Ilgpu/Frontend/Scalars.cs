using System.Numerics;
using Managed.Ilgpu.Compiler.IR;
using Atomic = Managed.Ilgpu.Compiler.IR.Atomic;
using Convert = Managed.Ilgpu.Compiler.IR.Convert;

namespace Managed.Tests.Ilgpu.Frontend;

/// <summary>What each operation of the intermediate form gives, on bits (integers sign-extended to 64).</summary>
internal static class Scalars
{
    public static long Compute(Value value, long[] operands)
    {
        ScalarType type = value.Operands.Length > 0 ? value.Operands[0].Type : value.Type;
        return value switch
        {
            Binary { Op: BinaryOp.ShiftLeft or BinaryOp.ShiftRight } binary => Shift(binary, operands[0], (int)operands[1]),
            Binary binary => type.Kind switch
            {
                ScalarKind.Float32 => Bits(Float(binary.Op, Single(operands[0]), Single(operands[1]))),
                ScalarKind.Float64 => Bits(Float(binary.Op, Double(operands[0]), Double(operands[1]))),
                ScalarKind.Bool => Integer(binary, operands[0], operands[1]) & 1,
                ScalarKind.Int32 when binary.Unsigned => (int)(uint)Unsigned(binary.Op, (uint)operands[0], (uint)operands[1], 32),
                ScalarKind.Int64 when binary.Unsigned => (long)Unsigned(binary.Op, (ulong)operands[0], (ulong)operands[1], 64),
                ScalarKind.Int32 => (int)Integer(binary, operands[0], operands[1]),
                _ => Integer(binary, operands[0], operands[1]),
            },
            Unary unary => type.Kind switch
            {
                ScalarKind.Float32 => FloatUnary(unary.Op, Single(operands[0]), Bits),
                ScalarKind.Float64 => FloatUnary(unary.Op, Double(operands[0]), Bits),
                ScalarKind.Bool => operands[0] ^ 1,
                ScalarKind.Int32 => IntegerUnary(unary.Op, (int)operands[0]),
                _ => IntegerUnary(unary.Op, operands[0]),
            },
            FusedMultiplyAdd when type == ScalarType.Float32 => Bits(MathF.FusedMultiplyAdd(Single(operands[0]), Single(operands[1]), Single(operands[2]))),
            FusedMultiplyAdd => Bits(Math.FusedMultiplyAdd(Double(operands[0]), Double(operands[1]), Double(operands[2]))),
            Compare compare => Holds(compare, type, operands[0], operands[1]) ? 1 : 0,
            Select => operands[0] != 0 ? operands[1] : operands[2],
            Reinterpret or CastSpace => operands[0],
            Convert convert => Converted(convert, type, operands[0]),
            _ => throw new InvalidOperationException($"cannot run {value}"),
        };
    }

    /// <summary>What an atomic operation leaves in memory.</summary>
    public static long Combine(Atomic atomic, long old, long value, long comparand)
    {
        switch (atomic.Op)
        {
            case AtomicOp.Exchange:
                return value;
            case AtomicOp.CompareExchange:
                return old == comparand ? value : old;
        }
        BinaryOp op = Enum.Parse<BinaryOp>(atomic.Op.ToString());
        return Compute(new Binary(op, new Constant(atomic.Type, old), new Constant(atomic.Type, value), atomic.Unsigned), [old, value]);
    }

    private static float Single(long bits) => BitConverter.Int32BitsToSingle((int)bits);

    private static double Double(long bits) => BitConverter.Int64BitsToDouble(bits);

    private static long Bits(float value) => BitConverter.SingleToInt32Bits(value);

    private static long Bits(double value) => BitConverter.DoubleToInt64Bits(value);

    private static long Shift(Binary binary, long value, int amount) => (binary.Type.Size, binary.Op, binary.Unsigned) switch
    {
        (4, BinaryOp.ShiftLeft, _) => (int)value << amount,
        (4, _, true) => (int)((uint)value >> amount),
        (4, _, false) => (int)value >> amount,
        (_, BinaryOp.ShiftLeft, _) => value << amount,
        (_, _, true) => (long)((ulong)value >> amount),
        _ => value >> amount,
    };

    private static T Float<T>(BinaryOp op, T a, T b)
        where T : IBinaryFloatingPointIeee754<T> => op switch
        {
            BinaryOp.Add => a + b,
            BinaryOp.Subtract => a - b,
            BinaryOp.Multiply => a * b,
            BinaryOp.Divide => a / b,
            BinaryOp.Remainder => a % b,
            BinaryOp.Min => T.Min(a, b),
            BinaryOp.Max => T.Max(a, b),
            BinaryOp.CopySign => T.CopySign(a, b),
            _ => throw new InvalidOperationException($"{op} of floats"),
        };

    private static long Integer(Binary binary, long a, long b) => binary.Op switch
    {
        BinaryOp.Add => a + b,
        BinaryOp.Subtract => a - b,
        BinaryOp.Multiply => a * b,
        BinaryOp.MultiplyHigh => (long)((Int128)a * b >> binary.Type.Size * 8),
        BinaryOp.Divide => b == 0 ? 0 : (long)((Int128)a / b),
        BinaryOp.Remainder => b == 0 ? 0 : (long)((Int128)a % b),
        BinaryOp.And => a & b,
        BinaryOp.Or => a | b,
        BinaryOp.Xor => a ^ b,
        BinaryOp.Min => Math.Min(a, b),
        BinaryOp.Max => Math.Max(a, b),
        _ => throw new InvalidOperationException($"{binary.Op} of integers"),
    };

    private static ulong Unsigned(BinaryOp op, ulong a, ulong b, int width) => op switch
    {
        BinaryOp.MultiplyHigh => (ulong)((UInt128)a * b >> width),
        BinaryOp.Divide => b == 0 ? 0 : a / b,
        BinaryOp.Remainder => b == 0 ? 0 : a % b,
        BinaryOp.Min => Math.Min(a, b),
        BinaryOp.Max => Math.Max(a, b),
        BinaryOp.Add => a + b,
        BinaryOp.Subtract => a - b,
        BinaryOp.Multiply => a * b,
        BinaryOp.And => a & b,
        BinaryOp.Or => a | b,
        BinaryOp.Xor => a ^ b,
        _ => throw new InvalidOperationException($"unsigned {op}"),
    };

    private static long FloatUnary<T>(UnaryOp op, T a, Func<T, long> bits)
        where T : IBinaryFloatingPointIeee754<T> => op switch
        {
            UnaryOp.Negate => bits(-a),
            UnaryOp.Abs => bits(T.Abs(a)),
            UnaryOp.Sqrt => bits(T.Sqrt(a)),
            UnaryOp.Floor => bits(T.Floor(a)),
            UnaryOp.Ceiling => bits(T.Ceiling(a)),
            UnaryOp.Truncate => bits(T.Truncate(a)),
            UnaryOp.RoundEven => bits(T.Round(a)),
            UnaryOp.IsNaN => T.IsNaN(a) ? 1 : 0,
            UnaryOp.IsInfinity => T.IsInfinity(a) ? 1 : 0,
            UnaryOp.IsFinite => T.IsFinite(a) ? 1 : 0,
            UnaryOp.Exp2Approximate => bits(T.Exp2(a)),
            UnaryOp.Log2Approximate => bits(T.CreateChecked(Math.Log2(double.CreateChecked(a)))),
            UnaryOp.ReciprocalApproximate => bits(T.One / a),
            UnaryOp.ReciprocalSqrtApproximate => bits(T.One / T.Sqrt(a)),
            UnaryOp.TanhApproximate => bits(T.Tanh(a)),
            _ => throw new InvalidOperationException($"{op} of floats"),
        };

    private static long IntegerUnary<T>(UnaryOp op, T a)
        where T : IBinaryInteger<T>
    {
        int width = a.GetByteCount() * 8;
        return op switch
        {
            UnaryOp.Negate => long.CreateTruncating(T.Zero - a),
            UnaryOp.Not => long.CreateTruncating(~a),
            UnaryOp.Abs => long.CreateTruncating(a < T.Zero ? T.Zero - a : a),
            UnaryOp.PopCount => long.CreateTruncating(T.PopCount(a)),
            UnaryOp.LeadingZeros => long.CreateTruncating(T.LeadingZeroCount(a)),
            UnaryOp.TrailingZeros => long.CreateTruncating(T.TrailingZeroCount(a)),
            UnaryOp.ReverseBits => long.CreateTruncating(Enumerable.Range(0, width).Aggregate(T.Zero, (sum, i) => sum | (a >> i & T.One) << (width - 1 - i))),
            _ => throw new InvalidOperationException($"{op} of integers"),
        };
    }

    private static bool Holds(Compare compare, ScalarType type, long a, long b)
    {
        if (type.IsFloat)
        {
            (double x, double y) = type == ScalarType.Float32 ? (Single(a), (double)Single(b)) : (Double(a), Double(b));
            bool unordered = double.IsNaN(x) || double.IsNaN(y);
            return compare.Op switch
            {
                CompareOp.Equal => x == y,
                CompareOp.NotEqual => !(x == y),
                CompareOp.Less => x < y || (unordered && compare.Unordered),
                CompareOp.LessOrEqual => x <= y || (unordered && compare.Unordered),
                CompareOp.Greater => x > y || (unordered && compare.Unordered),
                _ => x >= y || (unordered && compare.Unordered),
            };
        }
        int order = compare.Unsigned ? ((ulong)a).CompareTo((ulong)b) : a.CompareTo(b);
        return compare.Op switch
        {
            CompareOp.Equal => order == 0,
            CompareOp.NotEqual => order != 0,
            CompareOp.Less => order < 0,
            CompareOp.LessOrEqual => order <= 0,
            CompareOp.Greater => order > 0,
            _ => order >= 0,
        };
    }

    private static long Converted(Convert convert, ScalarType from, long bits)
    {
        ScalarType to = convert.Type;
        if (from.IsFloat)
        {
            double value = from.Kind switch
            {
                ScalarKind.Float16 => (double)BitConverter.Int16BitsToHalf((short)bits),
                ScalarKind.Float32 => Single(bits),
                _ => Double(bits),
            };
            return (to.Kind, convert.TargetUnsigned) switch
            {
                (ScalarKind.Float16, _) => BitConverter.HalfToInt16Bits((Half)value),
                (ScalarKind.Float32, _) => Bits((float)value),
                (ScalarKind.Float64, _) => Bits(value),
                (ScalarKind.Int32, false) => (int)value,
                (ScalarKind.Int32, true) => (int)(uint)value,
                (ScalarKind.Int64, false) => (long)value,
                (ScalarKind.Int64, true) => (long)(ulong)value,
                _ => throw new InvalidOperationException($"cannot run {convert}"),
            };
        }
        Int128 number = from == ScalarType.Bool ? bits & 1 : !convert.SourceUnsigned ? bits : from.Size switch
        {
            1 => (byte)bits,
            2 => (ushort)bits,
            4 => (uint)bits,
            _ => (ulong)bits,
        };
        return to.Kind switch
        {
            ScalarKind.Float32 => Bits(number > long.MaxValue ? (float)(ulong)number : (long)number),
            ScalarKind.Float64 => Bits(number > long.MaxValue ? (double)(ulong)number : (long)number),
            ScalarKind.Int8 => (sbyte)number,
            ScalarKind.Int16 => (short)number,
            ScalarKind.Int32 => (int)number,
            _ => (long)number,
        };
    }
}
