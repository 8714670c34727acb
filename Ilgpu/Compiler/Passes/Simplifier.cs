using Managed.Ilgpu.Compiler.IR;
using Convert = Managed.Ilgpu.Compiler.IR.Convert;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>
/// Local rewriting: a value that equals something simpler becomes that. Every rule keeps C#'s result to the bit, floats' signed
/// zeros and NaNs included; nothing is contracted or reordered.
/// </summary>
internal static partial class Simplifier
{
    /// <summary>
    /// The simplest value equal to the given one: itself, one of its operands, a constant, or a new value that has not been
    /// placed yet. What a new value needs besides goes through `emit`, which places it and returns its simplest form.
    /// </summary>
    public static Value Simplify(Value value, Func<Value, Value> emit)
    {
        if (ConstantFolding.Evaluate(value) is { } constant)
        {
            return constant;
        }
        return value switch
        {
            Binary binary when binary.Type.IsInteger => Integer(binary, emit),
            Binary { Type.Kind: ScalarKind.Bool } binary => Predicate(binary, emit),
            Binary binary => Float(binary),
            Unary unary => Of(unary),
            Compare compare => Of(compare),
            Select select => Of(select, emit),
            Convert convert => Of(convert, emit),
            Reinterpret reinterpret => Of(reinterpret),
            PointerOffset offset => Of(offset),
            CastSpace cast when cast.Operands[0].Type == cast.Type => cast.Operands[0],
            _ => value,
        };
    }

    private static bool IsCommutative(BinaryOp op) =>
        op is BinaryOp.Add or BinaryOp.Multiply or BinaryOp.MultiplyHigh or BinaryOp.And or BinaryOp.Or or BinaryOp.Xor or BinaryOp.Min or BinaryOp.Max;

    private static Value Integer(Binary binary, Func<Value, Value> emit)
    {
        (Value left, Value right) = (binary.Operands[0], binary.Operands[1]);
        if (left is Constant && IsCommutative(binary.Op))
        {
            return Integer(new Binary(binary.Op, right, left, binary.Unsigned), emit);
        }
        if (left == right)
        {
            switch (binary.Op)
            {
                case BinaryOp.Subtract or BinaryOp.Xor:
                    return ConstantFolding.Make(binary.Type, 0);
                case BinaryOp.And or BinaryOp.Or or BinaryOp.Min or BinaryOp.Max:
                    return left;
            }
        }
        if (PredicateNumbers(binary, emit) is { } predicate)
        {
            return predicate;
        }
        if (binary.Op == BinaryOp.Add && left is Reinterpret { Operands: [{ Type.IsPointer: true } pointer] } && right is not Reinterpret)
        {
            // an address stays a pointer, which knows its space
            return new Reinterpret(emit(new PointerOffset(pointer, right, 1)), binary.Type);
        }
        if (right is not Constant constant)
        {
            return binary.Op == BinaryOp.Add ? ConstantsOutward(binary, emit) : binary;
        }
        long c = constant.Bits;
        switch (binary.Op)
        {
            case BinaryOp.Add or BinaryOp.Or or BinaryOp.Xor or BinaryOp.ShiftLeft or BinaryOp.ShiftRight when c == 0:
            case BinaryOp.Multiply or BinaryOp.Divide when c == 1:
            case BinaryOp.And when c == -1:
                return left;
            case BinaryOp.Multiply or BinaryOp.And when c == 0:
                return constant;
            case BinaryOp.Or when c == -1:
                return constant;
            case BinaryOp.Subtract:
                return Integer(new Binary(BinaryOp.Add, left, ConstantFolding.Make(binary.Type, -c)), emit);
            case BinaryOp.Divide when binary.Unsigned && PowerOfTwo(constant) is int shift:
                return new Binary(BinaryOp.ShiftRight, left, Constant.Int32(shift), unsigned: true);
            case BinaryOp.Remainder when binary.Unsigned && PowerOfTwo(constant) is not null:
                return Integer(new Binary(BinaryOp.And, left, ConstantFolding.Make(binary.Type, c - 1)), emit);
            case BinaryOp.Remainder when c is 1 or -1:
                return ConstantFolding.Make(binary.Type, 0);
            case BinaryOp.ShiftLeft:
                return Integer(new Binary(BinaryOp.Multiply, left, ConstantFolding.Make(binary.Type, 1L << (int)c)), emit);
            case BinaryOp.Add or BinaryOp.Multiply or BinaryOp.And or BinaryOp.Or or BinaryOp.Xor
                when left is Binary inner && inner.Op == binary.Op && inner.Operands[1] is Constant first:
                return Integer(new Binary(binary.Op, inner.Operands[0], ConstantFolding.Evaluate(new Binary(binary.Op, first, constant))!), emit);
            default:
                return binary;
        }
    }

    /// <summary>Sums with their constant last, where the address's displacement can take it.</summary>
    private static Value ConstantsOutward(Binary sum, Func<Value, Value> emit)
    {
        (Value left, Value right) = (sum.Operands[0], sum.Operands[1]);
        if (right is Binary { Op: BinaryOp.Add, Operands: [{ } rest, Constant last] })
        {
            return Integer(new Binary(BinaryOp.Add, emit(new Binary(BinaryOp.Add, left, rest)), last), emit);
        }
        if (left is Binary { Op: BinaryOp.Add, Operands: [{ } first, Constant middle] })
        {
            return Integer(new Binary(BinaryOp.Add, emit(new Binary(BinaryOp.Add, first, right)), middle), emit);
        }
        return sum;
    }

    private static int? PowerOfTwo(Constant constant)
    {
        ulong bits = constant.Type.Size == 4 ? (uint)constant.Bits : (ulong)constant.Bits;
        return ulong.IsPow2(bits) ? System.Numerics.BitOperations.TrailingZeroCount(bits) : null;
    }

    private static Value Float(Binary binary)
    {
        (Value left, Value right) = (binary.Operands[0], binary.Operands[1]);
        if (left is Constant first && binary.Op is BinaryOp.Multiply or BinaryOp.Add && right is not Constant)
        {
            return Float(new Binary(binary.Op, right, left));
        }
        if (right is not Constant constant)
        {
            return binary;
        }
        double c = constant.Type.Kind == ScalarKind.Float32 ? constant.AsSingle : constant.AsDouble;
        switch (binary.Op)
        {
            case BinaryOp.Multiply or BinaryOp.Divide when c == 1:
                return left;
            case BinaryOp.Add when c == 0 && double.IsNegative(c):
            case BinaryOp.Subtract when c == 0 && !double.IsNegative(c):
                return left;
            case BinaryOp.Divide when constant.Type.Kind == ScalarKind.Float32 && IsExactReciprocal(constant.AsSingle):
                // dividing by a power of two and multiplying by its inverse round the same number
                return new Binary(BinaryOp.Multiply, left, Constant.Float32(1f / constant.AsSingle));
            default:
                return binary;
        }
    }

    private static bool IsExactReciprocal(float value)
    {
        int bits = BitConverter.SingleToInt32Bits(value), exponent = bits >> 23 & 255;
        return (bits & 0x7fffff) == 0 && exponent is > 1 and < 253;
    }

    private static Value Of(Unary unary)
    {
        Value operand = unary.Operands[0];
        return (unary.Op, operand) switch
        {
            (UnaryOp.Negate, Unary { Op: UnaryOp.Negate } inner) => inner.Operands[0],
            (UnaryOp.Not, Unary { Op: UnaryOp.Not } inner) => inner.Operands[0],
            (UnaryOp.Abs, Unary { Op: UnaryOp.Abs }) => operand,
            (UnaryOp.Abs, Unary { Op: UnaryOp.Negate } inner) => new Unary(UnaryOp.Abs, inner.Operands[0]),
            (UnaryOp.Not, Compare compare) => Inverse(compare),
            _ => unary,
        };
    }

    /// <summary>The comparison that holds exactly where this one does not.</summary>
    public static Compare Inverse(Compare compare)
    {
        CompareOp op = compare.Op switch
        {
            CompareOp.Equal => CompareOp.NotEqual,
            CompareOp.NotEqual => CompareOp.Equal,
            CompareOp.Less => CompareOp.GreaterOrEqual,
            CompareOp.LessOrEqual => CompareOp.Greater,
            CompareOp.Greater => CompareOp.LessOrEqual,
            _ => CompareOp.Less,
        };
        bool ordersFloats = compare.Operands[0].Type.IsFloat && op is not (CompareOp.Equal or CompareOp.NotEqual);
        return new Compare(op, compare.Operands[0], compare.Operands[1], compare.Unsigned, ordersFloats && !compare.Unordered);
    }
}
